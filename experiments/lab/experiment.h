#pragma once
// An experiment file as rows: every row is the base with its own settings on top, read strictly, and all mistakes of
// the file are reported together. Knows nothing of data on disk or of runs.
#include "experiments/lab/config.h"
#include "transformer/config/document.h"
#include "transformer/config/writer.h"

#include <filesystem>

namespace ablate::lab {

struct ExperimentRow {
  std::string name;   ///< as written, "" if the file gives none
  std::string label;  ///< the name, or the difference to the baseline
  std::string group;  ///< heading above the row in the table
  bool is_baseline = false;
  RunConfig config;
  Json resolved;                                         ///< every setting that applies
  std::vector<config::Change> changes;                   ///< to the baseline
  std::vector<std::string> notes;                        ///< settings dropped because a `kind` changed
  std::string experiment;                                ///< folder and name of the file, "shazeer2020/multi30k.json"
  std::string own_name;                                  ///< of the entry of `rows`, without what the grid adds
  bool is_matched = true;                                ///< `match` may change it
  bool is_tuned = true;                                  ///< `tune` may change it
  std::size_t number = 0;                                ///< its place in the file
  Json paper = Json::object();                           ///< published figures
  std::vector<std::pair<std::string, Json>> grid_point;  ///< path and value on every axis of the grid
  std::vector<config::Layer> layers;                     ///< what `config` was read from
};

struct Experiment {
  std::filesystem::path file;
  std::string title;
  std::vector<std::int64_t> seeds;
  TableConfig table;
  MatchConfig match;
  TuneConfig tune;
  std::vector<ExperimentRow> rows;  ///< in the order of the file

  const ExperimentRow& baseline() const;
  /// The rows with these labels, all if the list is empty; UserError with a suggestion for an unknown one. Labels may
  /// hold commas: neighbours of the list that make a label together, joined by a comma, stand for it.
  std::vector<const ExperimentRow*> select(const std::vector<std::string>& parts) const;
};

/// The keys of an experiment file that are not a row's.
struct ExperimentKeys {
  std::string schema, title;
  std::vector<std::int64_t> seeds{1};
  std::optional<std::string> baseline;
  Json rows, grid;
  MatchConfig match;
  TuneConfig tune;
  TableConfig table;
  Json model, data, objective, training, decoding, evaluation;  ///< read with the rows
  void describe(config::Fields& f);
};

/// Reads a file with everything that it extends and with `path=value` settings on top of every row.
/// UserError lists every problem with its file and path.
Experiment load_experiment(const std::filesystem::path& file, const std::vector<std::string>& settings);

/// The row with more settings, dotted or nested, on top of all others; the differences to the baseline are left as they
/// are. UserError if the row then is not allowed.
ExperimentRow with_settings(const Experiment& experiment, const ExperimentRow& row, const Json& settings);

}  // namespace ablate::lab
