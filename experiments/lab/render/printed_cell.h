#pragma once
// What the formats for people print in a cell and over a column, before the markup of the format. Internal to
// render.
#include <string>

#include "experiments/lab/table.h"

namespace ablate::lab {

struct PrintedCell {
  State state = State::missing;
  NumberText number;  ///< for State::value of a column of numbers
  std::string text;   ///< for State::value of a column of text
  std::string note;   ///< "1 of 3 diverged, 1 of 3 running", "" if there is nothing to add
  bool best = false;
};

PrintedCell printed_cell(const Cell& cell, const Column& column, bool best);

/// "BLEU ↑", "Training (tokens/s)": heading, unit and the arrow towards better.
std::string heading_text(const Column& column);

}  // namespace ablate::lab
