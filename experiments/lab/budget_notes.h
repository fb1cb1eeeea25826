#pragma once
// What the runs of a table were given to train with and what they used of it, as footnotes: rows compare only at equal
// budgets.
#include "experiments/lab/preparation.h"

namespace ablate::lab {

/// "500 updates", "2 epochs or 1.00 M target tokens, whichever is first"; with "patience 10" where it may end earlier.
std::string budget_text(const RunConfig& run);

/// "Budget of every run: 500 updates", or a note that says which rows were given which.
std::string describe_budgets(const std::vector<PreparedRow>& rows);

/// What the runs used, from the `training` entries of their results, with ranges where they differ: "Trained: 480 to
/// 500 updates, 2 whole epochs, 890 k target tokens, 13.2 T FLOPs; ended by steps". "" for no runs.
std::string describe_training(const std::vector<const Json*>& trainings);

}  // namespace ablate::lab
