#include "experiments/lab/progress.h"

namespace ablate::lab {
namespace {

RunEvent event_of(RunEvent::Kind kind, const LogLine& line) {
  return {.kind = kind,
          .step = line.step,
          .epoch = line.epoch,
          .loss = line.loss,
          .learning_rate = line.learning_rate,
          .tokens_per_second = line.tokens_per_second,
          .seconds = line.seconds,
          .progress = line.progress};
}

}  // namespace

bool Progress::is_due() {
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < std::chrono::milliseconds(200)) return false;
  last_ = now;
  return true;
}

void Progress::message(const std::string& text) { sink_({.kind = RunEvent::Kind::message, .text = text}); }

void Progress::step(const LogLine& line) {
  if (is_due()) sink_(event_of(RunEvent::Kind::step, line));
}

void Progress::logged(const LogLine& line) { sink_(event_of(RunEvent::Kind::logged, line)); }

void Progress::evaluated(const EvaluationLine& line, const std::string& found) {
  sink_({.kind = RunEvent::Kind::evaluated,
         .text = found,
         .step = line.step,
         .epoch = line.epoch,
         .seconds = line.seconds,
         .best = line.best});
}

void Progress::decoding(const std::string& split, std::int64_t done, std::int64_t all) {
  if (done == all || is_due()) sink_({.kind = RunEvent::Kind::decoding, .text = split, .done = done, .all = all});
}

}  // namespace ablate::lab
