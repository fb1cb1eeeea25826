#pragma once
// Pairs, or documents, of similar length into batches, in an order that (seed, epoch) decides alone: a run that goes on
// in the middle of an epoch needs to know nothing but the number of the batch.
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "data/corpus.h"
#include "transformer/config/fields.h"
#include "transformer/core/batch.h"
#include "transformer/core/random.h"

namespace ablate::data {

/// A split as a sequence of batches.
class Batches {
 public:
  virtual ~Batches() = default;
  virtual std::int64_t size() const = 0;  ///< batches an epoch
  /// The i-th batch of an epoch. Evaluation has but epoch 0.
  virtual Batch batch(std::int64_t epoch, std::int64_t i) = 0;
  virtual std::int64_t used() const = 0;              ///< rows of an epoch
  virtual std::int64_t skipped() const { return 0; }  ///< training: rows beyond the limits, left out
  virtual std::int64_t cut() const { return 0; }      ///< rows beyond the limits, cut: in evaluation, and documents
  virtual double padding_share() const { return 0; }  ///< padding / (padding + tokens) of an epoch
  virtual std::string unit() const = 0;               ///< what a row is, in the plural: "sentences"
};

struct BatchConfig {
  std::int64_t tokens = 4096;
  std::optional<std::int64_t> sentences = std::nullopt;
  std::int64_t multiple = 8;

  void describe(config::Fields& f);
};

/// Ids that collate() adds to the tokens of a pair.
struct BatchSymbols {
  std::int64_t source_pad;
  std::int64_t source_eos;
  std::int64_t target_pad;
  std::int64_t target_bos;
  std::int64_t target_eos;
  bool has_source = true;        ///< false: as documents are; collate() alone asks
  std::int64_t source_bos = -1;  ///< of texts that an encoder reads alone
};
BatchSymbols batch_symbols(const Corpus& corpus);

/// One row of a batch: ids without bos and eos.
struct Example {
  std::span<const std::int32_t> source;
  std::span<const std::int32_t> target;
  std::int64_t index = 0;  ///< becomes Batch::index
  bool goes_on = false;    ///< the target is the beginning of a longer document: no </s> follows it
};

/// source = ids </s>, target_input = <s> ids, target_output = ids </s>, padded on the right to the longest
/// row. Lengths count the added symbol. An empty target (translation) gives the row <s> / </s>. Without a source (text)
/// that of the batch is undefined. Throws std::invalid_argument if there are no examples.
Batch collate(std::span<const Example> examples, const BatchSymbols& symbols);

/// The longest sequences that a model takes, </s> (or <s>) included.
struct LengthLimits {
  std::int64_t source;
  std::int64_t target;
};

/// Pairs by their length: that of the longer side, </s> included.
struct LengthRange {
  std::int64_t shortest = 1;
  std::int64_t longest = std::numeric_limits<std::int64_t>::max();
  bool holds(const Split& split, std::int64_t pair) const;
};

/// How a split becomes batches. The corpus must outlive the plan.
///
/// Sentences are shuffled by (seed, epoch), then sorted by (source length, target length), equal ones staying
/// shuffled, and cut greedily into batches of as many as keep sentences × longest <= `tokens` on each side,
/// less the remainder by `multiple`; then the batches are shuffled. A single sentence longer than `tokens` is
/// a batch of its own: LengthLimits bound it. The sorted lengths are the same in every epoch, and so are
/// number and shapes of batches.
class BatchPlan final : public Batches {
 public:
  /// For training: sentences beyond the limits are left out, documents and labelled texts are cut.
  static BatchPlan training(const Corpus& corpus, const std::string& split, const BatchConfig& config,
                            LengthLimits limits, std::uint64_t seed);
  /// For evaluation: every sentence of the range once, in an order that is always the same; sentences beyond the limits
  /// are cut.
  static BatchPlan evaluation(const Corpus& corpus, const std::string& split, const BatchConfig& config,
                              LengthLimits limits, LengthRange range = {});

  std::int64_t size() const override { return static_cast<std::int64_t>(starts_.size()) - 1; }
  /// A new epoch is arranged in O(N log N) and kept.
  Batch batch(std::int64_t epoch, std::int64_t i) override;
  /// The sentences of that batch, as numbers of pairs in the split.
  std::vector<std::int64_t> sentences(std::int64_t epoch, std::int64_t i);

  std::int64_t used() const override { return static_cast<std::int64_t>(kept_.size()); }
  std::int64_t skipped() const override { return skipped_; }
  std::int64_t cut() const override { return cut_; }
  std::int64_t target_tokens() const { return target_tokens_; }  ///< an epoch's target tokens, </s> included
  double padding_share() const override;                         ///< both sides together
  std::string unit() const override;

 private:
  enum class Purpose { training, evaluation };
  struct Sentence {
    std::uint32_t index;   ///< in the split
    std::uint32_t source;  ///< length with </s> (and <s> of a labelled text), cut to the limit
    std::uint32_t target;
  };

  BatchPlan(const Corpus& corpus, const std::string& split, const BatchConfig& config, LengthLimits limits,
            LengthRange range, Purpose purpose, std::uint64_t seed);
  void collect(LengthLimits limits, LengthRange range);
  Batch labelled_batch(std::span<const Sentence> rows) const;
  void sort_sentences(SplitMix64& random);
  void divide(const BatchConfig& config);
  std::size_t end_of_batch(std::size_t begin, const BatchConfig& config);
  void arrange(std::int64_t epoch);
  std::span<const Sentence> rows(std::int64_t epoch, std::int64_t i);

  bool has_labels() const { return is_labelled(content_); }
  bool is_text() const { return content_ == Content::text; }

  const Split* split_;
  Content content_;
  BatchSymbols symbols_;
  Purpose purpose_;
  std::uint64_t seed_;
  std::vector<Sentence> kept_;       ///< in the order of the split
  std::vector<Sentence> sorted_;     ///< in the order of lengths, as epoch_ has it
  std::vector<std::size_t> starts_;  ///< batch b is sorted_[starts_[b]] … sorted_[starts_[b + 1] - 1]
  std::vector<std::size_t> order_;   ///< the i-th batch of epoch_ is batch order_[i]
  std::int64_t epoch_ = -1;          ///< none yet
  std::int64_t skipped_ = 0;
  std::int64_t cut_ = 0;
  std::int64_t source_tokens_ = 0;
  std::int64_t target_tokens_ = 0;
  std::int64_t cells_ = 0;  ///< tokens and padding, both sides
};

}  // namespace ablate::data
