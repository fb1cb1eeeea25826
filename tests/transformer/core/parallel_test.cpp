#include "transformer/core/parallel.h"

#include <vector>

#include "tests/catch.h"
#include "tests/threads.h"

using namespace ablate;
using namespace ablate::testing;

TEST_CASE("every unit is done once, by however many threads", "[core][parallel]") {
  for (const int count : {1, 2, 4}) {
    const RestoreThreads restore;
    at::set_num_threads(count);
    for (const std::int64_t units : {0, 1, 3, 1000}) {
      std::vector<int> done(static_cast<std::size_t>(units));
      for_each_unit(units, [&](std::int64_t unit) { ++done[static_cast<std::size_t>(unit)]; });
      CHECK(done == std::vector<int>(static_cast<std::size_t>(units), 1));
    }
  }
}
