// Preparing a corpus takes memory that does not grow with its size.
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "tests/catch.h"
#include "tests/data/corpus/support.h"
#include "tests/data/support.h"

using namespace ablate;
using namespace ablate::data;
using namespace ablate::data::testing;

namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr long allowance = 400'000;  // the sanitizer keeps up to 256 MiB of what was freed
#else
constexpr long allowance = 8'000;
#endif

/// The most memory that this process has held so far, in KiB.
long peak() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "VmHWM:") continue;
    long kibibytes = 0;
    status >> kibibytes;
    return kibibytes;
  }
  return -1;
}

/// By how many KiB a process's peak rises while it prepares a corpus of so many lines; -1 if it fails.
long growth(const Workspace& work, int lines) {
  {
    std::ofstream out(work.path() / "t.tsv");
    for (int i = 0; i < lines; ++i) {
      out << "source number " << i << " of many, about fifty letters long\ttarget number " << i << "\n";
    }
  }
  int result[2];
  if (pipe(result) != 0) return -1;
  const pid_t child = fork();
  if (child == 0) {
    const long before = peak();
    long grown = -1;
    try {
      const auto corpus = work.prepare(R"({"kind": "files", "reader": {"kind": "tsv"}, "train": ["t.tsv"],
          "split": {"kind": "random", "dev": 50, "test": 50}, "tokenizer": {"kind": "bytes"}})");
      if (corpus.split("train").size() == lines - 100) grown = peak() - before;
    } catch (const std::exception&) {
      grown = -1;
    }
    const bool told = write(result[1], &grown, sizeof grown) == sizeof grown;
    _exit(told ? 0 : 1);
  }
  close(result[1]);
  long grown = -1;
  if (read(result[0], &grown, sizeof grown) != sizeof grown) grown = -1;
  close(result[0]);
  waitpid(child, nullptr, 0);
  return grown;
}

}  // namespace

TEST_CASE("fifty times as many lines take no more memory") {
  const Workspace work;
  const long few = growth(work, 2'000);
  const long many = growth(work, 100'000);  // 40 MB of prepared data
  REQUIRE(few >= 0);
  REQUIRE(many >= 0);
  CHECK(many < few + allowance);
}
