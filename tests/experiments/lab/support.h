#pragma once
// A small table with every kind of column and every state of a cell, which the tests of all formats print.
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "experiments/lab/table.h"

namespace ablate::lab::testing {

/// Seeds 1, 2, ... in order; NaN stands for a diverged run.
inline Cell seeds(const std::vector<double>& values) {
  std::vector<Sample> samples;
  for (const double value : values) {
    samples.push_back({.seed = static_cast<std::int64_t>(samples.size()) + 1, .value = value});
  }
  return measurement_cell(std::move(samples));
}

inline Sample unfinished(std::int64_t seed, State state) { return {.seed = seed, .value = 0, .state = state}; }

inline Column metric(std::string key, std::string heading, Direction direction, std::string group = "") {
  Column column;
  column.key = std::move(key);
  column.heading = std::move(heading);
  column.direction = direction;
  column.group = std::move(group);
  return column;
}

/// One measurement of the rows `values`, the first row being the baseline.
inline Table one_column(Direction direction, const std::vector<Cell>& cells) {
  Table table;
  table.columns = {metric("m", "M", direction)};
  for (const Cell& cell : cells) table.rows.push_back({"row " + std::to_string(table.rows.size()), "", false, {cell}});
  if (!table.rows.empty()) table.rows.front().is_baseline = true;
  return table;
}

/// Rows are given out of order: the baseline is the third, and the group Norm is interrupted.
inline Table small_table() {
  Table table;
  table.title = "Norms & units";
  table.caption = "Mean ± sd.";
  table.footnotes = {"BLEU: nrefs:1|case:mixed", "Rows come from 2 commits."};
  table.columns = {metric("dev_ppl", "PPL", Direction::lower, "dev"),
                   metric("dev_bleu", "BLEU", Direction::higher, "dev"), seeds_column(), parameters_column(),
                   speed_column()};
  table.columns.front().decimals = 1;
  const auto row = [](std::string label, std::string group, bool is_baseline, std::vector<Cell> cells) {
    return Row{std::move(label), std::move(group), is_baseline, std::move(cells)};
  };
  table.rows = {
      row("rms_norm", "Norm", false,
          {seeds({4.5, 4.25}), seeds({27, 28}), fact_cell(2), fact_cell(2605184), seeds({4000, 4100})}),
      row("swiglu", "FFN", false, {seeds({4, NAN}), seeds({26.5, NAN}), fact_cell(1), fact_cell(2605440), Cell{}}),
      row("post", "Norm", true,
          {seeds({5, 5.5}), seeds({27.5, 27.5}), fact_cell(2), fact_cell(2607000), seeds({3900.5, 4100.5})}),
      row("no norm", "Norm", false, {seeds({NAN, NAN}), seeds({NAN, NAN}), fact_cell(0), Cell{}, Cell{}}),
      row("big", "", false,
          {measurement_cell({unfinished(1, State::running), unfinished(2, State::missing)}), Cell{}, fact_cell(0),
           fact_cell(213e6), Cell{}}),
  };
  return table;
}

inline bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

inline Column words(std::string key, std::string heading, bool is_numeric, std::string group = "") {
  Column column = metric(std::move(key), std::move(heading), Direction::none, std::move(group));
  column.content = Content::text;
  column.is_numeric = is_numeric;
  return column;
}

/// Fact: difference to the baseline in percent.
inline Column difference_column() {
  Column column = metric("difference", "Δ parameters", Direction::none);
  column.content = Content::fact;
  column.notation = Notation::signed_percent;
  return column;
}

/// Settings, of which the second row repeats one, and a paper's figures beside ours and at the end.
inline Table published_table() {
  Table table;
  table.columns = {words("model.encoder.layers", "N", true),
                   words("model.residual.kind", "residual", false),
                   metric("nll@dev", "NLL", Direction::lower, "dev"),
                   words("paper:nll", "paper", true, "dev"),
                   parameters_column(),
                   difference_column(),
                   words("paper:FLOPs", "FLOPs", true, "paper")};
  table.columns[3].is_beside = true;
  table.rows = {{"base",
                 "",
                 true,
                 {text_cell("6"), text_cell("post_norm"), seeds({5, 5.5}), text_cell("4.92"), fact_cell(65e6),
                  fact_cell(0), text_cell("3.3e18")}},
                {"small",
                 "",
                 false,
                 {text_cell("2"), text_cell("post_norm"), measurement_cell({unfinished(1, State::failed)}), Cell{},
                  fact_cell(36e6), fact_cell(-44.6), Cell{}}}};
  table.rows[1].cells[1].repeats_baseline = true;
  return table;
}

}  // namespace ablate::lab::testing
