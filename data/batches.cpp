#include "data/batches.h"

#include <algorithm>

#include "data/corrupted_batches.h"
#include "data/masking.h"
#include "data/prefix_batches.h"
#include "data/windows.h"

namespace ablate::data {
namespace {

bool is_packed(const Corpus& corpus, const ObjectiveConfig& objective) {
  return corpus.content() == Content::text && layout_table().at(objective.layout) == Layout::packed;
}

/// Rows of `length` tokens as the objective has them, of those that a causal model reads.
std::unique_ptr<Batches> as_learnt(std::unique_ptr<Batches> rows, const Corpus& corpus,
                                   const ObjectiveConfig& objective, std::int64_t length, std::uint64_t seed) {
  const Tokenizer& tokenizer = corpus.target_tokenizer();
  // Documents come with the <s> that a causal model begins with.
  const std::int64_t first = is_packed(corpus, objective) ? 0 : 1;
  switch (objective.traits().change) {
    case RowChange::none:
      break;
    case RowChange::prefix:
      return std::make_unique<PrefixBatches>(std::move(rows), seed);
    case RowChange::masked:
      return std::make_unique<MaskedBatches>(std::move(rows), objective, masking_vocabulary(tokenizer), seed);
    case RowChange::corrupted:
      return std::make_unique<CorruptedBatches>(std::move(rows), make_corruption(tokenizer, objective, length),
                                                batch_symbols(corpus), first, seed);
  }
  return rows;
}

/// So that windows of `length` tokens, whose sides have up to `longest`, are as many in a batch as fit by their sides.
BatchConfig of_windows(const BatchConfig& config, std::int64_t length, std::int64_t longest) {
  const std::int64_t fit = std::max<std::int64_t>(1, config.tokens / longest);
  BatchConfig counted = config;
  counted.sentences = std::min(fit, config.sentences.value_or(fit));
  counted.tokens = *counted.sentences * length;
  return counted;
}

/// Limits of documents, <s> or </s> included.
LengthLimits limits_of(const ObjectiveConfig& objective, std::int64_t length, std::int64_t longest) {
  return corrupts(objective) ? LengthLimits{length + 1, length + 1} : LengthLimits{longest, longest};
}

}  // namespace

std::unique_ptr<Batches> training_batches(const Corpus& corpus, const std::string& split,
                                          const ObjectiveConfig& objective, const BatchConfig& config,
                                          std::int64_t longest, std::uint64_t seed) {
  const std::int64_t length = tokens_of_row(objective, longest);
  std::unique_ptr<Batches> rows;
  if (is_packed(corpus, objective)) {
    rows = std::make_unique<TrainingWindows>(TokenStream(corpus, split, objective.document_end),
                                             of_windows(config, length, longest), length,
                                             windows_table().at(objective.windows), seed);
  } else {
    rows = std::make_unique<BatchPlan>(
        BatchPlan::training(corpus, split, config, limits_of(objective, length, longest), seed));
  }
  return as_learnt(std::move(rows), corpus, objective, length, seed);
}

std::unique_ptr<Batches> evaluation_batches(const Corpus& corpus, const std::string& split,
                                            const ObjectiveConfig& objective, const BatchConfig& config,
                                            EvaluationReach reach) {
  const std::int64_t length = tokens_of_row(objective, reach.longest);
  std::unique_ptr<Batches> rows;
  if (is_packed(corpus, objective)) {
    // Rows that are changed do not overlap: what was said of one is not to be read in the next.
    const std::int64_t stride = corrupts(objective) ? length : reach.stride;
    rows = std::make_unique<EvaluationWindows>(TokenStream(corpus, split, objective.document_end),
                                               of_windows(config, length, reach.longest), length, stride);
  } else {
    rows = std::make_unique<BatchPlan>(
        BatchPlan::evaluation(corpus, split, config, limits_of(objective, length, reach.longest), reach.range));
  }
  return as_learnt(std::move(rows), corpus, objective, length, 0);
}

}  // namespace ablate::data
