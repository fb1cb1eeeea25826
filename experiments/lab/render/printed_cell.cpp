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
  return note;
}

}  // namespace

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

std::string heading_text(const Column& column) {
  std::string text = column.heading;
  if (!column.unit.empty()) text += " (" + column.unit + ")";
  if (column.direction == Direction::higher) text += " ↑";
  if (column.direction == Direction::lower) text += " ↓";
  return text;
}

}  // namespace ablate::lab
