#include "experiments/lab/render/printed_cell.h"

namespace ablate::lab {
namespace {

/// Seeds that the printed figure or word does not stand for.
std::string note_text(const Summary& summary) {
  const std::string of_all = " of " + std::to_string(summary.seeds) + " ";
  std::string note;
  if (summary.diverged > 0 && summary.state != State::diverged) {
    note = std::to_string(summary.diverged) + of_all + "diverged";
  }
  if (summary.running > 0 && summary.state != State::running) {
    if (!note.empty()) note += ", ";
    note += std::to_string(summary.running) + of_all + "running";
  }
  if (summary.missing > 0 && summary.state == State::value) {
    if (!note.empty()) note += ", ";
    note += std::to_string(summary.missing) + of_all + "missing";
  }
  return note;
}

PrintedCell printed_cell(const Cell& cell, const Column& column, bool best) {
  PrintedCell printed;
  if (column.content == Content::text) {
    printed.state = cell.text.empty() ? State::missing : State::value;
    printed.text = cell.text;
    return printed;
  }
  const Summary summary = summarize(cell);
  printed.state = summary.state;
  printed.note = note_text(summary);
  printed.best = best;
  if (summary.statistics.mean) {
    printed.number = number_text(*summary.statistics.mean, summary.statistics.sd, column.notation, column.decimals);
  }
  return printed;
}

std::string cell_text(const PrintedCell& cell, const CellMarkup& markup) {
  std::string text;
  switch (cell.state) {
    case State::value:
      text = cell.text.empty() ? markup.number(cell) : markup.text(cell.text);
      break;
    case State::missing:
      text = markup.missing;
      break;
    case State::diverged:
    case State::running:
      text = name_of(cell.state);
      break;
  }
  return cell.note.empty() ? text : text + " (" + cell.note + ")";
}

}  // namespace

std::vector<PrintedSection> printed_sections(const Table& table, const CellMarkup& markup) {
  std::vector<std::vector<bool>> best;
  for (std::size_t i = 0; i < table.columns.size(); ++i) best.push_back(best_rows(table, i));
  std::vector<PrintedSection> printed;
  for (const Section& section : sections(table)) {
    PrintedSection& lines = printed.emplace_back(PrintedSection{section.heading, {}});
    for (const std::size_t index : section.rows) {
      const Row& row = table.rows[index];
      PrintedRow& line = lines.rows.emplace_back(PrintedRow{row.label, {}});
      for (std::size_t i = 0; i < row.cells.size(); ++i) {
        PrintedCell cell = printed_cell(row.cells[i], table.columns[i], best[i][index]);
        const Comparison* const test = comparison_with_baseline(table, index, i);
        cell.marked = table.marks_comparisons && test != nullptr && test->significant;
        line.cells.push_back(cell_text(cell, markup));
      }
    }
  }
  return printed;
}

std::string heading_text(const Column& column) {
  std::string text = column.heading;
  if (!column.unit.empty()) text += " (" + column.unit + ")";
  if (column.direction == Direction::higher) text += " ↑";
  if (column.direction == Direction::lower) text += " ↓";
  return text;
}

}  // namespace ablate::lab
