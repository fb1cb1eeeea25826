#pragma once
// How long an update takes beside the baseline's, measured in turn; kept on disk, so that every later command finds the
// same widths and with them the same runs.
#include "experiments/lab/preparation.h"
#include "transformer/core/error.h"

namespace ablate::lab {

/// There is no figure, and nothing may be measured.
class NotMeasured : public UserError {
 public:
  using UserError::UserError;
};

/// Median over `rounds` turns of (row's seconds / baseline's seconds) for the same number of updates on batches of
/// their training data. The weights that this trains are thrown away.
double step_time_ratio(const PreparedRow& row, const PreparedRow& baseline, at::Device device, int rounds = 7);

/// The ratio that an earlier call measured on the same kind of device for the same two configurations and data, out of
/// `folder`/step_times, or a new measurement, which is stored there with the number of threads. Of processes that
/// measure at once all take the figure of the first. Without a `device` nothing is measured: NotMeasured if there is no
/// figure, UserError if there is one of each kind of device.
double known_step_time_ratio(const PreparedRow& row, const PreparedRow& baseline, std::optional<at::Device> device,
                             const std::filesystem::path& folder);

}  // namespace ablate::lab
