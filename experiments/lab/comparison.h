#pragma once
// Tests of the differences in a table: every row against the baseline, or all pairs of rows, corrected for how many
// they are.
#include "experiments/lab/table.h"
#include "experiments/metrics/sentence_statistics.h"
#include "transformer/config/fields.h"

#include <functional>

namespace ablate::lab {

/// The section `table.significance`.
struct SignificanceConfig {
  std::string kind = "none";
  std::string compare = "baseline";
  std::string correction = "holm";
  double level = 0.05;
  std::int64_t samples = 10000;
  void describe(config::Fields& f);
};

/// Where the figures of a table come from.
struct MeasuredOn {
  /// What identifies the data that a row's figure was measured on: rows with other data are not compared.
  std::function<std::string(std::size_t row, std::size_t column)> data;
  /// The sentence statistics of a figure of text, the mean over `seeds`; nothing if an output is not there.
  std::function<std::optional<metrics::SentenceStatistics>(std::size_t row, std::size_t column,
                                                           const std::vector<std::int64_t>& seeds)>
      sentences;
};

/// Fills `table.comparisons`, column by column, and adds footnotes that name the test and say what could not be tested.
/// Welch's test takes all measurements, the tests of sentences those of text; a pair of rows is compared on the seeds
/// that both finished.
void compare_rows(Table& table, const SignificanceConfig& config, const MeasuredOn& measured);

/// "p = 0.0123" or "p < 0.0001".
std::string p_text(double p);

}  // namespace ablate::lab
