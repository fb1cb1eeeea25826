#include "data/corrupted_batches.h"

#include <algorithm>

#include "data/objective_symbols.h"

namespace ablate::data {

CorruptedBatches::CorruptedBatches(std::unique_ptr<Batches> inner, Corruption corruption, BatchSymbols symbols,
                                   std::int64_t first, std::uint64_t seed)
    : ChangedBatches(std::move(inner), seed, 0x636f7272),
      corruption_(std::move(corruption)),
      symbols_(symbols),
      first_(first) {
  symbols_.has_source = true;
}

Batch CorruptedBatches::batch(std::int64_t epoch, std::int64_t i) {
  const Batch whole = read(epoch, i);
  const Tensor row_lengths = lengths(whole);
  const auto* length = row_lengths.const_data_ptr<std::int64_t>();
  const auto* tokens = whole.target_input.const_data_ptr<std::int64_t>();
  std::vector<CorruptedRow> rows;
  for (std::int64_t row = 0; row < whole.target_input.size(0); ++row) {
    std::vector<std::int32_t> ids;
    for (std::int64_t t = first_; t < length[row]; ++t) ids.push_back(static_cast<std::int32_t>(tokens[t]));
    SplitMix64 random = numbers_of(whole, row, epoch);
    rows.push_back(corruption_(ids, random));
    tokens += whole.target_input.size(1);
  }
  std::vector<Example> examples;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    examples.push_back({.source = rows[row].source, .target = rows[row].target, .index = whole.index[row]});
  }
  return collate(examples, symbols_);
}

CorruptedText corrupted_text(const Tokenizer& tokenizer, const ObjectiveConfig& objective,
                             std::span<const std::int32_t> document, std::int64_t most) {
  const auto tokens = document.first(std::min(document.size(), static_cast<std::size_t>(most)));
  SplitMix64 random(0);
  const CorruptedRow row = make_corruption(tokenizer, objective, most)(tokens, random);
  const Marks marks = marks_of(tokenizer, objective);
  return {decode_marked(tokenizer, marks, row.source), decode_marked(tokenizer, marks, row.target)};
}

}  // namespace ablate::data
