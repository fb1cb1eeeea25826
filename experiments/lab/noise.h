#pragma once
// What the seeds of the baseline say about how small a difference the experiment can see.
#include "experiments/lab/table.h"

namespace ablate::lab {

/// A column's key and a difference in its unit: "bleu@test=0.5".
struct StatedDifference {
  std::string key;
  double size;
};

/// Throws std::invalid_argument, saying what is expected, unless `text` is a key, "=" and a positive number.
StatedDifference parse_difference(const std::string& text);

/// Footnotes: the baseline's noise in each column of figures, and the seeds a row that it takes to see the stated
/// differences. None where the baseline has fewer than two seeds.
std::vector<std::string> describe_noise(const Table& table, const std::vector<std::string>& differences);

}  // namespace ablate::lab
