#include "experiments/lab/progress.h"

#include <cmath>
#include <cstdio>
#include <ostream>

namespace ablate::lab {
namespace {

std::string format_line(const LogLine& line) {
  char text[256];
  std::snprintf(text, sizeof text, "step %lld  epoch %lld  loss %.4f  lr %.3g  %.0f tokens/s",
                static_cast<long long>(line.step), static_cast<long long>(line.epoch), line.loss, line.learning_rate,
                line.tokens_per_second);
  std::string shown = text;
  if (line.progress > 0 && line.progress < 1) {
    shown += "  left " + format_duration(line.seconds / line.progress * (1 - line.progress));
  }
  return shown;
}

}  // namespace

std::string format_duration(double seconds) {
  const auto all = static_cast<long long>(std::llround(seconds));
  char text[48];
  if (all >= 3600) {
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", all / 3600, all / 60 % 60, all % 60);
  } else {
    std::snprintf(text, sizeof text, "%lld:%02lld", all / 60, all % 60);
  }
  return text;
}

void Progress::clear_live() {
  if (shown_ == 0) return;
  out_ << '\r' << std::string(shown_, ' ') << '\r';
  shown_ = 0;
}

void Progress::show_live(const std::string& text) {
  clear_live();
  out_ << text << std::flush;
  shown_ = text.size();
}

void Progress::message(const std::string& text) {
  clear_live();
  out_ << text << std::endl;
}

void Progress::step(const LogLine& line) {
  const auto now = std::chrono::steady_clock::now();
  if (!live_ || now - last_ < std::chrono::milliseconds(200)) return;
  last_ = now;
  show_live(run_ + "  " + format_line(line));
}

void Progress::logged(const LogLine& line) {
  if (!live_) message(run_ + "  " + format_line(line));
}

void Progress::evaluated(const EvaluationLine& line) {
  char text[160];
  std::snprintf(text, sizeof text, "  step %lld  epoch %lld  dev nll %.4f  perplexity %.2f%s",
                static_cast<long long>(line.step), static_cast<long long>(line.epoch), line.dev.nll,
                std::exp(line.dev.nll), line.best ? "  (best)" : "");
  message(run_ + text);
}

void Progress::decoding(const std::string& split, std::int64_t done, std::int64_t all) {
  if (live_) show_live(run_ + "  decoding " + split + ": " + std::to_string(done) + " of " + std::to_string(all));
}

}  // namespace ablate::lab
