#pragma once
// The label of a row that has no name: what makes it different from the baseline, as short as it can be said.
#include "transformer/config/writer.h"

namespace ablate::lab {

/// "model.norm.kind" = "rms_norm" -> "norm=rms_norm"; "training.schedule.warmup" = 500 -> "schedule.warmup=500".
std::string short_setting(const std::string& path, const Json& value);

/// "training.schedule.warmup" -> "schedule.warmup"; "model.norm.kind" -> "norm".
std::string short_path(const std::string& path);

/// The changes to the baseline, joined by ", ". Options that come and go with another are left out unless the row
/// itself sets them (`settings`, nested).
std::string label_of(const std::vector<config::Change>& changes, const Json& settings);

}  // namespace ablate::lab
