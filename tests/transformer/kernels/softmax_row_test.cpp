#include "transformer/kernels/softmax_row.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "tests/catch.h"

namespace {

/// Waves of different lengths; the largest value stands in turn in a vector and in the rest of the row.
std::vector<float> wavy_row(std::int64_t size, float height) {
  std::vector<float> row(static_cast<std::size_t>(size));
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = height * std::sin(1.7F * static_cast<float>(i) + 0.3F);
  row[row.size() * 2 / 3] = height + 1;
  return row;
}

constexpr std::int64_t sizes[] = {1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 63, 100, 1001};

}  // namespace

TEST_CASE("a row's maximum and sum are those of a plain loop", "[kernels][softmax]") {
  for (const std::int64_t size : sizes) {
    for (std::int64_t place = 0; place < size; place += 1 + size / 20) {
      std::vector<float> row = wavy_row(size, 5);
      row[static_cast<std::size_t>(place)] = 7;
      const ablate::RowStatistics statistics = ablate::row_statistics(row.data(), size);
      CHECK(statistics.maximum == 7);
      CHECK(statistics.sum == Approx(std::accumulate(row.begin(), row.end(), 0.0)).margin(1e-4));
    }
  }
}

TEST_CASE("a row's exponentials are those of the standard library", "[kernels][softmax]") {
  for (const std::int64_t size : sizes) {
    for (const float height : {0.01F, 3.0F, 40.0F}) {
      const std::vector<float> row = wavy_row(size, height);
      std::vector<float> exponentials = row;
      exponentials.push_back(-123);  // must stay untouched
      const double sum = ablate::exponentiate_row(exponentials.data(), size, height + 1);
      double expected_sum = 0;
      for (std::size_t i = 0; i < row.size(); ++i) {
        const double expected = std::exp(static_cast<double>(row[i] - (height + 1)));
        expected_sum += expected;
        CHECK(exponentials[i] == Approx(expected).epsilon(2e-7));
      }
      CHECK(sum == Approx(expected_sum).epsilon(1e-6));
      CHECK(exponentials.back() == -123);
    }
  }
}

TEST_CASE("a row's exponentials at the ends of their range", "[kernels][softmax]") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (const std::int64_t size : {3, 64}) {
    std::vector<float> row(static_cast<std::size_t>(size), -infinity);
    row[0] = 0;
    row[1] = -1e30F;
    row[2] = -86.9F;
    CHECK(ablate::exponentiate_row(row.data(), size, 0) == 1);
    CHECK(row[0] == 1);
    CHECK(row[1] == 0);
    CHECK(row[2] == Approx(std::exp(-86.9F)).epsilon(1e-6));
    CHECK(std::all_of(row.begin() + 3, row.end(), [](float x) { return x == 0; }));

    row[1] = std::numeric_limits<float>::quiet_NaN();
    CHECK(std::isnan(ablate::exponentiate_row(row.data(), size, 0)));
  }
}

TEST_CASE("a row is scaled and shifted", "[kernels][softmax]") {
  for (const std::int64_t size : sizes) {
    const std::vector<float> row = wavy_row(size, 2);
    std::vector<float> result = row;
    ablate::scale_and_shift_row(result.data(), size, 0.5F, 0.25F);
    for (std::size_t i = 0; i < row.size(); ++i) CHECK(result[i] == Approx(row[i] * 0.5F - 0.25F).margin(1e-7));
  }
}
