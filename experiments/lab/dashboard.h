#pragma once
// What a user sees while an experiment runs, on standard error: on a terminal a line for each run that is worked on and
// one for the whole, rewritten where they stand; elsewhere plain lines.
#include "experiments/lab/run_event.h"

#include <chrono>
#include <functional>
#include <iosfwd>
#include <map>
#include <vector>

namespace ablate::lab {

/// 75 -> "1:15", 3700 -> "1:01:40"
std::string format_duration(double seconds);

/// At most so many columns of a terminal; what does not fit ends in "…".
std::string cut_to_width(std::string_view utf8, std::size_t columns);

/// What is known of a run that is worked on.
struct RunView {
  std::string name;  ///< such as "[3/12] swiglu, seed 2"
  RunEvent last;     ///< the last event that is no message
  bool has_begun = false;
};

/// Without what there is no room for. `name_width`: columns of the longest name beside it.
std::string run_line(const RunView& run, std::size_t name_width, std::size_t columns);

/// How far the whole is.
struct Tally {
  std::size_t all = 0, finished = 0, failed = 0, running = 0;
  std::size_t waiting() const { return all - std::min(all, finished + failed + running); }
};

std::string summary_line(const Tally& tally, std::optional<double> seconds_left, std::size_t columns);

/// Seconds until all is done, `jobs` at a time. A run that waits takes as long as the others on the mean; nothing
/// while none has told how far it is, and when there is nothing left.
std::optional<double> estimated_seconds_left(const Tally& tally, const std::vector<RunView>& running,
                                             const std::vector<double>& seconds_of_finished, std::size_t jobs);

struct TerminalSize {
  std::size_t columns = 80, rows = 24;
};
/// Of standard error; nothing if that is no terminal on which lines can be rewritten.
std::optional<TerminalSize> terminal_size();

enum class RunEnd { finished, failed, left };  ///< left: another process has it, or it was stopped

class Dashboard {
 public:
  /// `size` is asked before each drawing; nothing: plain lines.
  Dashboard(std::ostream& out, std::function<std::optional<TerminalSize>()> size);
  ~Dashboard();  ///< takes its lines away
  Dashboard(const Dashboard&) = delete;
  Dashboard& operator=(const Dashboard&) = delete;

  /// How many runs there are, how many of them were finished before, and the seconds that each of these took.
  void begin(std::size_t all, std::size_t finished, std::vector<double> seconds, std::size_t jobs);
  void message(const std::string& text);
  void start(std::size_t run, const std::string& name);
  void show(std::size_t run, const RunEvent& event);
  void end(std::size_t run, RunEnd how);

 private:
  using Clock = std::chrono::steady_clock;
  struct Running {
    RunView view;
    Clock::time_point since;
  };

  std::vector<RunView> views() const;
  std::string summary(std::size_t columns) const;
  void print(const std::string& line);
  void draw();
  void erase();

  std::ostream& out_;
  std::function<std::optional<TerminalSize>()> size_;
  Tally tally_;
  std::size_t jobs_ = 1;
  std::vector<double> seconds_;
  std::map<std::size_t, Running> running_;
  std::size_t drawn_ = 0;  ///< lines on the terminal that are ours
};

}  // namespace ablate::lab
