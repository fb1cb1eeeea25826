#pragma once
// What one row of an experiment is made of: the sections `model`, `data`, `objective`, `training`, `decoding`,
// `evaluation`.
#include "data/batches.h"
#include "data/config.h"
#include "experiments/lab/comparison.h"
#include "experiments/lab/objective_facts.h"
#include "transformer/decoding/config.h"
#include "transformer/model/config.h"
#include "transformer/training/config.h"

namespace ablate::lab {

/// What the seed of a run decides. Where one is off, that is the same in the runs of all seeds.
struct VaryConfig {
  bool initialization = true, data_order = true, dropout = true;
  void describe(config::Fields& f);
};

/// `training.initialize_from`: another run, with parameters of which training begins. What is taken, left and renamed
/// are beginnings of parameters' names, whole ones between dots: "encoder", "encoder.layers.0", "head.output.weight".
struct InitializeFromConfig {
  std::optional<std::string> run;
  std::string checkpoint = "best";
  std::int64_t average = 5;
  std::vector<std::string> take, leave, rename;
  bool strict = false;
  std::optional<std::string> content;
  void describe(config::Fields& f);
};

/// One of InitializeFromConfig::rename, "decoder = encoder": the parameters of this model whose names begin with `name`
/// are those of the other run that are called `from` instead.
struct Renaming {
  std::string name, from;
};
/// Nothing if the text is of another form.
std::optional<Renaming> parse_renaming(const std::string& text);

/// The trainer knows nothing of sentences, so their batching joins its section here, and nothing of other runs.
struct RunTrainingConfig : TrainingConfig {
  data::BatchConfig batch;
  VaryConfig vary;
  InitializeFromConfig initialize_from;
  std::optional<std::int64_t> max_length;
  void describe(config::Fields& f);
};

enum class CheckpointChoice { best, last, average_best, average_last };
const config::VariantTable<CheckpointChoice>& checkpoint_choice_table();

struct EvaluationConfig {
  std::vector<std::string> metrics{"bleu"};
  std::vector<std::string> splits;
  std::vector<std::int64_t> lengths;
  std::optional<std::int64_t> window;
  std::optional<std::int64_t> stride;
  std::string checkpoint = "best";
  std::int64_t average = 5;
  std::int64_t batch_tokens = 4096;
  void describe(config::Fields& f);
};

struct RunConfig {
  ModelConfig model;
  data::DataConfig data;
  data::ObjectiveConfig objective;
  RunTrainingConfig training;
  DecodingConfig decoding;
  EvaluationConfig evaluation;
  void describe(config::Fields& f);
  /// The longest side of a pair that is trained on, </s> included; the length of a window of text.
  std::int64_t longest_trained() const { return training.max_length.value_or(model.max_length); }
  /// True where outputs can be sought word by word, from a source.
  bool decodes() const { return model.stacks().encoder && model.stacks().decoder; }
  /// True where an evaluation does so: a decoder that learns running text has losses alone.
  bool seeks_outputs() const { return decodes() && !reads_text(); }
  /// What an encoder says of a text as a whole is compared with its label.
  bool labels() const { return data::is_labelled(objective.traits().content); }
  const ObjectiveFacts& facts() const { return objective_facts(objective.kind); }
  bool reads_text() const { return objective.traits().content == data::Content::text; }
  bool reads_windows() const { return reads_text() && objective.layout == "packed"; }

 private:
  void set_standards();  ///< objective and metrics where the model is not of the standard family
  void follow_objective(const std::string& standard);  ///< what another one than the family's standard brings with it
  void check_objective(config::Fields& f) const;
};

/// The section `match`: every row gets as much of something as the baseline has.
struct MatchConfig {
  std::string by = "none";
  std::string adjust = "model.feed_forward.d_ff";
  std::optional<double> tolerance;
  std::int64_t multiple_of = 1;
  void describe(config::Fields& f);
  /// The largest difference to the baseline, as a share of it.
  double allowed() const { return tolerance.value_or(by == "step_time" ? 0.05 : 0.01); }
};
config::Choices match_choices();

/// The section `tune`: a small grid that every row is tried at.
struct TuneConfig {
  Json grid;  ///< axes as in the experiment's grid
  std::int64_t seed = 1;
  Json set;  ///< settings, dotted or nested
  void describe(config::Fields& f);
};

/// `table.stability`: a grid of settings as a table of one figure.
struct StabilityConfig {
  std::string figure;
  std::string across;
  std::optional<double> diverged_beyond;
  void describe(config::Fields& f);
};

struct TableConfig {
  std::vector<std::string> metrics;
  std::string caption;
  SignificanceConfig significance;
  std::vector<std::string> differences;
  Json settings;  ///< a list of SettingColumn
  StabilityConfig stability;
  void describe(config::Fields& f);
};

}  // namespace ablate::lab
