#pragma once
// The grid of `tune` as points.
#include "experiments/lab/config.h"

#include <string>
#include <utility>
#include <vector>

namespace ablate::lab {

/// One point: path and value on every axis.
using TunePoint = std::vector<std::pair<std::string, Json>>;

/// Whether it is an object of lists with something in them.
bool is_grid(const Json& json);

/// All points, the last axis turning fastest; none without `tune`.
std::vector<TunePoint> tune_points(const TuneConfig& config);

/// "schedule.learning_rate=0.001, schedule.warmup=50"
std::string point_text(const TunePoint& point);

/// As the settings of a row, dotted.
Json settings_of(const TunePoint& point);

}  // namespace ablate::lab
