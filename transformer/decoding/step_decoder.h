#pragma once
// The decoder one position at a time, over rows (hypotheses) that come, go and change places, each with its
// own source sentence. What to do with the probabilities is the business of the searches.
#include "transformer/decoding/decode.h"
#include "transformer/kernels/packed_product.h"
#include "transformer/kernels/top_words.h"

#include <limits>
#include <span>

namespace ablate {

/// The log-probability of what must not be produced.
inline constexpr double minus_infinity = -std::numeric_limits<double>::infinity();

/// The best tokens of every row, best first; equal ones by ascending id, whatever the device's own sorting
/// does.
class BestTokens {
 public:
  /// log_probabilities (rows, V) -> the min(k, V) best of every row, those of -inf left out. Throws RunError
  /// on NaN.
  BestTokens(const Tensor& log_probabilities, std::int64_t k);
  /// Rows that are sorted already. Throws RunError on NaN.
  explicit BestTokens(const std::vector<std::vector<Candidate>>& rows);
  std::int64_t rows() const { return static_cast<std::int64_t>(begin_.size()) - 1; }
  std::span<const Candidate> row(std::int64_t row) const {
    return {candidates_.data() + begin_[static_cast<std::size_t>(row)],
            candidates_.data() + begin_[static_cast<std::size_t>(row) + 1]};
  }

 private:
  std::vector<Candidate> candidates_;
  std::vector<std::size_t> begin_;
};

/// Whether a cache with a RowHistory, whose steps move no keys, can be used: there is a kernel for it.
bool steps_are_fast(const Transformer& model);

class StepDecoder {
 public:
  /// Encodes the source: one row per sentence, nothing read yet.
  StepDecoder(Transformer& model, const Tensor& source, const TargetSymbols& symbols, std::int64_t min_length,
              Caching caching);

  std::int64_t rows() const { return static_cast<std::int64_t>(sentence_of_row_.size()); }

  /// Row i becomes a copy of the former row parents[i]; a row that is nobody's parent is gone.
  void select(const std::vector<std::int64_t>& parents);

  /// Every row reads its next token (the first is <s>) -> log P(next token) (rows, V) float, natural
  /// logarithm. -inf where a token must not be produced: <s>, padding, what is no piece, and </s> before
  /// min_length other tokens. The rest is not scaled up for it.
  Tensor read(const std::vector<std::int64_t>& tokens);

  /// Every row reads its next token -> the k best of read()'s log P, without computing all of them where there is a
  /// kernel for that.
  BestTokens read_best(const std::vector<std::int64_t>& tokens, std::int64_t k);

 private:
  Tensor on_device(const std::vector<std::int64_t>& values) const;
  Tensor last_hidden(const std::vector<std::int64_t>& tokens);
  Tensor log_probabilities(const Tensor& hidden, const std::vector<std::int64_t>& never) const;
  /// What may not be produced at the step that is read now.
  const std::vector<std::int64_t>& never_now() const { return steps_ > min_length_ ? never_ : never_yet_; }

  Transformer& model_;
  KeepPackedWeights packed_weights_;
  Caching caching_;
  Memory memory_;
  DecoderCache cache_;
  Tensor prefix_;  ///< (rows, steps), without a cache only
  std::vector<std::int64_t> sentence_of_row_;
  std::int64_t steps_ = 0, min_length_;
  std::vector<std::int64_t> never_, never_yet_;  ///< ids that may not be produced: at any step, before min_length
  Tensor output_weight_;                         ///< (V, D): computed anew at each call where vectors are normalised
};

/// Throws the RunError of a model whose probabilities are NaN.
[[noreturn]] void throw_not_numbers();

}  // namespace ablate
