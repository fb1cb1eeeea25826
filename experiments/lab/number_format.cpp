#include "experiments/lab/number_format.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <string_view>

#include "experiments/metrics/signature.h"

namespace ablate::lab {
namespace {

constexpr double largest_fixed = 1e7;

struct Scale {
  double unit;
  std::string_view name;
};
constexpr std::array<Scale, 5> scales = {{{1, ""}, {1e3, "k"}, {1e6, "M"}, {1e9, "B"}, {1e12, "T"}}};

std::string without_sign_of_zero(std::string text) {
  const bool is_zero = text.find_first_not_of("-0.") == std::string::npos;
  return is_zero && text.front() == '-' ? text.substr(1) : text;
}

std::string scientific(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2e", value);
  return text.data();
}

std::string fixed(double value, int decimals) {
  if (std::abs(value) >= largest_fixed) return scientific(value);
  return without_sign_of_zero(metrics::fixed(value, decimals));
}

/// Decimals that leave three significant digits after rounding: 9.996 is 10.0 and not 10.00.
int significant_decimals(double magnitude) { return magnitude < 9.995 ? 2 : magnitude < 99.95 ? 1 : 0; }

NumberText compact_text(double mean, std::optional<double> sd) {
  const double magnitude = std::abs(mean);
  const bool is_small_count = magnitude < 1000 && mean == std::trunc(mean) && !sd;
  if (is_small_count) return {fixed(mean, 0), "", ""};
  for (const Scale& scale : scales) {
    const double scaled = magnitude / scale.unit;
    if (scaled >= 999.5) continue;  // would round to 1000: the next unit
    const int decimals = significant_decimals(scaled);
    return {fixed(mean / scale.unit, decimals), sd ? fixed(*sd / scale.unit, decimals) : "", std::string(scale.name)};
  }
  return {scientific(mean), sd ? scientific(*sd) : "", ""};
}

NumberText signed_percent_text(double mean, std::optional<double> sd, int decimals) {
  const std::string size = mean == 0 ? "0" : fixed(std::abs(mean), decimals);
  const std::string sign = mean > 0 ? "+" : mean < 0 ? "-" : "";
  return {sign + size, sd ? fixed(*sd, decimals) : "", "%"};
}

}  // namespace

std::string_view name_of(Notation notation) {
  constexpr std::array<std::string_view, 3> names = {"fixed", "compact", "signed_percent"};
  return names.at(static_cast<std::size_t>(notation));
}

NumberText number_text(double mean, std::optional<double> sd, Notation notation, int decimals) {
  if (notation == Notation::compact) return compact_text(mean, sd);
  if (notation == Notation::signed_percent) return signed_percent_text(mean, sd, decimals);
  return {fixed(mean, decimals), sd ? fixed(*sd, decimals) : "", ""};
}

std::string compact(double value) {
  const NumberText text = compact_text(value, std::nullopt);
  return text.unit.empty() ? text.mean : text.mean + " " + text.unit;
}

}  // namespace ablate::lab
