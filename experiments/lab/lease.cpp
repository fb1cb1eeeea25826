#include "experiments/lab/lease.h"

#include "transformer/core/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <mutex>
#include <optional>
#include <random>
#include <sstream>
#include <thread>
#include <utility>

namespace ablate::lab {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;

std::optional<std::string> text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

std::string first_line(const fs::path& file) {
  std::string line;
  std::ifstream in(file);
  std::getline(in, line);
  return line;
}

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 && name[0] != '\0' ? name : "localhost";
}

/// Process numbers mean something within one boot and one container only. "" where the system does not tell the boot.
std::string machine_name() {
  const std::string boot = first_line("/proc/sys/kernel/random/boot_id");
  std::error_code ignored;
  return boot.empty() ? "" : boot + " " + fs::read_symlink("/proc/self/ns/pid", ignored).string();
}

struct ProcessStatus {
  char state = '?';        ///< Z and X: it is dead, though its parent may not know it yet
  std::int64_t start = 0;  ///< ticks since the boot: tells it from a later one of the same number
};

/// Nothing if the system does not tell.
std::optional<ProcessStatus> status_of(std::int64_t process) {
  const auto stat = text_of("/proc/" + std::to_string(process) + "/stat");
  if (!stat) return std::nullopt;
  // The name of the program, in brackets, may hold anything; field 3 comes after it.
  std::istringstream fields(stat->substr(std::min(stat->size(), stat->rfind(')') + 1)));
  ProcessStatus status;
  fields >> status.state;
  std::string field;
  for (int i = 4; i <= 22; ++i) fields >> field;
  status.start = std::strtoll(field.c_str(), nullptr, 10);
  return status;
}

std::string random_token() {
  std::random_device device;
  char text[40];
  std::snprintf(text, sizeof text, "%08x%08x%08x", device(), device(), device());
  return text;
}

}  // namespace

struct Owner {
  std::string host, machine, token;
  std::int64_t process = 0, start = 0, beat = 0;
  std::string shown() const { return host.empty() ? "" : host + ", process " + std::to_string(process); }
};

namespace {

constexpr int beat_width = 12;

std::string beat_text(std::int64_t beat) {
  char text[32];
  std::snprintf(text, sizeof text, "%*lld", beat_width, static_cast<long long>(beat));
  return text;
}

/// The beat comes last and is padded, so that it can be overwritten where it stands.
std::string before_beat(const Owner& owner) {
  const nlohmann::ordered_json json = {{"host", owner.host},
                                       {"machine", owner.machine},
                                       {"pid", owner.process},
                                       {"start", owner.start},
                                       {"token", owner.token}};
  const std::string text = json.dump();
  return text.substr(0, text.size() - 1) + R"(,"beat":)";
}

/// Nothing if there is no such file. One that cannot be understood belongs to an owner who never beats.
std::optional<Owner> read_owner(const fs::path& file) {
  const std::optional<std::string> text = text_of(file);
  if (!text) return std::nullopt;
  const auto json = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  try {
    return Owner{.host = json.at("host"),
                 .machine = json.at("machine"),
                 .token = json.at("token"),
                 .process = json.at("pid"),
                 .start = json.at("start"),
                 .beat = json.at("beat")};
  } catch (const nlohmann::json::exception&) {
    Owner unreadable;
    unreadable.token = "?" + *text;
    return unreadable;
  }
}

/// Creates `file` with that content in one step; false if it is there already. Over a network an answer may be lost
/// and the call repeated, so the number of names of the temporary file tells whether it went well.
bool create_file(const fs::path& file, const std::string& content) {
  fs::path temporary = file;
  temporary.replace_filename("." + file.filename().string() + ".tmp-" + random_token());
  {
    std::ofstream out(temporary, std::ios::binary);
    if (!(out << content << std::flush)) {
      const int reason = errno;
      std::error_code ignored;
      fs::remove(temporary, ignored);
      throw RunError("cannot write " + temporary.string() + ": " + std::strerror(reason));
    }
  }
  struct stat found {};
  const int status = ::link(temporary.c_str(), file.c_str());
  const int reason = errno;
  bool made = ::stat(temporary.c_str(), &found) == 0 && found.st_nlink == 2;
  ::unlink(temporary.c_str());
  if (status == 0 || made) return true;
  if (reason == EEXIST || reason == ENOENT) return false;
  // A file system without a second name for a file. A reader may see the file empty for a moment, and watches it.
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0 && errno == EEXIST) return false;
  made = descriptor >= 0 && ::write(descriptor, content.data(), content.size()) == static_cast<ssize_t>(content.size());
  if (!made) throw RunError("cannot create " + file.string() + ": " + std::strerror(errno));
  ::close(descriptor);
  return true;
}

}  // namespace

/// What watching an owner out of sight has shown so far.
enum class Pulse { unknown, beating, silent };

struct Lease::State {
  State(fs::path folder_in, LeaseSettings settings_in)
      : folder(std::move(folder_in)), file(folder / "owner.json"), settings(std::move(settings_in)) {
    if (settings.host.empty()) settings.host = host_name();
    if (settings.machine.empty()) settings.machine = machine_name();
  }

  bool is_near(const Owner& owner) const;
  bool is_dead(const Owner& owner) const;
  Pulse watch(const Owner& owner);
  bool take_lock();
  bool remove_file_of(const Owner& owner);
  void remove_old_claims() const;
  bool become_owner();
  bool owns_file();
  void beat_until_released();
  void release();

  fs::path folder, file;
  LeaseSettings settings;
  std::string holder;
  int lock = -1;
  // The owner that is being watched.
  std::string watched_token;
  std::int64_t watched_beat = 0;
  Clock::time_point watched_since;
  // This process as the owner: `token` is empty while it is none.
  Owner own;
  std::string prefix;
  int descriptor = -1;
  std::atomic<bool> lost{false};
  std::mutex mutex;
  std::condition_variable stopped;
  bool stop = false;
  std::thread heart;
};

/// Its process can be seen from here.
bool Lease::State::is_near(const Owner& owner) const {
  return !owner.machine.empty() && owner.machine == settings.machine && owner.host == settings.host;
}

bool Lease::State::is_dead(const Owner& owner) const {
  if (!is_near(owner)) return false;
  if (::kill(static_cast<pid_t>(owner.process), 0) != 0 && errno == ESRCH) return true;
  const std::optional<ProcessStatus> status = status_of(owner.process);
  return status && (status->state == 'Z' || status->state == 'X' || status->start != owner.start);
}

Pulse Lease::State::watch(const Owner& owner) {
  const bool is_known = owner.token == watched_token;
  if (is_known && owner.beat == watched_beat) {
    return Clock::now() - watched_since >= settings.patience ? Pulse::silent : Pulse::unknown;
  }
  watched_token = owner.token;
  watched_beat = owner.beat;
  watched_since = Clock::now();
  return is_known ? Pulse::beating : Pulse::unknown;
}

/// False if another process of this machine has the lock. Where there are no locks, the file alone decides.
bool Lease::State::take_lock() {
  if (!settings.use_flock) return true;
  const fs::path path = folder / "lock";
  lock = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666);
  if (lock < 0) throw RunError(path.string() + ": cannot be written: " + std::strerror(errno));
  int status = 0;
  do {
    status = ::flock(lock, LOCK_EX | LOCK_NB);
  } while (status != 0 && errno == EINTR);
  if (status != 0) return errno == ENOSYS || errno == EOPNOTSUPP || errno == ENOLCK;
  struct stat held {};
  // A lock file without a name was deleted with its folder, by a process that is about to train here.
  return ::fstat(lock, &held) == 0 && held.st_nlink > 0;
}

/// Deletes the file of an owner that is taken to be dead, or of this one. Only who could create the claim on its token
/// may do so: the file that is found under the name cannot become that of a living owner between the look and the
/// deletion. False if another one was quicker, or the owner lives.
bool Lease::State::remove_file_of(const Owner& owner) {
  const bool is_readable = !owner.token.starts_with('?');
  const fs::path claim = folder / ("owner.json.taken-" + (is_readable ? owner.token : std::string("unreadable")));
  Owner self = own;
  self.token = random_token();
  if (!create_file(claim, before_beat(self) + beat_text(0) + "}\n")) {
    // Whoever claimed it has died since then, if it is still there when patience is at its end a second time.
    const std::optional<Owner> other = read_owner(claim);
    const bool is_old = Clock::now() - watched_since >= 2 * settings.patience && owner.token == watched_token;
    if (other && (is_dead(*other) || is_old)) ::unlink(claim.c_str());
    return false;
  }
  const std::optional<Owner> found = read_owner(file);
  const bool same = found && found->token == owner.token && found->beat == owner.beat;
  if (same) ::unlink(file.c_str());
  ::unlink(claim.c_str());
  return same;
}

/// Those of processes that died with them: they are about owners that are no more.
void Lease::State::remove_old_claims() const {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("owner.json.taken-") && !name.ends_with(own.token)) fs::remove(entry.path(), ignored);
  }
}

bool Lease::State::become_owner() {
  own.token = random_token();
  own.beat = 0;
  prefix = before_beat(own);
  if (!create_file(file, prefix + beat_text(0) + "}\n")) return false;
  // Kept open: the beat reaches this file alone, whatever the name stands for by then.
  descriptor = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) {
    const int reason = errno;
    ::unlink(file.c_str());
    throw RunError(file.string() + ": cannot be written: " + std::strerror(reason));
  }
  if (!owns_file()) return false;
  remove_old_claims();
  lost = false;
  stop = false;
  // Signals are for the thread that works.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  heart = std::thread([this] { beat_until_released(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return true;
}

bool Lease::State::owns_file() {
  const std::optional<Owner> found = read_owner(file);
  if (found && found->token == own.token) return true;
  holder = found ? found->shown() : "";
  return false;
}

void Lease::State::beat_until_released() {
  std::unique_lock guard(mutex);
  while (!stopped.wait_for(guard, settings.beat, [this] { return stop; })) {
    const std::optional<Owner> found = read_owner(file);
    std::error_code ignored;
    // A file that is there but could not be read this once says nothing.
    if (found ? found->token != own.token : !fs::exists(file, ignored)) {
      lost = true;
      return;
    }
    const std::string text = beat_text(++own.beat);
    // A beat that fails is made up for by the next one; one that never comes is what others watch for.
    if (::pwrite(descriptor, text.data(), text.size(), static_cast<off_t>(prefix.size())) > 0) ::fsync(descriptor);
  }
}

void Lease::State::release() {
  if (heart.joinable()) {
    {
      const std::lock_guard guard(mutex);
      stop = true;
    }
    stopped.notify_all();
    heart.join();
  }
  if (descriptor >= 0) {
    ::close(std::exchange(descriptor, -1));
    try {
      if (const auto found = read_owner(file); found && found->token == own.token) remove_file_of(*found);
    } catch (const RunError&) {
      // A full disk: the next one finds a dead owner.
    }
  }
  own.token.clear();
  if (lock >= 0) ::close(std::exchange(lock, -1));
}

Lease::Lease(fs::path folder, LeaseSettings settings)
    : state_(std::make_unique<State>(std::move(folder), std::move(settings))) {
  state_->own.host = state_->settings.host;
  state_->own.machine = state_->settings.machine;
}

Lease::~Lease() { release(); }

LeaseAnswer Lease::try_acquire() {
  State& state = *state_;
  if (is_held()) return LeaseAnswer::acquired;
  make_folders(state.folder);
  state.own.process = ::getpid();
  state.own.start = status_of(state.own.process).value_or(ProcessStatus{}).start;
  const auto answer = [&state](LeaseAnswer given) {
    state.release();
    return given;
  };
  const bool is_locked = state.take_lock();
  std::optional<Owner> owner = read_owner(state.file);
  state.holder = owner ? owner->shown() : "";
  if (!is_locked) return answer(LeaseAnswer::busy);
  if (owner && !state.is_dead(*owner)) {
    if (state.is_near(*owner)) return answer(LeaseAnswer::busy);
    const Pulse pulse = state.watch(*owner);
    if (pulse != Pulse::silent) return answer(pulse == Pulse::beating ? LeaseAnswer::busy : LeaseAnswer::watch);
  }
  if (owner && !state.remove_file_of(*owner)) return answer(LeaseAnswer::watch);
  if (!state.become_owner()) return answer(LeaseAnswer::watch);
  state.holder.clear();
  state.watched_token.clear();
  return LeaseAnswer::acquired;
}

const std::string& Lease::holder() const { return state_->holder; }
bool Lease::is_held() const { return state_->descriptor >= 0; }
bool Lease::seems_lost() const { return state_->lost; }

bool Lease::still_owner() {
  if (!is_held()) return false;
  if (!state_->owns_file()) state_->lost = true;
  return !state_->lost;
}

void Lease::check() {
  if (still_owner()) return;
  const std::string by = holder().empty() ? "another process" : holder();
  throw LeaseLost(state_->folder.string() + ": taken over by " + by +
                  " while this process stood still: it writes nothing more here");
}

void Lease::release() { state_->release(); }

}  // namespace ablate::lab
