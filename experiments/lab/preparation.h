#pragma once
// From rows to what can be trained: corpora read and tokenised, vocabularies known, contradictions found.
#include "data/corpus.h"
#include "experiments/lab/match.h"
#include "experiments/lab/parameter_transfer.h"
#include "experiments/lab/split_part.h"
#include "experiments/lab/table.h"
#include "experiments/lab/tune_grid.h"
#include "transformer/decoding/decode.h"
#include "transformer/model/transformer.h"

namespace ablate::lab {

/// What came of a row at one point of the grid of `tune`.
struct TunedCandidate {
  TunePoint point;
  State state = State::missing;  ///< value and diverged: it is trained
  double nll = 0;                ///< the lowest on dev, if it is a value
  double seconds = 0, flops = 0;
  std::string hash{};  ///< rows that differ in nothing that training sees share their trials
  bool is_trained() const { return state == State::value || state == State::diverged; }
};

struct TuningOutcome {
  std::vector<TunedCandidate> candidates;  ///< in the order of tune_points()
  std::optional<std::size_t> chosen;       ///< nothing until all are trained
};

struct PreparedRow {
  std::shared_ptr<const ExperimentRow> row;  ///< as it is trained: with the width that `match` found
  std::shared_ptr<const data::Corpus> corpus;
  VocabularyInfo vocabulary;
  std::optional<MatchOutcome> match{};       ///< nothing where the row is as it was written
  std::optional<TuningOutcome> tuning{};     ///< nothing where the row is not tuned
  std::optional<std::size_t> candidate{};    ///< this is the row at that point of `tune`, on trial
  std::optional<ParameterTransfer> start{};  ///< nothing where the row begins from no other run, or awaits its tuning
  /// Its settings are not known yet: they have to be tuned first.
  bool awaits_tuning() const { return tuning && !tuning->chosen; }
};

/// Sizes and padding as the tokenizers have them; UserError where they contradict the model's settings.
VocabularyInfo vocabulary_of(const data::Corpus& corpus, const RunConfig& config, const std::string& where);

/// The same from `model.vocabulary`, and `model.head.classes`, alone, for a model without data; UserError if they are
/// not given.
VocabularyInfo vocabulary_of(const ModelConfig& model, const std::string& where);

TargetSymbols target_symbols(const data::Corpus& corpus);

/// Prepares the corpora of the rows, each once. Caches lie in `out`/corpora. UserError if `out` cannot be a folder, if
/// a split to be evaluated is missing, if the table cannot be made of what is measured, if no training sentence fits
/// into a row's `model.max_length`, or if what a row begins from is not there or does not fit. Rows are matched to the
/// baseline as the experiment says; `step_time` is measured on the `device`, and without one has to be known. Rows that
/// are tuned already have their values. Messages go to `log`.
std::vector<PreparedRow> prepare(const Experiment& experiment, const std::vector<const ExperimentRow*>& rows,
                                 const std::filesystem::path& out, std::optional<at::Device> device,
                                 const data::Log& log);

/// A row as `match` makes it where `model.vocabulary` is stated and no data is at hand: FLOPs are then those of
/// sentences of SequenceLengths{}, and a match of step times is left out.
ExperimentRow match_without_data(const Experiment& experiment, const ExperimentRow& row);

/// The splits that a row is scored on: those it names, or every test set, or dev if there is none.
std::vector<std::string> evaluated_splits(const EvaluationConfig& config, const data::Corpus& corpus);

struct MeasuredPart : SplitPart {
  bool is_scored = true;  ///< else its loss alone is measured
};

/// Everything that a row is measured on: dev, whose loss is always known, the splits that it is scored on, and behind
/// each of these its parts by length.
std::vector<MeasuredPart> measured_parts(const EvaluationConfig& config, const data::Corpus& corpus);

}  // namespace ablate::lab
