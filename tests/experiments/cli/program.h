// The real program, started as a shell would start it: arguments and standard input in; exit status, standard
// output and standard error back; signals and a full disk on request.
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/data/support.h"
#include "tests/temporary_folder.h"

namespace ablate::testing {

struct Outcome {
  int status = -1;  ///< exit status; as in a shell 128 + n after signal n
  std::string out;
  std::string messages;  ///< standard error
};

struct ProgramSettings {
  std::string input = "";                   ///< standard input
  std::optional<rlim_t> largest_file = {};  ///< bytes: writing more fails as on a full disk
};

/// One start of the program in a folder, which is its working directory.
///
/// Its standard error is a pipe of the smallest size: a program that writes many lines waits until they are
/// read. So a test that has read up to some line knows that the program is not much further, however fast or
/// slow the machine.
class Program {
 public:
  Program(const TemporaryFolder& folder, const std::vector<std::string>& arguments,
          const ProgramSettings& settings = {})
      : out_(folder / ".program.out") {
    const std::filesystem::path in = folder.write(".program.in", settings.input);
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    ::fcntl(pipe[1], F_SETPIPE_SZ, 4096);
    std::vector<std::string> words = {ABLATE_BINARY};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    process_ = ::fork();
    if (process_ == 0) {
      become_program(folder.path(), in, pipe[1], settings, argv);
      ::_exit(127);
    }
    ::close(pipe[1]);
    messages_end_ = pipe[0];
    if (process_ < 0) throw std::runtime_error("cannot start the program");
  }
  ~Program() {
    if (process_ > 0) {
      ::kill(process_, SIGKILL);
      ::waitpid(process_, nullptr, 0);
    }
    ::close(messages_end_);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Reads messages until one of them has `text` in it; false if the program ends without.
  bool read_until(const std::string& text) {
    while (messages_.find(text) == std::string::npos) {
      if (!read_some()) return false;
    }
    return true;
  }
  void send(int signal) const { ::kill(process_, signal); }

  Outcome wait() {
    while (read_some()) {
    }
    int status = 0;
    ::waitpid(process_, &status, 0);
    process_ = -1;
    const int shown = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return {shown, data::testing::read_text(out_), messages_};
  }

 private:
  void become_program(const std::filesystem::path& folder, const std::filesystem::path& in, int messages,
                      const ProgramSettings& settings, const std::vector<char*>& argv) const {
    ::dup2(::open(in.c_str(), O_RDONLY | O_CLOEXEC), STDIN_FILENO);
    ::dup2(::open(out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), STDOUT_FILENO);
    ::dup2(messages, STDERR_FILENO);
    if (settings.largest_file) {
      const rlimit limit{*settings.largest_file, *settings.largest_file};
      ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ::setenv("ABLATE_DATA", (folder / "corpora").c_str(), 1);  // never a corpus that lies on this machine
    if (::chdir(folder.c_str()) == 0) ::execv(argv[0], argv.data());
  }
  bool read_some() {
    std::array<char, 256> bytes{};
    ssize_t count = 0;
    do {
      count = ::read(messages_end_, bytes.data(), bytes.size());
    } while (count < 0 && errno == EINTR);
    if (count <= 0) return false;
    messages_.append(bytes.data(), static_cast<std::size_t>(count));
    return true;
  }

  std::filesystem::path out_;
  pid_t process_ = -1;
  int messages_end_ = -1;
  std::string messages_;
};

/// Starts the program and waits for its end.
inline Outcome run_program(const TemporaryFolder& folder, const std::vector<std::string>& arguments,
                           const ProgramSettings& settings = {}) {
  return Program(folder, arguments, settings).wait();
}

}  // namespace ablate::testing
