#pragma once
// From the results on disk to the table of an experiment.
#include "experiments/lab/run_folder.h"
#include "experiments/lab/table.h"

namespace ablate::lab {

/// A column of figures: `bleu@test`, `perplexity@dev`; without a split: every split that is evaluated.
struct Figure {
  std::string metric;  ///< a metric of text with its options, or one of loss_figure_names()
  std::string split;
  std::string key() const { return metric + "@" + split; }
  bool operator==(const Figure&) const = default;
};

/// Reads the results of every row and seed. `metrics` as in TableConfig; empty: every score and the dev perplexity.
/// UserError for a figure that the experiment does not measure.
Table results_table(const Experiment& experiment, const std::vector<PreparedRow>& rows,
                    const std::vector<std::int64_t>& seeds, const std::filesystem::path& out,
                    const std::vector<std::string>& metrics);

/// The table of an experiment as a program prints it: results_table() and behind it, but for CSV, the grid that
/// `table.stability` asks for and the trials of `tune`; in JSON they are its keys `stability` and `tuning`.
std::string printed_results(const Experiment& experiment, const std::vector<PreparedRow>& rows,
                            const std::vector<std::int64_t>& seeds, const std::filesystem::path& out,
                            const std::vector<std::string>& metrics, const std::string& format);

/// The grid of the experiment as a table of one figure, if `table.stability` asks for it; `table` is that of
/// results_table() for the same rows. UserError if the table does not show the figure.
std::optional<Table> stability_table(const Table& table, const Experiment& experiment,
                                     const std::vector<PreparedRow>& rows);

/// The table of a folder of runs without an experiment file: runs that differ in the seed alone are one row.
/// The baseline is the row that was one when it was trained, if there is one only.
Table folder_table(const std::filesystem::path& folder, const std::vector<std::string>& metrics);

/// The figures of single runs, a row for each; `title` stands above.
Table runs_table(const std::vector<std::filesystem::path>& folders, const std::string& title,
                 const std::vector<std::string>& metrics);

}  // namespace ablate::lab
