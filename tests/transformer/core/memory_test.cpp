// What becomes of memory that is freed, tried by a child: what keep_freed_memory() asks for cannot be taken back.
#include "transformer/core/memory.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "tests/catch.h"

using namespace ablate;

#ifdef __GLIBC__

namespace {

/// Bytes that the process holds now.
std::int64_t resident_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stoll(line.substr(6)) * 1024;  // in kB
  }
  return 0;
}

struct ResidentBytes {
  std::int64_t used = 0, freed = 0, reset = 0;
};

/// What a process that keeps freed memory holds while a block is used, when it is freed, and after reset_peak_memory();
/// zeros if it fails.
ResidentBytes resident_around(std::size_t block_bytes) {
  ResidentBytes found;
  int result[2];
  if (::pipe(result) != 0) return found;
  const pid_t child = ::fork();
  if (child == 0) {
    keep_freed_memory();
    {
      const std::vector<char> block(block_bytes, 'x');
      found.used = resident_bytes();
    }
    found.freed = resident_bytes();
    reset_peak_memory();
    found.reset = resident_bytes();
    const bool told = ::write(result[1], &found, sizeof found) == sizeof found;
    ::_exit(told ? 0 : 1);
  }
  ::close(result[1]);
  if (::read(result[0], &found, sizeof found) != sizeof found) found = {};
  ::close(result[0]);
  if (child > 0) ::waitpid(child, nullptr, 0);
  return found;
}

}  // namespace

TEST_CASE("memory: what is freed is kept, however large, until the most is counted anew", "[core]") {
  // The C library by itself gives back at once what is larger than 32 MiB.
  constexpr std::int64_t block = std::int64_t{96} << 20, slack = std::int64_t{16} << 20;
  const ResidentBytes found = resident_around(static_cast<std::size_t>(block));
  REQUIRE(found.used > block);
  CHECK(found.freed > found.used - slack);
#ifndef __SANITIZE_ADDRESS__  // it keeps what was freed for a while
  CHECK(found.reset < found.used - block + slack);
#endif
}

#endif
