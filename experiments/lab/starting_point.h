#pragma once
// What a run begins from, `training.initialize_from`: the folder of another run, which of its weights, and whether they
// fit. It is known by their content, so that a run is another one as soon as what it begins from has changed.
#include "data/corpus.h"
#include "experiments/lab/experiment.h"
#include "experiments/lab/parameter_transfer.h"
#include "experiments/lab/stored_run.h"

#include <filesystem>

namespace ablate::lab {

struct StartingPoint {
  StoredRun run;
  std::vector<std::filesystem::path> files;  ///< of the chosen weights: one, or those to be averaged
  std::string content;                       ///< SHA-256 of the weights
};

/// The runs that the rows of an experiment begin from, each opened once.
///
/// The sums of their weights are noted on disk, by known_sum(): they are part of what names the folders of the rows'
/// runs, so that a command cannot look them up there, and a table or a report of finished runs would read gigabytes to
/// find these. Nor does a checkpoint's own header help: its checksum has 32 bits, too few for a name, and may be stale.
class StartingPoints {
 public:
  /// `folder`: of the experiment file, to which the names of runs are relative; what is not there is looked for from the
  /// working directory. `out`: of the runs; sums are noted in `out`/starting_points if `out` exists.
  StartingPoints(std::filesystem::path folder, std::filesystem::path out)
      : folder_(std::move(folder)), out_(std::move(out)) {}

  /// What `settings`, which name a run, ask for. UserError if there is no such run, if it has not finished, if it has not
  /// kept such weights, or if these are not those that `settings` state.
  std::shared_ptr<const StartingPoint> open(const InitializeFromConfig& settings);

 private:
  std::filesystem::path folder_, out_;
  std::map<std::string, std::shared_ptr<const StartingPoint>> known_;
};

/// The row with the folder that was found and the content of its weights among its settings; as it is if it begins from
/// nothing. UserError that names the row.
ExperimentRow with_starting_point(const Experiment& experiment, const ExperimentRow& row, StartingPoints& points);

/// What a model of a row takes over. Without a corpus nothing is known of its tokenizers, and rows of words pass for
/// those of the same. UserError `where: …` as plan_transfer(), and where rows would stand for other words or classes.
ParameterTransfer plan_start(const StartingPoint& start, const RunConfig& config, const VocabularyInfo& vocabulary,
                             const data::Corpus* corpus, const std::string& where);

/// Copies it into a model whose other parameters stay as they were drawn. `config` is that of a prepared row, `out` the
/// folder of its runs.
ParameterTransfer begin_from(Transformer& model, const RunConfig& config, const VocabularyInfo& vocabulary,
                             const data::Corpus& corpus, const std::filesystem::path& out);

/// "RUN (best): 42 of 44 parameters (…)"
std::string start_text(const InitializeFromConfig& settings, const std::string& summary);

}  // namespace ablate::lab
