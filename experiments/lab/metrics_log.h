#pragma once
// metrics.jsonl: one line of JSON per log step and per evaluation.
#include "transformer/config/json.h"

#include <cstdint>
#include <cstdio>
#include <filesystem>

namespace ablate::lab {

class MetricsLog {
 public:
  /// Opens a log for appending. Lines of later steps than `step` were written by a run that was killed after its last
  /// saved state: they are cut off, for they will be written again.
  MetricsLog(std::filesystem::path file, std::int64_t step);
  ~MetricsLog();
  MetricsLog(const MetricsLog&) = delete;
  MetricsLog& operator=(const MetricsLog&) = delete;

  /// Writes a line and hands it to the system; RunError if that fails.
  void write(const Json& line);

 private:
  std::filesystem::path file_;
  std::FILE* out_ = nullptr;
};

}  // namespace ablate::lab
