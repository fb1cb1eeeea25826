#include "data/batches.h"

#include "data/masking.h"
#include "data/windows.h"

namespace ablate::data {
namespace {

bool is_packed(const Corpus& corpus, const ObjectiveConfig& objective) {
  return corpus.content() == Content::text && layout_table().at(objective.layout) == Layout::packed;
}

/// Rows of an objective that hides tokens of what it is given.
std::unique_ptr<Batches> hidden(std::unique_ptr<Batches> rows, const Corpus& corpus, const ObjectiveConfig& objective,
                                std::uint64_t seed) {
  if (objective.kind != "masked_lm") return rows;
  return std::make_unique<MaskedBatches>(std::move(rows), objective, masking_vocabulary(corpus.target_tokenizer()),
                                         seed);
}

}  // namespace

std::unique_ptr<Batches> training_batches(const Corpus& corpus, const std::string& split,
                                          const ObjectiveConfig& objective, const BatchConfig& config,
                                          std::int64_t longest, std::uint64_t seed) {
  if (is_packed(corpus, objective)) {
    return hidden(std::make_unique<TrainingWindows>(TokenStream(corpus, split, objective.document_end), config, longest,
                                                    windows_table().at(objective.windows), seed),
                  corpus, objective, seed);
  }
  return hidden(std::make_unique<BatchPlan>(BatchPlan::training(corpus, split, config, {longest, longest}, seed)),
                corpus, objective, seed);
}

std::unique_ptr<Batches> evaluation_batches(const Corpus& corpus, const std::string& split,
                                            const ObjectiveConfig& objective, const BatchConfig& config,
                                            EvaluationReach reach) {
  if (is_packed(corpus, objective)) {
    return hidden(std::make_unique<EvaluationWindows>(TokenStream(corpus, split, objective.document_end), config,
                                                      reach.longest, reach.stride),
                  corpus, objective, 0);
  }
  return hidden(std::make_unique<BatchPlan>(
                    BatchPlan::evaluation(corpus, split, config, {reach.longest, reach.longest}, reach.range)),
                corpus, objective, 0);
}

}  // namespace ablate::data
