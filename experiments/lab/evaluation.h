#pragma once
// After training: the chosen weights, their loss on every split, their outputs and the scores of these.
#include "experiments/lab/runner.h"
#include "experiments/metrics/corpus.h"

namespace ablate::lab {

/// Files of the weights that `evaluation.checkpoint` chooses, one or those to be averaged, from a result.json.
std::vector<std::filesystem::path> chosen_checkpoints(const EvaluationConfig& config, const Json& result,
                                                      const std::filesystem::path& folder);

/// What the dev loss that training chooses by is measured on: windows of text as they are trained on, which do not
/// overlap; pairs as long as those that are trained on.
data::EvaluationReach dev_reach(const RunConfig& config);

/// What figures are measured on: text in windows as `evaluation` says, pairs up to the model's length.
data::EvaluationReach evaluation_reach(const RunConfig& config);

/// The token that a text begins with as a model of text was trained: <s> of a document, </s> between packed ones, none
/// where nothing tells them apart.
std::optional<std::int64_t> text_start(const RunConfig& config, const data::Specials& specials);

/// What the model says of each text of a batch: the name of the likeliest class, or a number.
std::vector<std::string> said_labels(Transformer& model, const Batch& batch, const data::Tokenizer& labels);

/// Text of a model as one line of a file: characters and bytes may hold line breaks, and bytes may be no UTF-8.
std::string as_line(std::string_view text);

/// The references of a split, and the lines of a file of outputs.
metrics::Lines target_lines(const data::Split& split);
metrics::Lines read_lines(const std::filesystem::path& file);

/// The weights in one of these files, or the mean of those in several. `into`: as in read_tensors(), of one file.
NamedTensors stored_weights(const std::vector<std::filesystem::path>& checkpoints, const NamedTensors& into = {});

/// A model of a run with these weights.
std::shared_ptr<Transformer> load_model(const ModelConfig& config, const VocabularyInfo& vocabulary,
                                        const std::vector<std::filesystem::path>& checkpoints, at::Device device);

/// Fills in `result["decodings"]` what is missing and saves after every split.
void evaluate_run(const PreparedRow& row, std::int64_t seed, const RunFolder& folder, const RunOptions& options,
                  Progress& progress, Json& result);

/// True if nothing that the row asks for is missing in `result`.
bool is_evaluated(const PreparedRow& row, const Json& result);

}  // namespace ablate::lab
