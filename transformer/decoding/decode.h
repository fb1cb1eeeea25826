#pragma once
// From source sentences to target hypotheses with a trained Transformer: greedy, beam search, sampling.
// Tokens in, tokens out; text and tokenizers are the caller's.
#include "transformer/decoding/config.h"
#include "transformer/model/transformer.h"

namespace ablate {

/// Ids that stand for no word: <s>, </s> and padding. Neither padding nor <s> is ever produced, unless the sign that
/// ends a target also begins it, as BART's does.
struct TargetSymbols {
  std::int64_t bos, eos, pad;
  /// Number of pieces that a tokenizer can write: ids from here on, with which published models fill their matrices up,
  /// are not produced either; null: all ids are pieces.
  std::optional<std::int64_t> pieces = std::nullopt;
};

struct Hypothesis {
  std::vector<std::int64_t> tokens;  ///< without <s> and </s>
  double log_probability = 0;        ///< nats: the sum over all tokens, </s> included, of the model's log P
  double score = 0;                  ///< what hypotheses are ranked by: higher is better
  bool finished = false;             ///< false: cut at the length limit, without </s>
};

/// For every sentence its hypotheses, best first.
using Hypotheses = std::vector<std::vector<Hypothesis>>;

/// Keys and values of earlier steps are kept; or not, and every step runs the whole prefix again: the oracle
/// of tests.
enum class Caching { on, off };

/// source (B, S) int64, </s> included, padded on the right -> hypotheses of the B sentences, on the model's
/// device.
///
/// `greedy`    the likeliest token at every step. One hypothesis; score = log P.
/// `beam`      see beam.cpp for the search to the letter. min(n_best, found) distinct hypotheses, finished
///             ones before cut ones; score = log P / length penalty.
/// `sampling`  n_best independent draws, repetitions kept, the likeliest first; score = log P (of the model
///             as it is: temperature, top_k and top_p decide what is drawn, not what it counts).
///
/// No target has more than config.longest_target() tokens, </s> included. Equal scores: the smaller token id
/// wins, then the better predecessor. Sampling depends on (seed, number of the sentence, number of the
/// sample) alone, not on what else is in the batch; `sentences` holds those numbers, 0 … B - 1 if it is
/// empty.
///
/// The model decodes in evaluation mode and without gradients; its mode is restored. Errors:
/// std::invalid_argument for a source longer than the model reads, a source without tokens or symbols that
/// make no sense; RunError for scores that are not numbers.
Hypotheses decode(Transformer& model, const Tensor& source, const TargetSymbols& symbols, const DecodingConfig& config,
                  std::uint64_t seed, const std::vector<std::uint64_t>& sentences = {}, Caching caching = Caching::on);

}  // namespace ablate
