#include "transformer/kernels/vector.h"

#include <cmath>
#include <vector>

#include "tests/catch.h"

using namespace ablate;

TEST_CASE("exponentials of vectors are those of the standard library", "[kernels][vector]") {
  for (int step = 0; step <= 86000; ++step) {
    const float x = -0.001F * static_cast<float>(step);
    const Floats y = exp_of(broadcast(x));
    REQUIRE(y[0] == Approx(std::exp(static_cast<double>(x))).epsilon(2e-7));
    REQUIRE(y[vector_width - 1] == y[0]);
  }
  constexpr float infinity = std::numeric_limits<float>::infinity();
  CHECK(exp_of(broadcast(0))[0] == 1);
  CHECK(exp_of(broadcast(-100))[0] == 0);
  CHECK(exp_of(broadcast(-infinity))[0] == 0);
  CHECK(std::isnan(exp_of(broadcast(std::numeric_limits<float>::quiet_NaN()))[0]));
}

TEST_CASE("lanes are compared and summed wherever they stand", "[kernels][vector]") {
  for (int place = 0; place < vector_width; ++place) {
    Floats v{};
    for (int lane = 0; lane < vector_width; ++lane) v[lane] = static_cast<float>(lane) - 40;
    v[place] = 7;
    CHECK(largest(v) == 7);
    float sum = 0;
    for (int lane = 0; lane < vector_width; ++lane) sum += v[lane];
    CHECK(total(v) == Approx(sum));
    CHECK(sum_of(v) == Approx(sum));
  }
}

TEST_CASE("products of rows of any length", "[kernels][vector]") {
  for (int size = 0; size < 40; ++size) {
    std::vector<float> a, b;
    double expected = 0;
    for (int i = 0; i < size; ++i) {
      a.push_back(static_cast<float>(i) - 3);
      b.push_back(static_cast<float>(i % 5));
      expected += a.back() * b.back();
    }
    CHECK(dot(a.data(), b.data(), size) == Approx(expected));
  }
}
