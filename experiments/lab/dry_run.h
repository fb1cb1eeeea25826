#pragma once
// `ablate run --dry-run`: what would be trained, how large it is, what is already there.
#include "experiments/lab/runner.h"

#include <iosfwd>

namespace ablate::lab {

/// Bytes, an estimate: weights, gradients and the optimizer's memory in 32 bits, and the activations of one batch of
/// sentences of 32 tokens.
double estimated_training_memory(const RunConfig& config, const VocabularyInfo& vocabulary, at::Device device);

void print_dry_run(std::ostream& out, const std::string& title, const std::vector<PreparedRow>& rows,
                   const std::vector<std::int64_t>& seeds, const RunOptions& options);

}  // namespace ablate::lab
