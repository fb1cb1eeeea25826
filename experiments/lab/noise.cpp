#include "experiments/lab/noise.h"

#include "experiments/lab/significance.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>

namespace ablate::lab {
namespace {

std::string printed(double value, const Column& column) {
  return number_text(value, std::nullopt, column.notation, column.decimals).mean;
}

}  // namespace

StatedDifference parse_difference(const std::string& text) {
  const std::size_t at = text.rfind('=');
  StatedDifference difference{text.substr(0, at), 0};
  const char* const end = text.data() + text.size();
  const bool has_value = at != std::string::npos && at > 0;
  const auto [stop, error] = has_value ? std::from_chars(text.data() + at + 1, end, difference.size)
                                       : std::from_chars_result{end, std::errc::invalid_argument};
  if (error != std::errc() || stop != end || !std::isfinite(difference.size) || difference.size <= 0) {
    throw std::invalid_argument("'" + text + "' is no column with a positive difference, such as bleu@test=0.5");
  }
  return difference;
}

std::vector<std::string> describe_noise(const Table& table, const std::vector<std::string>& differences) {
  const auto baseline =
      std::find_if(table.rows.begin(), table.rows.end(), [](const Row& row) { return row.is_baseline; });
  if (baseline == table.rows.end()) return {};
  std::vector<std::string> notes;
  std::string noise;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    if (column.content != Content::measurement || column.direction == Direction::none) continue;
    const Statistics statistics = summarize(baseline->cells[i]).statistics;
    if (!statistics.sd) continue;
    const std::string name = column.group + (column.group.empty() ? "" : " ") + column.heading;
    noise += (noise.empty() ? "" : "; ") + name + " sd " + printed(*statistics.sd, column) + " over " +
             std::to_string(statistics.n) + " seeds, 95 % interval of the mean ± " +
             printed(*confidence_half_width(statistics), column);
    for (const std::string& text : differences) {
      const StatedDifference stated = parse_difference(text);
      if (stated.key != column.key || *statistics.sd == 0) continue;  // without noise any difference is seen
      notes.push_back("To see a difference of " + text.substr(text.rfind('=') + 1) + " in " + name +
                      " at p < 0.05 with a probability of 0.8: " +
                      std::to_string(seeds_needed(*statistics.sd, stated.size)) + " seeds a row (Welch's test)");
    }
  }
  if (noise.empty()) return {};
  notes.insert(notes.begin(), "Noise of the baseline: " + noise);
  return notes;
}

}  // namespace ablate::lab
