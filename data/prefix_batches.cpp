#include "data/prefix_batches.h"

#include <algorithm>

namespace ablate::data {

PrefixBatches::PrefixBatches(std::unique_ptr<Batches> inner, std::uint64_t seed)
    : ChangedBatches(std::move(inner), seed, 0x70726566) {}

Batch PrefixBatches::batch(std::int64_t epoch, std::int64_t i) {
  Batch batch = read(epoch, i);
  const Tensor row_lengths = lengths(batch);
  const auto* length = row_lengths.const_data_ptr<std::int64_t>();
  batch.target_output = batch.target_output.clone();
  batch.prefix = at::ones({batch.target_output.size(0)}, at::kLong);
  auto* said = batch.target_output.mutable_data_ptr<std::int64_t>();
  auto* prefix = batch.prefix.mutable_data_ptr<std::int64_t>();
  batch.target_tokens = 0;
  for (std::int64_t row = 0; row < batch.target_output.size(0); ++row) {
    SplitMix64 random = numbers_of(batch, row, epoch);
    // A row in which nothing is said has no prefix to choose.
    if (length[row] > 0) prefix[row] = random.between<std::int64_t>(1, length[row]);
    // The last token of the prefix says the first one behind it.
    const std::int64_t known = std::min(prefix[row] - 1, length[row]);
    std::fill_n(said, known, no_target);
    batch.target_tokens += length[row] - known;
    said += batch.target_output.size(1);
  }
  return batch;
}

}  // namespace ablate::data
