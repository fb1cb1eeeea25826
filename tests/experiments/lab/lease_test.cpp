#include "experiments/lab/lease.h"

#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <functional>
#include <thread>

#include <nlohmann/json.hpp>

#include "tests/catch.h"
#include "tests/temporary_folder.h"

namespace fs = std::filesystem;
using namespace ablate;
using namespace ablate::lab;
using namespace std::chrono_literals;
using ablate::testing::TemporaryFolder;

namespace {

/// This process as one of another machine, on a file system whose locks do not reach that far.
LeaseSettings machine(const std::string& name, std::chrono::milliseconds patience = 200ms) {
  return {.patience = patience, .beat = 20ms, .host = name, .machine = "boot of " + name, .use_flock = false};
}

nlohmann::json owner_in(const fs::path& folder) {
  std::ifstream in(folder / "owner.json");
  return nlohmann::json::parse(in);
}

/// A file as a process of the given machine would have left it.
void write_owner(const TemporaryFolder& folder, const LeaseSettings& of, std::int64_t process, std::int64_t start) {
  const nlohmann::json owner = {{"host", of.host}, {"machine", of.machine}, {"pid", process},
                                {"start", start},  {"token", "somebody"},   {"beat", 7}};
  folder.write("owner.json", owner.dump());
}

/// The answer as soon as it is not `watch`.
LeaseAnswer answer_of(Lease& lease) {
  LeaseAnswer answer = lease.try_acquire();
  while (answer == LeaseAnswer::watch) {
    std::this_thread::sleep_for(5ms);
    answer = lease.try_acquire();
  }
  return answer;
}

/// Another process that runs `work` and ends with what it returns.
class Child {
 public:
  explicit Child(const std::function<int()>& work) : process_(::fork()) {
    if (process_ == 0) ::_exit(work());
  }
  ~Child() {
    if (process_ > 0) send(SIGKILL), wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  void send(int signal) const { ::kill(process_, signal); }
  pid_t process() const { return process_; }
  int wait() {
    int status = 0;
    ::waitpid(std::exchange(process_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t process_;
};

/// One end of a pipe for each of two processes, to wait for each other.
struct Pipe {
  Pipe() { REQUIRE(::pipe(ends) == 0); }
  ~Pipe() { ::close(ends[0]), ::close(ends[1]); }
  void tell() const { REQUIRE(::write(ends[1], "x", 1) == 1); }
  void wait() const {
    char byte = 0;
    REQUIRE(::read(ends[0], &byte, 1) == 1);
  }
  int ends[2] = {-1, -1};
};

}  // namespace

TEST_CASE("lease: one owner at a time, and the next one when it is released", "[lab]") {
  const TemporaryFolder folder;
  const bool use_flock = GENERATE(true, false);
  const LeaseSettings settings{.use_flock = use_flock};
  Lease second(folder / "run", settings);
  {
    Lease first(folder / "run", settings);
    CHECK_FALSE(first.is_held());
    CHECK_FALSE(first.still_owner());
    REQUIRE(first.try_acquire() == LeaseAnswer::acquired);
    CHECK(first.still_owner());
    CHECK(owner_in(folder / "run")["pid"] == ::getpid());
    CHECK(second.try_acquire() == LeaseAnswer::busy);
    CHECK(second.holder() ==
          owner_in(folder / "run")["host"].get<std::string>() + ", process " + std::to_string(::getpid()));
    CHECK(first.still_owner());
  }
  CHECK_FALSE(fs::exists(folder / "run" / "owner.json"));
  CHECK(second.try_acquire() == LeaseAnswer::acquired);
  second.release();
  CHECK_FALSE(second.is_held());
  CHECK_FALSE(fs::exists(folder / "run" / "owner.json"));
}

TEST_CASE("lease: a dead process of this machine is succeeded at once", "[lab]") {
  const TemporaryFolder folder;
  Child dead([] { return 0; });
  const auto number = dead.process();
  dead.wait();
  const LeaseSettings here = machine("here", 1h);
  write_owner(folder, here, number, 1);
  Lease lease(folder.path(), here);
  CHECK(lease.try_acquire() == LeaseAnswer::acquired);

  // The number of a process that lives, but began at another time.
  lease.release();
  write_owner(folder, here, ::getpid(), 1);
  CHECK(lease.try_acquire() == LeaseAnswer::acquired);
}

TEST_CASE("lease: a process that ended without a word leaves nothing that holds", "[lab]") {
  const TemporaryFolder folder;
  const bool use_flock = GENERATE(true, false);
  const LeaseSettings settings{.use_flock = use_flock};
  Child child([&] {
    Lease lease(folder.path(), settings);
    return lease.try_acquire() == LeaseAnswer::acquired ? ::kill(::getpid(), SIGKILL) : 1;
  });
  CHECK(child.wait() == 128 + SIGKILL);
  REQUIRE(fs::exists(folder / "owner.json"));
  Lease lease(folder.path(), settings);
  CHECK(lease.try_acquire() == LeaseAnswer::acquired);
  CHECK(owner_in(folder.path())["pid"] == ::getpid());
}

TEST_CASE("lease: an owner elsewhere that stands still is succeeded after patience, not before", "[lab]") {
  const TemporaryFolder folder;
  write_owner(folder, machine("elsewhere"), 12, 34);
  Lease patient(folder.path(), machine("here", 1h));
  for (int i = 0; i < 20; ++i) CHECK(patient.try_acquire() == LeaseAnswer::watch);
  CHECK(patient.holder() == "elsewhere, process 12");
  CHECK(owner_in(folder.path())["token"] == "somebody");

  Lease lease(folder.path(), machine("here"));
  CHECK(lease.try_acquire() == LeaseAnswer::watch);
  CHECK(answer_of(lease) == LeaseAnswer::acquired);
  CHECK(lease.still_owner());
  CHECK(owner_in(folder.path())["host"] == "here");
}

TEST_CASE("lease: an owner elsewhere that beats keeps what it has", "[lab]") {
  const TemporaryFolder folder;
  Lease owner(folder.path(), machine("elsewhere"));
  REQUIRE(owner.try_acquire() == LeaseAnswer::acquired);
  Lease other(folder.path(), machine("here", 10s));
  CHECK(answer_of(other) == LeaseAnswer::busy);
  CHECK(other.holder() == "elsewhere, process " + std::to_string(::getpid()));
  CHECK(owner.still_owner());
  CHECK_FALSE(owner.seems_lost());
}

TEST_CASE("lease: a file that says nothing is watched like an owner elsewhere", "[lab]") {
  const TemporaryFolder folder;
  folder.write("owner.json", GENERATE("", "{\"host\": ", "[1, 2]", R"({"host": 3})"));
  Lease lease(folder.path(), machine("here"));
  CHECK(lease.try_acquire() == LeaseAnswer::watch);
  CHECK(answer_of(lease) == LeaseAnswer::acquired);
}

TEST_CASE("lease: an owner that froze notices that it was taken over, and writes nothing", "[lab]") {
  const TemporaryFolder folder;
  const Pipe ready, go;
  Child frozen([&] {
    Lease lease(folder.path(), machine("elsewhere"));
    if (lease.try_acquire() != LeaseAnswer::acquired) return 1;
    ready.tell();
    go.wait();
    try {
      lease.check();
    } catch (const LeaseLost& lost) {
      return std::string(lost.what()).find("taken over by here, process ") == std::string::npos ? 2 : 0;
    }
    folder.write("state", "of the frozen one");
    return 3;
  });
  ready.wait();
  frozen.send(SIGSTOP);
  Lease lease(folder.path(), machine("here"));
  REQUIRE(answer_of(lease) == LeaseAnswer::acquired);
  frozen.send(SIGCONT);
  go.tell();
  CHECK(frozen.wait() == 0);
  CHECK_FALSE(fs::exists(folder / "state"));
  CHECK(lease.still_owner());
  CHECK(owner_in(folder.path())["host"] == "here");
}

TEST_CASE("lease: the beating thread notices too", "[lab]") {
  const TemporaryFolder folder;
  Lease lease(folder.path(), machine("here"));
  REQUIRE(lease.try_acquire() == LeaseAnswer::acquired);
  fs::remove(folder / "owner.json");
  write_owner(folder, machine("elsewhere"), 12, 34);
  while (!lease.seems_lost()) std::this_thread::sleep_for(1ms);
  CHECK_FALSE(lease.still_owner());
  CHECK_THROWS_MENTION(lease.check(), "taken over by elsewhere, process 12");
  lease.release();
  CHECK(owner_in(folder.path())["token"] == "somebody");  // not its own: left alone
}

TEST_CASE("lease: what a process died over while taking over stops nobody", "[lab]") {
  const TemporaryFolder folder;
  Child dead([] { return 0; });
  const auto number = dead.process();
  dead.wait();
  const LeaseSettings here = machine("here");
  write_owner(folder, here, number, 1);
  fs::copy_file(folder / "owner.json", folder / "owner.json.taken-somebody");
  Lease lease(folder.path(), here);
  CHECK(answer_of(lease) == LeaseAnswer::acquired);
  CHECK_FALSE(fs::exists(folder / "owner.json.taken-somebody"));
}

TEST_CASE("lease: of two processes that want it at once one gets it, every time", "[lab][slow]") {
  const TemporaryFolder folder;
  const LeaseSettings settings{.use_flock = GENERATE(true, false)};
  for (int round = 0; round < 200; ++round) {
    const fs::path run = folder / std::to_string(round);
    fs::create_directories(run);
    // In every other round there is a dead owner to be succeeded.
    if (round % 2 == 1) {
      Child dead([&] {
        Lease lease(run, settings);
        return lease.try_acquire() == LeaseAnswer::acquired ? ::kill(::getpid(), SIGKILL) : 1;
      });
      dead.wait();
    }
    const Pipe start, done, end;
    const auto race = [&] {
      Lease lease(run, settings);
      start.wait();
      bool got = lease.try_acquire() == LeaseAnswer::acquired;
      for (int i = 0; i < 20 && !got; ++i) got = lease.try_acquire() == LeaseAnswer::acquired;
      done.tell();
      end.wait();  // both hold what they got at this moment
      return got && !lease.still_owner() ? 2 : static_cast<int>(got);
    };
    Child one(race), two(race);
    start.tell(), start.tell();
    done.wait(), done.wait();
    end.tell(), end.tell();
    const int first = one.wait(), second = two.wait();
    INFO("round " << round);
    CHECK(first + second == 1);
    CHECK_FALSE(fs::exists(run / "owner.json"));
  }
}
