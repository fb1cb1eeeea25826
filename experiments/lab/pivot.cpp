#include "experiments/lab/pivot.h"

#include "experiments/lab/text.h"
#include "transformer/core/error.h"

#include <algorithm>
#include <map>
#include <utility>

namespace ablate::lab {
namespace {

/// Place of a value among those seen before it, at the end if it is new.
template <class Value>
std::size_t place_of(std::vector<Value>& seen, const Value& value) {
  const auto found = std::find(seen.begin(), seen.end(), value);
  if (found != seen.end()) return static_cast<std::size_t>(found - seen.begin());
  seen.push_back(value);
  return seen.size() - 1;
}

/// "dev PPL (per token)"
std::string figure_name(const Column& column) {
  const std::string unit = column.unit.empty() ? "" : " (" + column.unit + ")";
  return (column.group.empty() ? "" : column.group + " ") + column.heading + unit;
}

}  // namespace

Table pivot(const Table& table, std::size_t column, std::span<const GridPoint> points, const PivotHeadings& headings) {
  const Column& figure = table.columns.at(column);
  std::vector<std::vector<std::string>> downs;
  std::vector<std::string> acrosses;
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> rows;  // place in the grid -> row of the table
  for (const GridPoint& point : points) {
    const std::size_t down = place_of(downs, point.row_parts), across = place_of(acrosses, point.column);
    const auto [taken, is_new] = rows.try_emplace({down, across}, point.row);
    if (is_new) continue;
    throw UserError("rows '" + table.rows.at(taken->second).label + "' and '" + table.rows.at(point.row).label +
                    "' stand at the same point of the grid (" + joined(point.row_parts, ", ") + ", " + point.column +
                    "): name every axis in which they differ");
  }

  Table grid;
  grid.title = table.title + (table.title.empty() ? "" : ": ") + figure_name(figure);
  grid.caption = table.caption;
  grid.footnotes = table.footnotes;
  grid.row_heading = joined(headings.rows, ", ");
  for (const std::string& value : acrosses) {
    Column& place = grid.columns.emplace_back(figure);
    place.key = headings.across + "=" + value;
    place.heading = value;
    place.unit.clear();
    place.group = headings.across;
    place.is_beside = false;
  }
  for (std::size_t down = 0; down < downs.size(); ++down) {
    Row& line = grid.rows.emplace_back();
    line.label = joined(downs[down], ", ");
    line.cells.resize(acrosses.size());
    std::vector<std::string> groups;
    for (std::size_t across = 0; across < acrosses.size(); ++across) {
      const auto found = rows.find({down, across});
      if (found == rows.end()) continue;
      const Row& source = table.rows.at(found->second);
      line.cells[across] = source.cells.at(column);
      line.cells[across].repeats_baseline = false;
      place_of(groups, source.group);
    }
    if (groups.size() == 1) line.group = groups.front();
  }
  return grid;
}

Cell mark_diverged(const Cell& cell, Direction direction, std::optional<double> beyond) {
  Cell marked = cell;
  if (!beyond || direction == Direction::none) return marked;
  for (Sample& sample : marked.samples) {
    if (state_of(sample) != State::value) continue;
    const bool is_worse = direction == Direction::higher ? sample.value < *beyond : sample.value > *beyond;
    if (is_worse) sample.state = State::diverged;
  }
  return marked;
}

}  // namespace ablate::lab
