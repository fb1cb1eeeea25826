#include "transformer/core/random.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <vector>

#include "tests/catch.h"

using ablate::SplitMix64;

TEST_CASE("SplitMix64 gives the numbers of the published generator", "[core][random]") {
  SplitMix64 zero(0);
  CHECK(zero.next() == 0xe220a8397b1dcdafu);
  CHECK(zero.next() == 0x6e789e6aa1b965f4u);
  SplitMix64 random(1234567);
  for (const std::uint64_t expected :
       {6457827717110365317u, 3203168211198807973u, 9817491932198370423u, 4593380528125082431u}) {
    CHECK(random.next() == expected);
  }
}

TEST_CASE("SplitMix64 goes on from a saved state", "[core][random]") {
  SplitMix64 random(7);
  random.next();
  SplitMix64 restored(random.state);
  CHECK(restored.next() == random.next());
}

TEST_CASE("SplitMix64 streams of one seed, and of neighbouring seeds, are different", "[core][random]") {
  std::set<std::uint64_t> seen;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    seen.insert(SplitMix64(seed).next());
    for (std::uint64_t stream = 0; stream < 20; ++stream) {
      SplitMix64 random(seed, stream);
      seen.insert(random.next());
      seen.insert(random.next());
    }
  }
  CHECK(seen.size() == 20 * (1 + 2 * 20));
  CHECK(SplitMix64(3, 4).next() == SplitMix64(3, 4).next());
}

TEST_CASE("below is unbiased, also where the range does not divide 2^64", "[core][random]") {
  SplitMix64 random(1);
  std::array<int, 7> counts{};
  for (int draw = 0; draw < 70'000; ++draw) ++counts.at(random.below(counts.size()));
  for (const int count : counts) CHECK(std::abs(count - 10'000) < 400);

  // A plain modulo would put half of the numbers, not a third, into the lowest third of this range.
  constexpr std::uint64_t quarter = std::uint64_t{1} << 62;
  int low = 0;
  for (int draw = 0; draw < 30'000; ++draw) low += random.below(3 * quarter) < quarter;
  CHECK(std::abs(low - 10'000) < 400);

  CHECK(random.below(1) == 0);
  CHECK_THROWS_AS(random.below(0), std::invalid_argument);
}

TEST_CASE("between includes both ends", "[core][random]") {
  SplitMix64 random(1);
  std::set<int> seen;
  for (int draw = 0; draw < 200; ++draw) seen.insert(random.between(-2, 2));
  CHECK(seen == std::set<int>{-2, -1, 0, 1, 2});
  CHECK(random.between(5, 5) == 5);
}

TEST_CASE("uniform lies in [0, 1) with mean 1/2 and variance 1/12", "[core][random]") {
  SplitMix64 random(1);
  constexpr int draws = 100'000;
  double sum = 0;
  double squares = 0;
  for (int draw = 0; draw < draws; ++draw) {
    const double x = random.uniform();
    REQUIRE(x >= 0);
    REQUIRE(x < 1);
    sum += x;
    squares += x * x;
  }
  const double mean = sum / draws;
  CHECK(mean == Approx(0.5).margin(0.005));
  CHECK(squares / draws - mean * mean == Approx(1.0 / 12).margin(0.002));
}

TEST_CASE("shuffle permutes, every order equally often, the same way everywhere", "[core][random]") {
  std::vector<int> places(10);
  std::iota(places.begin(), places.end(), 0);
  std::vector<int> shuffled = places;
  SplitMix64 random(1);
  random.shuffle(std::span(shuffled));
  CHECK(std::ranges::is_permutation(shuffled, places));
  CHECK(shuffled == std::vector<int>{4, 2, 8, 1, 9, 3, 0, 6, 7, 5});

  std::map<std::array<int, 3>, int> counts;
  for (int draw = 0; draw < 60'000; ++draw) {
    std::array<int, 3> order{0, 1, 2};
    random.shuffle(std::span<int>(order));
    ++counts[order];
  }
  CHECK(counts.size() == 6);
  for (const auto& [order, count] : counts) CHECK(std::abs(count - 10'000) < 400);

  std::vector<int> none;
  random.shuffle(std::span(none));
  CHECK(none.empty());
}
