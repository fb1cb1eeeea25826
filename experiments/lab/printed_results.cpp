#include "experiments/lab/pivot.h"
#include "experiments/lab/render/render.h"
#include "experiments/lab/results_table.h"
#include "experiments/lab/row_label.h"
#include "experiments/lab/settings_columns.h"
#include "experiments/lab/tuning.h"
#include "transformer/core/error.h"

namespace ablate::lab {
namespace {

/// The place of a figure's column: settings that stand before the figures move them to the right.
std::size_t column_with_key(const Table& table, const std::string& key) {
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const std::string& known = table.columns[i].key;
    if (known == key || known.starts_with(key + "@")) return i;
  }
  throw UserError("table.stability.figure: the table has no column '" + key + "': name it in table.metrics");
}

}  // namespace

std::optional<Table> stability_table(const Table& table, const Experiment& experiment,
                                     const std::vector<PreparedRow>& rows) {
  const StabilityConfig& stability = experiment.table.stability;
  if (stability.figure.empty()) return std::nullopt;
  const std::size_t column = column_with_key(table, stability.figure);
  Table marked = table;
  std::vector<GridPoint> points;
  PivotHeadings headings{{}, short_path(stability.across)};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    GridPoint point{{}, "", i};
    const ExperimentRow& row = *rows[i].row;
    if (!row.own_name.empty()) point.row_parts.push_back(row.own_name);
    for (const auto& [path, value] : row.grid_point) {
      if (path == stability.across) {
        point.column = setting_text(value);
      } else {
        point.row_parts.push_back(setting_text(value));
      }
    }
    if (i == 0) {
      if (!row.own_name.empty()) headings.rows.emplace_back("Model");
      for (const auto& [path, value] : row.grid_point) {
        if (path != stability.across) headings.rows.push_back(short_path(path));
      }
    }
    points.push_back(std::move(point));
    Cell& cell = marked.rows[i].cells[column];
    cell = mark_diverged(cell, table.columns[column].direction, stability.diverged_beyond);
  }
  Table grid = pivot(marked, column, points, headings);
  grid.footnotes.clear();  // they stand under the table before it
  if (stability.diverged_beyond) {
    grid.footnotes.push_back("Called diverged: not finite, or worse than " + setting_text(*stability.diverged_beyond));
  }
  return grid;
}

std::string printed_results(const Experiment& experiment, const std::vector<PreparedRow>& rows,
                            const std::vector<std::int64_t>& seeds, const std::filesystem::path& out,
                            const std::vector<std::string>& metrics, const std::string& format) {
  const Table table = results_table(experiment, rows, seeds, out, metrics);
  std::string text = render(table, format);
  const std::optional<Table> grid = stability_table(table, experiment, rows), trials = tuning_table(experiment, rows);
  if (format == "csv") return text;
  if (format == "json") {
    Json all = Json::parse(text);
    if (grid) all["stability"] = Json::parse(render(*grid, format));
    if (trials) all["tuning"] = Json::parse(render(*trials, format));
    return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  if (grid) text += "\n" + render(*grid, format);
  if (trials) text += "\n" + render(*trials, format);
  return text;
}

}  // namespace ablate::lab
