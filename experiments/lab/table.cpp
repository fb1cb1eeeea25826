#include "experiments/lab/table.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

namespace ablate::lab {
namespace {

constexpr std::array<std::string_view, 3> reserved_keys = {"group", "label", "baseline"};

void check_columns(const Table& table) {
  std::set<std::string_view> keys(reserved_keys.begin(), reserved_keys.end());
  for (const Column& column : table.columns) {
    if (column.key.empty()) throw std::logic_error("table: the column '" + column.heading + "' has no key");
    if (!keys.insert(column.key).second) {
      throw std::logic_error("table: the key '" + column.key + "' is taken");
    }
    if (column.decimals < 0) throw std::logic_error("table: column '" + column.key + "': negative decimals");
    const Column* const before = &column == &table.columns.front() ? nullptr : &column - 1;
    if (column.is_beside && (before == nullptr || before->group != column.group)) {
      throw std::logic_error("table: column '" + column.key + "': no column of its group on its left");
    }
  }
}

/// What is wrong with a cell, "" if nothing is.
std::string_view mistake(const Cell& cell, Content content) {
  if (content == Content::text) return cell.samples.empty() ? "" : "numbers in a column of text";
  if (!cell.text.empty()) return "text in a column of numbers";
  if (content == Content::fact) {
    return cell.samples.size() <= 1 ? "" : "more than one number for a fact of the row";
  }
  std::set<std::int64_t> seeds;
  for (const Sample& sample : cell.samples) {
    if (!seeds.insert(sample.seed).second) return "a seed that occurs twice";
  }
  return "";
}

bool is_better(double a, double b, Direction direction) { return direction == Direction::higher ? a > b : a < b; }

}  // namespace

std::string_view name_of(State state) {
  constexpr std::array<std::string_view, 5> names = {"value", "missing", "diverged", "failed", "running"};
  return names.at(static_cast<std::size_t>(state));
}

std::string_view name_of(Direction direction) {
  constexpr std::array<std::string_view, 3> names = {"none", "higher", "lower"};
  return names.at(static_cast<std::size_t>(direction));
}

std::string_view name_of(Content content) {
  constexpr std::array<std::string_view, 3> names = {"measurement", "fact", "text"};
  return names.at(static_cast<std::size_t>(content));
}

State state_of(const Sample& sample) {
  return sample.state == State::value && !std::isfinite(sample.value) ? State::diverged : sample.state;
}

Cell measurement_cell(std::vector<Sample> samples) { return {std::move(samples), ""}; }
Cell fact_cell(double value) { return {{{.value = value}}, ""}; }
Cell text_cell(std::string text) { return {{}, std::move(text)}; }

Summary summarize(const Cell& cell) {
  Summary summary;
  summary.seeds = cell.samples.size();
  std::vector<double> values;
  for (const Sample& sample : cell.samples) {
    const State state = state_of(sample);
    if (state == State::value) values.push_back(sample.value);
    if (state == State::diverged) ++summary.diverged;
    if (state == State::failed) ++summary.failed;
    if (state == State::running) ++summary.running;
    if (state == State::missing) ++summary.missing;
  }
  summary.statistics = statistics_of(values);
  if (!values.empty()) {
    summary.state = State::value;
  } else if (summary.running > 0) {
    summary.state = State::running;
  } else if (summary.diverged > 0) {
    summary.state = State::diverged;
  } else if (summary.failed > 0) {
    summary.state = State::failed;
  }
  return summary;
}

Column seeds_column() {
  Column column;
  column.key = "seeds";
  column.heading = "Seeds";
  column.content = Content::fact;
  column.decimals = 0;
  return column;
}

Column parameters_column() {
  Column column;
  column.key = "parameters";
  column.heading = "Parameters";
  column.content = Content::fact;
  column.notation = Notation::compact;
  return column;
}

Column speed_column() {
  Column column;
  column.key = "tokens_per_second";
  column.heading = "Training";
  column.unit = "tokens/s";
  column.decimals = 0;
  return column;
}

void check(const Table& table) {
  check_columns(table);
  for (const Row& row : table.rows) {
    const std::string where = "table: row '" + row.label + "'";
    if (row.cells.size() != table.columns.size()) {
      throw std::logic_error(where + ": " + std::to_string(row.cells.size()) + " cells for " +
                             std::to_string(table.columns.size()) + " columns");
    }
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      const std::string_view wrong = mistake(row.cells[i], table.columns[i].content);
      if (!wrong.empty()) {
        throw std::logic_error(where + ", column '" + table.columns[i].key + "': " + std::string(wrong));
      }
    }
  }
}

void insert_column(Table& table, std::size_t at, Column column, std::vector<Cell> cells) {
  if (cells.size() != table.rows.size() || at > table.columns.size()) {
    throw std::logic_error("table: column '" + column.key + "': " + std::to_string(cells.size()) + " cells for " +
                           std::to_string(table.rows.size()) + " rows, or no such place");
  }
  const auto place = static_cast<std::ptrdiff_t>(at);
  table.columns.insert(table.columns.begin() + place, std::move(column));
  for (std::size_t i = 0; i < cells.size(); ++i) {
    std::vector<Cell>& row = table.rows[i].cells;
    row.insert(row.begin() + place, std::move(cells[i]));
  }
  for (Comparison& found : table.comparisons) {
    if (found.column >= at) ++found.column;
  }
}

std::vector<Section> sections(const Table& table) {
  std::vector<Section> result(2);  // the baseline, and the rows without a group
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const Row& row = table.rows[i];
    if (row.is_baseline || row.group.empty()) {
      result[row.is_baseline ? 0 : 1].rows.push_back(i);
      continue;
    }
    const auto same = std::find_if(result.begin(), result.end(),
                                   [&row](const Section& section) { return section.heading == row.group; });
    if (same == result.end()) {
      result.push_back({row.group, {i}});
    } else {
      same->rows.push_back(i);
    }
  }
  std::erase_if(result, [](const Section& section) { return section.rows.empty(); });
  return result;
}

std::vector<bool> best_rows(const Table& table, std::size_t column) {
  std::vector<bool> best(table.rows.size(), false);
  const Column& style = table.columns.at(column);
  if (style.direction == Direction::none || style.content == Content::text) return best;

  std::vector<std::optional<double>> means;
  std::optional<double> record;
  int contenders = 0;
  for (const Row& row : table.rows) {
    const Summary summary = summarize(row.cells.at(column));
    const std::optional<double>& mean = means.emplace_back(summary.statistics.mean);
    if (mean && (!record || is_better(*mean, *record, style.direction))) record = mean;
    if (mean || summary.state == State::diverged) ++contenders;
  }
  if (!record || contenders < 2) return best;
  const auto printed = [&style](double mean) {
    return number_text(mean, std::nullopt, style.notation, style.decimals);
  };
  for (std::size_t i = 0; i < means.size(); ++i) best[i] = means[i] && printed(*means[i]) == printed(*record);
  return best;
}

const Comparison* comparison_with_baseline(const Table& table, std::size_t row, std::size_t column) {
  for (const Comparison& found : table.comparisons) {
    if (found.row == row && found.column == column && table.rows[found.other].is_baseline) return &found;
  }
  return nullptr;
}

bool is_tested(const Table& table, std::size_t column) {
  return std::any_of(table.comparisons.begin(), table.comparisons.end(), [&](const Comparison& found) {
    return found.column == column && table.rows[found.other].is_baseline;
  });
}

std::vector<std::int64_t> seeds_of(const Table& table) {
  std::set<std::int64_t> seeds;
  for (const Row& row : table.rows) {
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      if (table.columns.at(i).content != Content::measurement) continue;
      for (const Sample& sample : row.cells[i].samples) seeds.insert(sample.seed);
    }
  }
  return {seeds.begin(), seeds.end()};
}

}  // namespace ablate::lab
