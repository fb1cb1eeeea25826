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
  bool blank = false;
  bool best = false;
  bool marked = false;  ///< differs significantly from the baseline
};

/// How a format writes a number, a text and a figure that is not there.
struct CellMarkup {
  std::string (*number)(const PrintedCell& cell);
  std::string (*text)(std::string_view text);
  std::string_view missing;
};

/// The cell in a format, with its note; "" if it is blank.
std::string cell_text(const PrintedCell& cell, const CellMarkup& markup);

/// The sections of a table (sections()) with what their cells print. Labels and headings stand without markup.
struct PrintedRow {
  std::string label;
  bool is_baseline;
  std::vector<PrintedCell> cells;
};
struct PrintedSection {
  std::string heading;  ///< "" for the first
  std::vector<PrintedRow> rows;
};
std::vector<PrintedSection> printed_sections(const Table& table);

/// Neighbouring columns under one heading, as indices into Table::columns.
struct ColumnGroup {
  std::string heading;  ///< "" for columns without a group, each of which stands alone
  std::size_t first = 0;
  std::size_t size = 0;
};
std::vector<ColumnGroup> column_groups(const std::vector<Column>& columns);

/// Labels and words stand to the left, numbers to the right.
bool is_to_the_right(const Column& column);

/// Title and caption as one text: "Norms at equal cost. Mean ± sd over seeds."
std::string caption_text(const Table& table);

/// "BLEU ↑", "Training (tokens/s)": heading, unit and the arrow towards better.
std::string heading_text(const Column& column);

}  // namespace ablate::lab
