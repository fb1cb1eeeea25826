#pragma once
// What training and evaluation read: a split as a sequence of batches, whatever it is made of. One class for pairs and
// documents (batching.h), one for running text (windows.h), and around these those of objectives that change their rows
// (masking.h, prefix_batches.h, corrupted_batches.h).
#include <memory>
#include <string>

#include "data/batching.h"
#include "data/objective.h"

namespace ablate::data {

/// Batches to learn from. `longest`: the most tokens of a side, </s> or <s> included; packed text is cut into windows
/// of that length, or of tokens_of_row() where the objective makes two sides of them. The corpus must outlive them.
/// UserError if not a single row is left.
std::unique_ptr<Batches> training_batches(const Corpus& corpus, const std::string& split,
                                          const ObjectiveConfig& objective, const BatchConfig& config,
                                          std::int64_t longest, std::uint64_t seed);

/// What an evaluation reads of a split.
struct EvaluationReach {
  std::int64_t longest;  ///< as in training_batches()
  std::int64_t stride;   ///< packed text: tokens from the beginning of a window to that of the next
  LengthRange range{};   ///< pairs and documents of this length
};

/// Everything in the split once, in an order that is always the same.
std::unique_ptr<Batches> evaluation_batches(const Corpus& corpus, const std::string& split,
                                            const ObjectiveConfig& objective, const BatchConfig& config,
                                            EvaluationReach reach);

}  // namespace ablate::data
