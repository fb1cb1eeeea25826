#include "experiments/lab/tune_grid.h"

#include "experiments/lab/row_label.h"
#include "experiments/lab/text.h"

namespace ablate::lab {

bool is_grid(const Json& json) {
  if (!json.is_object() || json.empty()) return false;
  for (const auto& [path, values] : json.items()) {
    if (!values.is_array() || values.empty()) return false;
  }
  return true;
}

std::vector<TunePoint> tune_points(const TuneConfig& config) {
  if (config.grid.is_null()) return {};
  std::vector<TunePoint> points{{}};
  for (const auto& [path, values] : config.grid.items()) {
    std::vector<TunePoint> longer;
    for (const TunePoint& point : points) {
      for (const Json& value : values) {
        longer.push_back(point);
        longer.back().emplace_back(path, value);
      }
    }
    points = std::move(longer);
  }
  return points;
}

std::string point_text(const TunePoint& point) {
  std::vector<std::string> parts;
  for (const auto& [path, value] : point) parts.push_back(short_setting(path, value));
  return joined(parts, ", ");
}

Json settings_of(const TunePoint& point) {
  Json settings = Json::object();
  for (const auto& [path, value] : point) settings[path] = value;
  return settings;
}

}  // namespace ablate::lab
