#pragma once
// What a user sees while an experiment runs: one live line on a terminal, plain lines elsewhere, all on standard error.
#include "transformer/training/trainer.h"

#include <chrono>
#include <iosfwd>
#include <string>

namespace ablate::lab {

class Progress {
 public:
  /// `live`: the stream is a terminal, and the line may be rewritten.
  Progress(std::ostream& out, bool live) : out_(out), live_(live) {}

  void message(const std::string& text);
  /// The run that the next lines are about, such as "swiglu, seed 2 (3 of 12)".
  void start_run(const std::string& name) { run_ = name; }
  void step(const LogLine& line);    ///< shown live only, a few times a second
  void logged(const LogLine& line);  ///< shown as a plain line where there is no terminal
  void evaluated(const EvaluationLine& line);
  void decoding(const std::string& split, std::int64_t done, std::int64_t all);

 private:
  void show_live(const std::string& text);
  void clear_live();

  std::ostream& out_;
  bool live_;
  std::size_t shown_ = 0;
  std::string run_;
  std::chrono::steady_clock::time_point last_{};
};

/// 75 -> "1:15", 3700 -> "1:01:40"
std::string format_duration(double seconds);

}  // namespace ablate::lab
