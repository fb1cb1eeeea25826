#pragma once
// What the tests of significance read again: the rows' data, and the outputs in their runs' folders.
#include "experiments/lab/results_table.h"
#include "experiments/metrics/corpus.h"
#include "experiments/metrics/sentence_statistics.h"

#include <map>
#include <tuple>

namespace ablate::lab {

class MeasuredRows {
 public:
  /// Rows as in the table, whose columns of figures are named metric@split. All must outlive it.
  MeasuredRows(const std::vector<PreparedRow>& rows, std::filesystem::path out, const Table& table);

  /// What identifies the data of a row's figure. Of a figure of text the references alone count: rows may tokenize them
  /// in different ways.
  std::string data(std::size_t row, std::size_t column) const;

  /// The sentence statistics of a figure of text, the mean over `seeds`; nothing if an output is not there. A row is
  /// compared more than once, the baseline with all others: its outputs are read and counted once.
  const std::optional<metrics::SentenceStatistics>& sentences(std::size_t row, std::size_t column,
                                                              const std::vector<std::int64_t>& seeds);

 private:
  std::optional<metrics::SentenceStatistics> count_sentences(std::size_t row, std::size_t column,
                                                             const std::vector<std::int64_t>& seeds) const;

  const std::vector<PreparedRow>& rows_;
  std::filesystem::path out_;
  const Table& table_;
  std::map<std::tuple<std::size_t, std::size_t, std::vector<std::int64_t>>, std::optional<metrics::SentenceStatistics>>
      counted_;
};

/// "bleu:tokenize=none" and "test" of "bleu:tokenize=none@test".
Figure figure_of(const Column& column);

/// The outputs of a run for a split as its row decodes it; nothing where they are not there, or were made from other
/// data than the split has now.
std::optional<metrics::Lines> outputs_of(const PreparedRow& row, const std::filesystem::path& out, std::int64_t seed,
                                         const std::string& split);

}  // namespace ablate::lab
