#pragma once
// Everything that a report of an experiment shows, as JSON: the table, the curves of every run, sample outputs,
// attention of chosen sentences, and what is needed to repeat it. The page that shows it is report/page.html.
#include "experiments/lab/preparation.h"

namespace ablate::lab {

struct ReportOptions {
  std::filesystem::path out;            ///< folder of runs
  std::string command;                  ///< that trains the experiment
  std::int64_t samples = 20;            ///< sentences whose outputs stand side by side
  std::vector<std::int64_t> attention;  ///< sentences, numbered from 0, of the first evaluated split; none: chosen
  std::size_t attention_sentences = 2;  ///< how many are chosen
  at::Device device = at::kCPU;
};

/// What is not measured yet is empty there. Log lines of a long run are thinned to some 2,000. UserError for a sentence
/// that the split does not have.
Json report_data(const Experiment& experiment, const std::vector<PreparedRow>& rows,
                 const std::vector<std::int64_t>& seeds, const ReportOptions& options);

}  // namespace ablate::lab
