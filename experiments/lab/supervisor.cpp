#include "experiments/lab/supervisor.h"

#include "transformer/core/error.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

extern char** environ;

namespace ablate::lab {
namespace {

/// A pipe whose ends close when another program is started.
struct NewPipe {
  NewPipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
      throw RunError(std::string("cannot start another process: ") + std::strerror(errno));
    }
    reader = ends[0], writer = ends[1];
  }
  ~NewPipe() {
    if (reader >= 0) ::close(reader);
    if (writer >= 0) ::close(writer);
  }
  NewPipe(const NewPipe&) = delete;
  NewPipe& operator=(const NewPipe&) = delete;
  int reader = -1, writer = -1;
};

std::vector<std::string> changed_environment(const std::vector<std::pair<std::string, std::string>>& changes) {
  std::vector<std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view variable = *entry;
    const std::string_view name = variable.substr(0, variable.find('='));
    bool is_changed = false;
    for (const auto& [changed, value] : changes) is_changed = is_changed || changed == name;
    if (!is_changed) variables.emplace_back(variable);
  }
  for (const auto& [name, value] : changes) variables.push_back(name + "=" + value);
  return variables;
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// SIGINT and SIGTERM wait while this lives: a new process must not hear them with the handlers of its parent.
class HeldSignals {
 public:
  HeldSignals() {
    sigset_t held;
    ::sigemptyset(&held);
    for (const int signal : {SIGINT, SIGTERM}) ::sigaddset(&held, signal);
    ::pthread_sigmask(SIG_BLOCK, &held, &before_);
  }
  ~HeldSignals() { let_go(); }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
  void let_go() const { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

/// Between fork() and exec() of a process with threads hardly anything may be called.
[[noreturn]] void become_program(pid_t parent, const HeldSignals& signals, int output, int messages,
                                 char* const* arguments, char* const* environment) {
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
  signals.let_go();
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(128 + SIGTERM);
  ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(messages, STDERR_FILENO);
  ::execve("/proc/self/exe", arguments, environment);
  ::_exit(127);
}

constexpr std::size_t longest_memory = 2000;

}  // namespace

std::string describe(const ProcessEnd& end) {
  if (end.signal == 0) return "ended with status " + std::to_string(end.status);
  std::string text = "killed by signal " + std::to_string(end.signal) + " (" + ::strsignal(end.signal) + ")";
  // What the system does to the largest process when memory runs out.
  return end.signal == SIGKILL ? text + ": the system may have run out of memory" : text;
}

Supervisor::~Supervisor() {
  for (auto& [id, process] : processes_) {
    ::kill(process.number, SIGKILL);
    ::waitpid(process.number, nullptr, 0);
    for (const Stream* stream : {&process.output, &process.messages}) {
      if (stream->descriptor >= 0) ::close(stream->descriptor);
    }
  }
}

void Supervisor::start(std::size_t id, const std::vector<std::string>& arguments,
                       const std::vector<std::pair<std::string, std::string>>& environment) {
  std::vector<std::string> words = {"ablate"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables = changed_environment(environment);
  const std::vector<char*> word_pointers = pointers_to(words), variable_pointers = pointers_to(variables);
  NewPipe output, messages;
  const pid_t parent = ::getpid();
  const HeldSignals signals;
  const pid_t number = ::fork();
  if (number == 0) {
    become_program(parent, signals, output.writer, messages.writer, word_pointers.data(), variable_pointers.data());
  }
  if (number < 0) throw RunError(std::string("cannot start another process: ") + std::strerror(errno));
  Process& process = processes_[id];
  process.number = number;
  process.output.descriptor = std::exchange(output.reader, -1);
  process.messages.descriptor = std::exchange(messages.reader, -1);
}

void Supervisor::wait(std::chrono::milliseconds most) {
  struct Watched {
    std::size_t id;
    bool is_output;
  };
  std::vector<pollfd> descriptors;
  std::vector<Watched> watched;
  for (const auto& [id, process] : processes_) {
    for (const bool is_output : {true, false}) {
      const int descriptor = (is_output ? process.output : process.messages).descriptor;
      if (descriptor < 0) continue;
      descriptors.push_back({descriptor, POLLIN, 0});
      watched.push_back({id, is_output});
    }
  }
  if (::poll(descriptors.data(), descriptors.size(), static_cast<int>(most.count())) <= 0) return;
  for (std::size_t i = 0; i < descriptors.size(); ++i) {
    if (descriptors[i].revents != 0) read_from(watched[i].id, watched[i].is_output);
  }
  for (const Watched& one : watched) {
    const auto found = processes_.find(one.id);
    if (found == processes_.end()) continue;
    if (found->second.output.descriptor < 0 && found->second.messages.descriptor < 0) finish(one.id);
  }
}

void Supervisor::read_from(std::size_t id, bool is_output) {
  Process& process = processes_.at(id);
  Stream& stream = is_output ? process.output : process.messages;
  std::array<char, 8192> bytes{};
  const ssize_t count = ::read(stream.descriptor, bytes.data(), bytes.size());
  if (count < 0 && errno == EINTR) return;
  if (count <= 0) {
    ::close(std::exchange(stream.descriptor, -1));
    if (!stream.line.empty()) pass_on(id, is_output, std::exchange(stream.line, {}));
    return;
  }
  stream.line.append(bytes.data(), static_cast<std::size_t>(count));
  std::size_t start = 0;
  for (std::size_t end = 0; (end = stream.line.find('\n', start)) != std::string::npos; start = end + 1) {
    pass_on(id, is_output, std::string_view(stream.line).substr(start, end - start));
  }
  stream.line.erase(0, start);
}

void Supervisor::pass_on(std::size_t id, bool is_output, std::string_view line) {
  if (is_output) return listener_.on_output(id, line);
  std::string& memory = processes_.at(id).last_messages;
  memory.append(line) += '\n';
  if (memory.size() > longest_memory) memory.erase(0, memory.size() - longest_memory);
  listener_.on_message(id, line);
}

void Supervisor::finish(std::size_t id) {
  const auto found = processes_.find(id);
  int status = 0;
  while (::waitpid(found->second.number, &status, 0) < 0 && errno == EINTR) {
  }
  ProcessEnd end;
  if (WIFSIGNALED(status)) {
    end.signal = WTERMSIG(status);
  } else {
    end.status = WEXITSTATUS(status);
  }
  end.last_messages = std::move(found->second.last_messages);
  processes_.erase(found);
  listener_.on_end(id, end);
}

void Supervisor::send_to_all(int signal) const {
  for (const auto& [id, process] : processes_) ::kill(process.number, signal);
}

}  // namespace ablate::lab
