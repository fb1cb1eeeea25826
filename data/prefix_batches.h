#pragma once
// The prefix language model (Raffel et al. 2020, section 3.2.1; Dong et al. 2019, section 2): of a row of n tokens that
// a causal model reads the first P are seen from all of them, P drawn from 1 … n, each as likely. Said are the tokens
// behind these P; with P = 1 the row is that of a causal model.
#include "data/changed_batches.h"

namespace ablate::data {

/// The rows of `inner` with a prefix each: Batch::prefix (B), and no_target for what the prefix holds.
class PrefixBatches final : public ChangedBatches {
 public:
  PrefixBatches(std::unique_ptr<Batches> inner, std::uint64_t seed);
  Batch batch(std::int64_t epoch, std::int64_t i) override;
};

}  // namespace ablate::data
