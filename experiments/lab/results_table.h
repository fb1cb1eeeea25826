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
};

/// Reads the results of every row and seed. `metrics` as in TableConfig; empty: every score and the dev perplexity.
/// UserError for a figure that the experiment does not measure.
Table results_table(const Experiment& experiment, const std::vector<PreparedRow>& rows,
                    const std::vector<std::int64_t>& seeds, const std::filesystem::path& out,
                    const std::vector<std::string>& metrics);

/// The table of a folder of runs without an experiment file: runs that differ in the seed alone are one row.
/// The baseline is the row that was one when it was trained, if there is one only.
Table folder_table(const std::filesystem::path& folder, const std::vector<std::string>& metrics);

}  // namespace ablate::lab
