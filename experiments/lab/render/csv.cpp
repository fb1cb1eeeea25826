// Comma-separated values as RFC 4180 has them: lines end in CR LF, a field with a comma, a quote or a line
// break stands in quotes, and a quote inside is doubled.
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/lab/render/render.h"
#include "experiments/lab/significance.h"

namespace ablate::lab {
namespace {

std::string in_quotes(std::string_view field) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(field);
  std::string result = "\"";
  for (const char c : field) {
    if (c == '"') result += '"';
    result += c;
  }
  return result + '"';
}

std::string line_of(const std::vector<std::string>& fields) {
  std::string line;
  for (const std::string& field : fields) {
    if (&field != &fields.front()) line += ',';
    line += in_quotes(field);
  }
  return line + "\r\n";
}

/// The shortest decimal number that reads back as the same double; whole numbers without an exponent.
std::string number(double value) {
  constexpr double exact_integers = 9007199254740992;  // 2^53
  std::array<char, 32> text{};
  char* const end = text.data() + text.size();
  const bool is_whole = std::abs(value) < exact_integers && value == std::trunc(value);
  const auto result = is_whole ? std::to_chars(text.data(), end, static_cast<std::int64_t>(value))
                               : std::to_chars(text.data(), end, value);
  return std::string(text.data(), result.ptr);
}

std::string number(const std::optional<double>& value) { return value ? number(*value) : ""; }

std::string number(const Sample& sample) {
  const State state = state_of(sample);
  if (state == State::value) return number(sample.value);
  return state == State::diverged ? "NaN" : "";
}

std::string header(const Table& table, const std::vector<std::int64_t>& seeds) {
  std::vector<std::string> fields = {"group", "label", "baseline"};
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    if (column.content != Content::measurement) {
      fields.push_back(column.key);
      continue;
    }
    for (const char* part : {"_mean", "_sd", "_ci95", "_n", "_diverged", "_failed"}) {
      fields.push_back(column.key + part);
    }
    if (is_tested(table, i)) {
      for (const char* part : {"_p", "_p_corrected"}) fields.push_back(column.key + part);
    }
    for (const std::int64_t seed : seeds) fields.push_back(column.key + "_seed_" + std::to_string(seed));
  }
  return line_of(fields);
}

/// `test`: none where the column has none; what is in it may be null for a cell that could not be tested.
void append_measurement(std::vector<std::string>& fields, const Cell& cell, const std::vector<std::int64_t>& seeds,
                        std::optional<const Comparison*> test) {
  const Summary summary = summarize(cell);
  fields.push_back(number(summary.statistics.mean));
  fields.push_back(number(summary.statistics.sd));
  fields.push_back(number(confidence_half_width(summary.statistics)));
  fields.push_back(std::to_string(summary.statistics.n));
  fields.push_back(std::to_string(summary.diverged));
  fields.push_back(std::to_string(summary.failed));
  if (test) {
    fields.push_back(*test != nullptr ? number((*test)->p) : "");
    fields.push_back(*test != nullptr ? number((*test)->corrected) : "");
  }
  for (const std::int64_t seed : seeds) {
    std::string& field = fields.emplace_back();
    for (const Sample& sample : cell.samples) {
      if (sample.seed == seed) field = number(sample);
    }
  }
}

std::string line_of(std::size_t index, const Table& table, const std::vector<std::int64_t>& seeds) {
  const Row& row = table.rows[index];
  std::vector<std::string> fields = {row.group, row.label, row.is_baseline ? "true" : "false"};
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    const Cell& cell = row.cells[i];
    switch (table.columns[i].content) {
      case Content::measurement:
        append_measurement(
            fields, cell, seeds,
            is_tested(table, i) ? std::optional(comparison_with_baseline(table, index, i)) : std::nullopt);
        break;
      case Content::fact:
        fields.push_back(cell.samples.empty() ? "" : number(cell.samples.front()));
        break;
      case Content::text:
        fields.push_back(cell.text);
        break;
    }
  }
  return line_of(fields);
}

}  // namespace

std::string render_csv(const Table& table) {
  const std::vector<std::int64_t> seeds = seeds_of(table);
  std::string text = header(table, seeds);
  for (const Section& section : sections(table)) {
    for (const std::size_t index : section.rows) text += line_of(index, table, seeds);
  }
  return text;
}

}  // namespace ablate::lab
