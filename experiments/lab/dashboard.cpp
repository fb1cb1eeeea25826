#include "experiments/lab/dashboard.h"

#include "experiments/lab/render/unicode.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <ostream>

namespace ablate::lab {
namespace {

template <class... Values>
std::string printed(const char* format, Values... values) {
  char text[256];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

std::optional<double> seconds_left(const RunEvent& event) {
  if (!(event.progress > 0 && event.progress < 1)) return std::nullopt;
  return event.seconds / event.progress * (1 - event.progress);
}

std::string left_text(std::optional<double> seconds) { return seconds ? "  left " + format_duration(*seconds) : ""; }

/// What is worth most comes first: lines are cut at their ends.
std::string step_text(const RunEvent& event) {
  return printed("step %lld  epoch %lld  loss %.4f  lr %.3g  %.0f tokens/s", static_cast<long long>(event.step),
                 static_cast<long long>(event.epoch), event.loss, event.learning_rate, event.tokens_per_second) +
         left_text(seconds_left(event));
}

std::string evaluation_text(const RunEvent& event) {
  return printed("step %lld  epoch %lld  ", static_cast<long long>(event.step), static_cast<long long>(event.epoch)) +
         event.text + (event.best ? "  (best)" : "");
}

std::string decoding_text(const RunEvent& event) {
  return "decoding " + event.text + ": " + std::to_string(event.done) + " of " + std::to_string(event.all);
}

/// "████▌   " would need a font: "====>   " does not.
std::string bar(double share, std::size_t width) {
  const auto full = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(width));
  std::string text(full, '=');
  if (full < width) text += '>';
  text.resize(width, ' ');
  return "[" + text + "]";
}

double since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

std::string format_duration(double seconds) {
  const auto all = static_cast<long long>(std::llround(seconds));
  return all >= 3600 ? printed("%lld:%02lld:%02lld", all / 3600, all / 60 % 60, all % 60)
                     : printed("%lld:%02lld", all / 60, all % 60);
}

std::string cut_to_width(std::string_view utf8, std::size_t columns) {
  const std::u32string text = single_line(utf8);
  const std::string whole = to_utf8(text);
  if (display_width(whole) <= columns) return whole;
  if (columns == 0) return "";
  std::string kept;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string longer = to_utf8(text.substr(0, i + 1));
    if (display_width(longer) > columns - 1) break;
    kept = std::move(longer);
  }
  return kept + "…";
}

std::string run_line(const RunView& run, std::size_t name_width, std::size_t columns) {
  std::string line = cut_to_width(run.name, std::max<std::size_t>(columns / 2, 10));
  if (const std::size_t width = display_width(line); width < name_width) line.append(name_width - width, ' ');
  const RunEvent& last = run.last;
  if (!run.has_begun) {
    line += "  starts";
  } else if (last.kind == RunEvent::Kind::decoding) {
    const double share = last.all > 0 ? static_cast<double>(last.done) / static_cast<double>(last.all) : 0;
    line += "  " + bar(share, 10) + "  " + decoding_text(last);
  } else {
    if (last.progress > 0) line += "  " + bar(last.progress, 10) + printed(" %3.0f %%", 100 * last.progress);
    line += printed("  step %lld  loss %.4f  %.0f tokens/s", static_cast<long long>(last.step), last.loss,
                    last.tokens_per_second) +
            left_text(seconds_left(last));
  }
  // Runs of spaces are columns: only the end is cut.
  std::u32string text = code_points(line);
  while (display_width(line) > columns) {
    text.pop_back();
    line = to_utf8(text);
  }
  return line;
}

std::string summary_line(const Tally& tally, std::optional<double> seconds, std::size_t columns) {
  std::string line = std::to_string(tally.finished) + " of " + std::to_string(tally.all) + " runs finished";
  if (tally.failed > 0) line += ", " + std::to_string(tally.failed) + " failed";
  if (tally.running > 0) line += ", " + std::to_string(tally.running) + " running";
  if (seconds) line += ", about " + format_duration(*seconds) + " left";
  return cut_to_width(line, columns);
}

std::optional<double> estimated_seconds_left(const Tally& tally, const std::vector<RunView>& running,
                                             const std::vector<double>& seconds_of_finished, std::size_t jobs) {
  std::vector<double> whole = seconds_of_finished;
  double longest = 0, work = 0;
  std::size_t unknown = tally.waiting();
  for (const RunView& run : running) {
    const std::optional<double> left = seconds_left(run.last);
    if (!left) {
      // One that is at its end decodes; one that has just begun has all before it.
      unknown += run.last.kind == RunEvent::Kind::decoding || run.last.progress >= 1 ? 0 : 1;
      continue;
    }
    work += *left;
    longest = std::max(longest, *left);
    whole.push_back(run.last.seconds + *left);
  }
  const bool is_over = running.empty() && unknown == 0;
  if (whole.empty() || is_over) return std::nullopt;
  const double mean = std::accumulate(whole.begin(), whole.end(), 0.0) / static_cast<double>(whole.size());
  work += static_cast<double>(unknown) * mean;
  if (unknown > 0) longest = std::max(longest, mean);
  return std::max(longest, work / static_cast<double>(std::max<std::size_t>(1, jobs)));
}

std::optional<TerminalSize> terminal_size() {
  const char* kind = std::getenv("TERM");
  if (::isatty(STDERR_FILENO) == 0 || kind == nullptr || std::string_view(kind) == "dumb") return std::nullopt;
  winsize found{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &found) != 0 || found.ws_col == 0) return TerminalSize{};
  return TerminalSize{found.ws_col, found.ws_row};
}

Dashboard::Dashboard(std::ostream& out, std::function<std::optional<TerminalSize>()> size)
    : out_(out), size_(std::move(size)) {}

Dashboard::~Dashboard() {
  erase();
  out_ << std::flush;
}

void Dashboard::begin(std::size_t all, std::size_t finished, std::vector<double> seconds, std::size_t jobs) {
  tally_ = {.all = all, .finished = finished};
  seconds_ = std::move(seconds);
  jobs_ = jobs;
}

std::vector<RunView> Dashboard::views() const {
  std::vector<RunView> found;
  for (const auto& [number, run] : running_) found.push_back(run.view);
  return found;
}

std::string Dashboard::summary(std::size_t columns) const {
  return summary_line(tally_, estimated_seconds_left(tally_, views(), seconds_, jobs_), columns);
}

void Dashboard::erase() {
  if (drawn_ == 0) return;
  out_ << '\r';
  if (drawn_ > 1) out_ << "\x1b[" << drawn_ - 1 << 'A';
  out_ << "\x1b[J";
  drawn_ = 0;
}

void Dashboard::draw() {
  const std::optional<TerminalSize> size = size_();
  if (!size) return;
  erase();
  if (running_.empty()) return void(out_ << std::flush);
  // The last column is left free: some terminals begin a new line there.
  const std::size_t columns = std::max<std::size_t>(size->columns, 20) - 1;
  const std::size_t most = std::max<std::size_t>(size->rows, 4) - 2;
  std::size_t name_width = 0;
  for (const auto& [number, run] : running_) name_width = std::max(name_width, display_width(run.view.name));
  name_width = std::min(name_width, std::max<std::size_t>(columns / 2, 10));
  for (const auto& [number, run] : running_) {
    if (drawn_ == most) break;
    out_ << run_line(run.view, name_width, columns) << '\n';
    ++drawn_;
  }
  out_ << summary(columns) << std::flush;
  ++drawn_;
}

void Dashboard::print(const std::string& line) {
  erase();
  out_ << line << std::endl;
}

void Dashboard::message(const std::string& text) {
  print(text);
  draw();
}

void Dashboard::start(std::size_t run, const std::string& name) {
  running_[run] = {{.name = name, .last = {}}, Clock::now()};
  tally_.running = running_.size();
  draw();
}

void Dashboard::show(std::size_t run, const RunEvent& event) {
  const auto found = running_.find(run);
  if (found == running_.end()) return;
  RunView& view = found->second.view;
  const bool is_live = size_().has_value();
  if (event.kind == RunEvent::Kind::message) {
    print(view.name + ": " + event.text);
  } else if (event.kind == RunEvent::Kind::evaluated) {
    print(view.name + "  " + evaluation_text(event));
  } else {
    view.last = event;
    view.has_begun = true;
    if (!is_live && event.kind == RunEvent::Kind::logged) print(view.name + "  " + step_text(event));
  }
  if (is_live) draw();
}

void Dashboard::end(std::size_t run, RunEnd how) {
  const auto found = running_.find(run);
  if (found == running_.end()) return;
  if (how == RunEnd::finished) seconds_.push_back(since(found->second.since));
  running_.erase(found);
  tally_.running = running_.size();
  tally_.finished += how == RunEnd::finished ? 1 : 0;
  tally_.failed += how == RunEnd::failed ? 1 : 0;
  if (size_()) {
    draw();
  } else if (how != RunEnd::left) {
    print(summary(/*columns=*/1000));
  }
}

}  // namespace ablate::lab
