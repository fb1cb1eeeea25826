#pragma once
// Rows of running text as pairs of what is left of them and what is to be said: see corruption.h.
#include "data/changed_batches.h"
#include "data/corruption.h"

namespace ablate::data {

/// The rows of `inner`, as a causal model would read them but for their first `first` tokens, corrupted: source and
/// target as collate() makes them of a pair.
class CorruptedBatches final : public ChangedBatches {
 public:
  CorruptedBatches(std::unique_ptr<Batches> inner, Corruption corruption, BatchSymbols symbols, std::int64_t first,
                   std::uint64_t seed);
  Batch batch(std::int64_t epoch, std::int64_t i) override;

 private:
  Corruption corruption_;
  BatchSymbols symbols_;
  std::int64_t first_;
};

/// A document as an evaluation reads it, but for its own numbers: the two sides in words, with marks. At most `most`
/// tokens of it.
struct CorruptedText {
  std::string source, target;
};
CorruptedText corrupted_text(const Tokenizer& tokenizer, const ObjectiveConfig& objective,
                             std::span<const std::int32_t> document, std::int64_t most);

}  // namespace ablate::data
