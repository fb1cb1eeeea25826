#include "experiments/lab/render/printed_cell.h"

namespace ablate::lab {
namespace {

/// Seeds that the printed figure or word does not stand for. Those that are missing are told beside a figure alone.
std::string note_text(const Summary& summary) {
  std::string note;
  const auto tell = [&](State state, std::size_t seeds) {
    if (seeds == 0 || summary.state == state) return;
    if (!note.empty()) note += ", ";
    note += std::to_string(seeds) + " of " + std::to_string(summary.seeds) + " " + std::string(name_of(state));
  };
  tell(State::diverged, summary.diverged);
  tell(State::failed, summary.failed);
  tell(State::running, summary.running);
  if (summary.state == State::value) tell(State::missing, summary.missing);
  return note;
}

PrintedCell printed_cell(const Cell& cell, const Column& column, bool best) {
  PrintedCell printed;
  if (column.content == Content::text) {
    printed.state = cell.text.empty() ? State::missing : State::value;
    printed.text = cell.text;
    printed.blank = cell.repeats_baseline;
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

}  // namespace

std::string cell_text(const PrintedCell& cell, const CellMarkup& markup) {
  if (cell.blank) return "";
  std::string text;
  switch (cell.state) {
    case State::value:
      text = cell.text.empty() ? markup.number(cell) : markup.text(cell.text);
      break;
    case State::missing:
      text = markup.missing;
      break;
    case State::diverged:
    case State::failed:
    case State::running:
      text = name_of(cell.state);
      break;
  }
  return cell.note.empty() ? text : text + " (" + cell.note + ")";
}

std::vector<PrintedSection> printed_sections(const Table& table) {
  std::vector<std::vector<bool>> best;
  for (std::size_t i = 0; i < table.columns.size(); ++i) best.push_back(best_rows(table, i));
  std::vector<PrintedSection> printed;
  for (const Section& section : sections(table)) {
    PrintedSection& lines = printed.emplace_back(PrintedSection{section.heading, {}});
    for (const std::size_t index : section.rows) {
      const Row& row = table.rows[index];
      PrintedRow& line = lines.rows.emplace_back(PrintedRow{row.label, row.is_baseline, {}});
      for (std::size_t i = 0; i < row.cells.size(); ++i) {
        PrintedCell& cell = line.cells.emplace_back(printed_cell(row.cells[i], table.columns[i], best[i][index]));
        const Comparison* const test = comparison_with_baseline(table, index, i);
        cell.marked = table.marks_comparisons && test != nullptr && test->significant;
      }
    }
  }
  return printed;
}

std::vector<ColumnGroup> column_groups(const std::vector<Column>& columns) {
  std::vector<ColumnGroup> groups;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string& heading = columns[i].group;
    if (heading.empty() || groups.empty() || groups.back().heading != heading) groups.push_back({heading, i, 0});
    ++groups.back().size;
  }
  return groups;
}

bool is_to_the_right(const Column& column) { return column.content != Content::text || column.is_numeric; }

std::string caption_text(const Table& table) {
  if (table.title.empty() || table.caption.empty()) return table.title + table.caption;
  const bool ends = std::string_view(".?!").find(table.title.back()) != std::string_view::npos;
  return table.title + (ends ? " " : ". ") + table.caption;
}

std::string heading_text(const Column& column) {
  std::string text = column.heading;
  if (!column.unit.empty()) text += " (" + column.unit + ")";
  if (column.direction == Direction::higher) text += " ↑";
  if (column.direction == Direction::lower) text += " ↓";
  return text;
}

}  // namespace ablate::lab
