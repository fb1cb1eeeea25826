#pragma once
// What metrics.jsonl of a run tells over time.
#include "transformer/config/json.h"

#include <filesystem>
#include <string>
#include <vector>

namespace ablate::lab {

/// Quantities over the lines of a log, by name; all as long as there are lines. A quantity that a line lacks, or that
/// was not finite, is NaN.
struct Curve {
  std::vector<std::string> names;
  std::vector<std::vector<double>> values;
  const std::vector<double>& of(const std::string& name) const;  ///< std::out_of_range for a name that it has not
  std::size_t size() const { return values.empty() ? 0 : values.front().size(); }
  Json json() const;  ///< {"step": [...], ...}; null for NaN
};

struct RunCurves {
  Curve log;          ///< step, epoch, tokens, seconds, loss, nll, gradient_norm, learning_rate, tokens_per_second
  Curve evaluations;  ///< step, epoch, tokens, seconds, dev_loss, dev_nll, dev_accuracy
};

/// Empty curves where there is no file. A last line that a killed run left half-written is no line.
RunCurves read_curves(const std::filesystem::path& metrics_file);

}  // namespace ablate::lab
