// Experiment files for tests: written to a folder, loaded, and their errors line by line.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/lab/experiment.h"
#include "tests/catch.h"
#include "tests/temporary_folder.h"

namespace ablate::lab::testing {

using ablate::testing::TemporaryFolder;

/// Keys of a file joined to what every experiment must say.
inline std::string experiment_text(const std::string& keys) {
  return R"({"training": {"budget": {"steps": 10}})" + (keys.empty() ? "" : ", " + keys) + "}";
}

inline Experiment load(const TemporaryFolder& folder, const std::string& keys,
                       const std::vector<std::string>& settings = {}) {
  return load_experiment(folder.write("experiment.json", experiment_text(keys)), settings);
}

/// Everything that is wrong with a file; "" if nothing is.
inline std::string errors_of(const std::filesystem::path& file, const std::vector<std::string>& settings = {}) {
  return ablate::testing::thrown_message([&] { load_experiment(file, settings); }).value_or("");
}

inline std::string errors_of(const TemporaryFolder& folder, const std::string& keys,
                             const std::vector<std::string>& settings = {}) {
  return errors_of(folder.write("experiment.json", experiment_text(keys)), settings);
}

inline std::vector<std::string> labels(const Experiment& experiment) {
  std::vector<std::string> found;
  for (const ExperimentRow& row : experiment.rows) found.push_back(row.label);
  return found;
}

/// The line that has `part` in it, "" if none has.
inline std::string line_with(const std::string& text, const std::string& part) {
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string line = text.substr(start, end - start);
    if (line.find(part) != std::string::npos) return line;
    start = end + 1;
  }
  return "";
}

}  // namespace ablate::lab::testing
