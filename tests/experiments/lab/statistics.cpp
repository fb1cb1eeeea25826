// Golden values: Python's statistics.mean and statistics.stdev, which compute with exact fractions.
#include "experiments/lab/statistics.h"

#include <cmath>
#include <vector>

#include "tests/catch.h"

using ablate::lab::Statistics;
using ablate::lab::statistics_of;

namespace {

struct Golden {
  std::vector<double> values;
  double mean;
  double sd;
};

}  // namespace

TEST_CASE("mean and sample standard deviation are those of Python's statistics module", "[lab]") {
  const std::vector<Golden> all = {
      {{27.1, 26.8, 27.5}, 27.133333333333333, 0.3511884584284242},
      {{0.1, 0.2}, 0.15000000000000002, 0.07071067811865475},
      {{-3.25, 4.5, 0.125, 11, 7.75}, 4.025, 5.720303750676182},
      {{1e9 + 1, 1e9 + 2, 1e9 + 4}, 1000000002.3333334, 1.5275252316519468},
  };
  for (const Golden& golden : all) {
    const Statistics result = statistics_of(golden.values);
    CAPTURE(golden.values);
    CHECK(result.n == golden.values.size());
    REQUIRE(result.mean.has_value());
    REQUIRE(result.sd.has_value());
    CHECK(*result.mean == Approx(golden.mean).epsilon(1e-15));
    CHECK(*result.sd == Approx(golden.sd).epsilon(1e-14));
  }
}

TEST_CASE("equal values have no spread at all", "[lab]") {
  CHECK(statistics_of(std::vector<double>{4.8, 4.8, 4.8}).sd == 0.0);
}

TEST_CASE("one value has a mean and no spread", "[lab]") {
  const Statistics result = statistics_of(std::vector<double>{3.5});
  CHECK(result.n == 1);
  CHECK(result.mean == 3.5);
  CHECK_FALSE(result.sd.has_value());
}

TEST_CASE("no values have neither", "[lab]") {
  const Statistics result = statistics_of({});
  CHECK(result.n == 0);
  CHECK_FALSE(result.mean.has_value());
  CHECK_FALSE(result.sd.has_value());
}

TEST_CASE("values that are not finite are not hidden", "[lab]") {
  CHECK(std::isnan(*statistics_of(std::vector<double>{1, NAN}).mean));
  CHECK(std::isinf(*statistics_of(std::vector<double>{1, INFINITY}).mean));
}
