#pragma once
// `tune`: every row is tried at the points of a small grid, such as learning rate times warm-up, and trained with the
// values that suit it best on dev, so that no variant loses because the baseline's learning rate does not suit it.
#include "experiments/lab/preparation.h"

#include <filesystem>
#include <optional>
#include <vector>

namespace ablate::lab {

/// The row at every point of the grid, with `tune.set` on top and measured by its loss on dev alone: what is trained
/// once with `tune.seed` each. None for a row that is not tuned.
std::vector<PreparedRow> tuning_candidates(const Experiment& experiment, const PreparedRow& row);

/// The rows with what is known of their candidates in `out`, and, where all of these are finished or diverged, with the
/// values of the one with the lowest dev nll, of the weights that
/// `evaluation.checkpoint` names; where all diverged, with those of the first point.
std::vector<PreparedRow> with_tuned_values(const Experiment& experiment, const std::vector<PreparedRow>& rows,
                                           const std::filesystem::path& out);

/// A column of the chosen values for every axis, and what that cost as a footnote.
void add_tuning_columns(Table& table, const Experiment& experiment, const std::vector<PreparedRow>& rows);

/// The dev nll of every candidate: points down, rows across. Nothing where no row is tuned.
std::optional<Table> tuning_table(const Experiment& experiment, const std::vector<PreparedRow>& rows);

}  // namespace ablate::lab
