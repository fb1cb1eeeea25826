// The options of a metric, as a command line or an experiment file gives them, read into a metric's own.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace ablate::metrics {

// Option -> value as text, as a command line or a JSON scalar gives it: 13a, true, 0.1.
using MetricOptions = std::map<std::string, std::string, std::less<>>;

// The names of a table's rows: "exp, floor, add-k, none".
template <typename Rows>
std::string names_of(const Rows& rows) {
  std::string names;
  for (const auto& row : rows) names.append(names.empty() ? "" : ", ").append(row.name);
  return names;
}

// Throws std::invalid_argument that says what the value must be.
[[noreturn]] void refuse_option(std::string_view option, std::string_view value, const std::string& allowed);

// These leave `target`, which holds the default, alone where the option is not given, and throw std::invalid_argument
// for a value that it cannot take.
void read_option(const MetricOptions& options, std::string_view option, bool& target);
void read_option(const MetricOptions& options, std::string_view option, int& target);
void read_option(const MetricOptions& options, std::string_view option, std::optional<double>& target);

// The same of a choice among the rows of a table, which have a `name` and a `value`.
template <typename Rows, typename Value>
void read_choice(const MetricOptions& options, std::string_view option, const Rows& rows, Value& target) {
  const auto found = options.find(option);
  if (found == options.end()) return;
  for (const auto& row : rows) {
    if (row.name == found->second) {
      target = row.value;
      return;
    }
  }
  refuse_option(option, found->second, "one of " + names_of(rows));
}

}  // namespace ablate::metrics
