#include "data/batches.h"

#include "data/windows.h"

namespace ablate::data {
namespace {

bool is_packed(const Corpus& corpus, const ObjectiveConfig& objective) {
  return corpus.content() == Content::text && layout_table().at(objective.layout) == Layout::packed;
}

}  // namespace

std::unique_ptr<Batches> training_batches(const Corpus& corpus, const std::string& split,
                                          const ObjectiveConfig& objective, const BatchConfig& config,
                                          std::int64_t longest, std::uint64_t seed) {
  if (is_packed(corpus, objective)) {
    return std::make_unique<TrainingWindows>(TokenStream(corpus, split, objective.document_end), config, longest,
                                             windows_table().at(objective.windows), seed);
  }
  return std::make_unique<BatchPlan>(BatchPlan::training(corpus, split, config, {longest, longest}, seed));
}

std::unique_ptr<Batches> evaluation_batches(const Corpus& corpus, const std::string& split,
                                            const ObjectiveConfig& objective, const BatchConfig& config,
                                            EvaluationReach reach) {
  if (is_packed(corpus, objective)) {
    return std::make_unique<EvaluationWindows>(TokenStream(corpus, split, objective.document_end), config,
                                               reach.longest, reach.stride);
  }
  return std::make_unique<BatchPlan>(
      BatchPlan::evaluation(corpus, split, config, {reach.longest, reach.longest}, reach.range));
}

}  // namespace ablate::data
