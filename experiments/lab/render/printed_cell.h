#pragma once
// What the formats for people print in a cell and over a column, before the markup of the format. Internal to
// render.
#include <string>
#include <string_view>
#include <vector>

#include "experiments/lab/table.h"

namespace ablate::lab {

struct PrintedCell {
  State state = State::missing;
  NumberText number;  ///< for State::value of a column of numbers
  std::string text;   ///< for State::value of a column of text
  std::string note;   ///< "1 of 3 diverged, 1 of 3 missing", "" if there is nothing to add
  bool best = false;
  bool marked = false;  ///< differs significantly from the baseline
};

/// How a format writes a number, a text and a figure that is not there.
struct CellMarkup {
  std::string (*number)(const PrintedCell& cell);
  std::string (*text)(std::string_view text);
  std::string_view missing;
};

/// The sections of a table (sections()) with the text of their cells.
struct PrintedRow {
  std::string label;               ///< as it stands, without markup
  std::vector<std::string> cells;  ///< with markup
};
struct PrintedSection {
  std::string heading;  ///< "" for the first; without markup
  std::vector<PrintedRow> rows;
};
std::vector<PrintedSection> printed_sections(const Table& table, const CellMarkup& markup);

/// "BLEU ↑", "Training (tokens/s)": heading, unit and the arrow towards better.
std::string heading_text(const Column& column);

}  // namespace ablate::lab
