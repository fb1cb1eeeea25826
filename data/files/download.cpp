#include "data/files/download.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "transformer/core/error.h"

extern char** environ;

namespace ablate::data {
namespace {

/// The pipe that carries what curl writes to standard error.
class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) {
      throw RunError(std::string("cannot start curl: ") + std::strerror(errno));
    }
  }
  ~Pipe() {
    ::close(ends_[0]);
    close_writing();
  }
  int writing() const { return ends_[1]; }
  void close_writing() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }
  std::string read_all(const StopCheck& stop) {
    constexpr int milliseconds = 200;
    std::string text;
    std::array<char, 4096> buffer{};
    for (;;) {
      stop();
      pollfd readable{ends_[0], POLLIN, 0};
      if (::poll(&readable, 1, milliseconds) <= 0) continue;  // nothing yet, or a signal
      const ssize_t bytes = ::read(ends_[0], buffer.data(), buffer.size());
      if (bytes < 0 && errno == EINTR) continue;
      if (bytes <= 0) return text;
      text.append(buffer.data(), static_cast<std::size_t>(bytes));
    }
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

std::string first_line(std::string text) {
  text = text.substr(0, text.find_last_not_of(" \r\n") + 1);
  return text.substr(0, text.find('\n'));
}

pid_t start(std::vector<std::string> arguments, int standard_error) {
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, standard_error, STDERR_FILENO);
  pid_t process = 0;
  const int status = ::posix_spawnp(&process, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (status == ENOENT) throw RunError("downloads need the program 'curl', which is not installed");
  if (status != 0) throw RunError(std::string("cannot start curl: ") + std::strerror(status));
  return process;
}

/// A process that is ended with its owner unless it has ended by itself.
class Process {
 public:
  explicit Process(pid_t number) : number_(number) {}
  ~Process() {
    if (number_ == 0) return;
    ::kill(number_, SIGTERM);
    ::waitpid(number_, nullptr, 0);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  int wait() {
    int status = 0;
    while (::waitpid(number_, &status, 0) < 0) {
      if (errno != EINTR) throw RunError(std::string("lost track of curl: ") + std::strerror(errno));
    }
    number_ = 0;
    return status;
  }

 private:
  pid_t number_;
};

}  // namespace

void download(const std::string& address, const std::filesystem::path& file, const StopCheck& stop) {
  Pipe errors;
  Process process(start({"curl", "--fail", "--location", "--silent", "--show-error", "--globoff", "--proto",
                         "=http,https,file", "--proto-redir", "=http,https", "--connect-timeout", "30",
                         // Under 1 byte a second for a minute: the other side has gone.
                         "--speed-limit", "1", "--speed-time", "60", "--output", file.string(), "--url", address},
                        errors.writing()));
  errors.close_writing();
  const std::string said = first_line(errors.read_all(stop));
  const int status = process.wait();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  std::string reason = said;
  if (reason.empty()) {
    reason = WIFEXITED(status) ? "curl ended with status " + std::to_string(WEXITSTATUS(status))
                               : "curl was ended by signal " + std::to_string(WTERMSIG(status));
  }
  throw RunError("cannot download " + address + ": " + reason);
}

}  // namespace ablate::data
