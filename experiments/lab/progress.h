#pragma once
// What a run tells of itself while it is worked on: events for whoever shows them, a dashboard or another process.
#include "experiments/lab/run_event.h"
#include "transformer/training/trainer.h"

#include <chrono>
#include <functional>

namespace ablate::lab {

class Progress {
 public:
  using Sink = std::function<void(const RunEvent&)>;
  explicit Progress(Sink sink) : sink_(std::move(sink)) {}

  void message(const std::string& text);
  void step(const LogLine& line);    ///< passed on a few times a second
  void logged(const LogLine& line);  ///< passed on every time
  void evaluated(const EvaluationLine& line, const std::string& found);
  void decoding(const std::string& split, std::int64_t done, std::int64_t all);

 private:
  bool is_due();

  Sink sink_;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace ablate::lab
