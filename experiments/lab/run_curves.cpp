#include "experiments/lab/run_curves.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <stdexcept>

namespace ablate::lab {
namespace {

Curve empty_curve(std::vector<std::string> names) {
  Curve curve{std::move(names), {}};
  curve.values.resize(curve.names.size());
  return curve;
}

void add_line(Curve& curve, const Json& line) {
  for (std::size_t i = 0; i < curve.names.size(); ++i) {
    const auto found = line.find(curve.names[i]);
    const bool is_number = found != line.end() && found->is_number();
    curve.values[i].push_back(is_number ? found->get<double>() : std::numeric_limits<double>::quiet_NaN());
  }
}

}  // namespace

const std::vector<double>& Curve::of(const std::string& name) const {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) throw std::out_of_range("curve: no quantity '" + name + "'");
  return values[static_cast<std::size_t>(found - names.begin())];
}

Json Curve::json() const {
  Json object = Json::object();
  for (std::size_t i = 0; i < names.size(); ++i) {
    Json& list = object[names[i]] = Json::array();
    for (const double value : values[i]) list.push_back(std::isfinite(value) ? Json(value) : Json(nullptr));
  }
  return object;
}

RunCurves read_curves(const std::filesystem::path& metrics_file) {
  RunCurves curves{empty_curve({"step", "epoch", "tokens", "seconds", "loss", "nll", "gradient_norm", "learning_rate",
                                "tokens_per_second"}),
                   empty_curve({"step", "epoch", "tokens", "seconds", "dev_loss", "dev_nll", "dev_accuracy"})};
  std::ifstream in(metrics_file);
  for (std::string text; std::getline(in, text);) {
    const Json line = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!line.is_object()) continue;
    add_line(line.contains("dev_nll") ? curves.evaluations : curves.log, line);
  }
  return curves;
}

}  // namespace ablate::lab
