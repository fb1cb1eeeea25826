#pragma once
// Fair rows: a width of every row is solved so that the row has as many parameters, or does as many FLOPs, or takes as
// much time, as the baseline (Shazeer 2020, section 3: gated units at two thirds of d_ff).
#include "experiments/lab/experiment.h"

#include <functional>

namespace ablate::lab {

/// What a width was solved to.
struct MatchOutcome {
  std::int64_t value = 0;  ///< of the setting that `match.adjust` names
  double amount = 0;       ///< of the row
  double target = 0;       ///< of the baseline
  double difference() const { return amount / target - 1; }
};

/// What is to be equal, measured of a row that has a candidate's width. Never falls where the width grows.
using Amount = std::function<double(const ExperimentRow& row)>;

struct MatchedRow {
  ExperimentRow row;
  MatchOutcome outcome;
};

/// The multiple of `match.multiple_of` whose amount is nearest to `target`. UserError where none is within the
/// tolerance: it says how near the nearest ones come; and for a width that the row's other settings do not allow.
MatchedRow match_row(const Experiment& experiment, const ExperimentRow& row, double target, const Amount& amount);

/// Whether the experiment changes that row.
bool is_matched(const Experiment& experiment, const ExperimentRow& row);

/// "parameters", "FLOPs per token", "step time"
std::string amount_name(const MatchConfig& config);

}  // namespace ablate::lab
