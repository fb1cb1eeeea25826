#pragma once
// Several processes of this program at once: started, listened to, stopped.
#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ablate::lab {

struct ProcessEnd {
  int status = 0;               ///< exit status, if no signal ended it
  int signal = 0;               ///< that ended it, or 0
  std::string last_messages{};  ///< the end of its standard error
};

/// "killed by signal 9 (Killed): the system may have run out of memory"; "ended with status 3"
std::string describe(const ProcessEnd& end);

class Supervisor {
 public:
  struct Listener {
    std::function<void(std::size_t id, std::string_view line)> on_output;   ///< standard output, line by line
    std::function<void(std::size_t id, std::string_view line)> on_message;  ///< standard error
    std::function<void(std::size_t id, const ProcessEnd& end)> on_end;      ///< may start the next one
  };
  explicit Supervisor(Listener listener) : listener_(std::move(listener)) {}
  /// Kills what still runs.
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  /// Starts this very program again, with these arguments and changes to the environment. It does not get the Ctrl-C of
  /// the terminal, and gets SIGTERM when this process ends. RunError if the system has no room for it.
  void start(std::size_t id, const std::vector<std::string>& arguments,
             const std::vector<std::pair<std::string, std::string>>& environment);
  /// Waits until something happens, no longer than that, and tells the listener.
  void wait(std::chrono::milliseconds most);
  void send_to_all(int signal) const;
  std::size_t running() const { return processes_.size(); }

 private:
  /// One of the two streams of a process.
  struct Stream {
    int descriptor = -1;
    std::string line;  ///< what came since the last end of a line
  };
  struct Process {
    pid_t number = -1;
    Stream output, messages;
    std::string last_messages;
  };

  void read_from(std::size_t id, bool is_output);
  void pass_on(std::size_t id, bool is_output, std::string_view line);
  void finish(std::size_t id);

  Listener listener_;
  std::map<std::size_t, Process> processes_;
};

}  // namespace ablate::lab
