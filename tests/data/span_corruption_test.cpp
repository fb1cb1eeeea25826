// Spans that are cut out of a row (Raffel et al. 2020, section 3.1.4).
#include "data/span_corruption.h"

#include <algorithm>
#include <numeric>

#include "tests/catch.h"

using namespace ablate;
using namespace ablate::data;

namespace {

using Ids = std::vector<std::int32_t>;

/// Ids that no text has.
Ids many_sentinels(std::int32_t count) {
  Ids ids;
  for (std::int32_t i = count; i-- > 0;) ids.push_back(10000 + i);
  return ids;
}

Ids counted(std::int64_t count) {
  Ids ids(static_cast<std::size_t>(count));
  std::iota(ids.begin(), ids.end(), 1);
  return ids;
}

ObjectiveConfig spans_with(double noise_density, double mean_span_length) {
  ObjectiveConfig objective;
  objective.kind = "span_corruption";
  objective.noise_density = noise_density;
  objective.mean_span_length = mean_span_length;
  return objective;
}

/// The text again: what the target has between two sentinels stands in the place of the first.
Ids reassembled(const CorruptedRow& row, const Ids& sentinels) {
  const auto is_sentinel = [&](std::int32_t id) { return std::ranges::find(sentinels, id) != sentinels.end(); };
  Ids text;
  for (const std::int32_t id : row.source) {
    if (!is_sentinel(id)) {
      text.push_back(id);
      continue;
    }
    auto said = std::ranges::find(row.target, id);
    REQUIRE(said != row.target.end());
    for (++said; said != row.target.end() && !is_sentinel(*said); ++said) text.push_back(*said);
  }
  return text;
}

}  // namespace

TEST_CASE("span corruption: source and target of a row by hand", "[data]") {
  const Ids sentinels{109, 108, 107};
  const CorruptedRow row = corrupt_spans(Ids{5, 6, 7, 8, 9, 10}, {false, true, true, false, false, true}, sentinels);
  CHECK(row.source == Ids{5, 109, 8, 9, 108});
  CHECK(row.target == Ids{109, 6, 7, 108, 10, 107});
  const CorruptedRow whole = corrupt_spans(Ids{5}, {true}, sentinels);
  CHECK(whole.source == Ids{109});
  CHECK(whole.target == Ids{109, 5, 108});
  const CorruptedRow none = corrupt_spans(Ids{}, {}, sentinels);
  CHECK(none.source.empty());
  CHECK(none.target == Ids{109});
  CHECK_THROWS_AS(corrupt_spans(Ids{5, 6}, {true}, sentinels), std::invalid_argument);
  CHECK_THROWS_AS(corrupt_spans(Ids{5, 6}, {false, true}, Ids{109}), std::invalid_argument);
}

TEST_CASE("span corruption: numbers of tokens and spans", "[data]") {
  const auto counts = [](std::int64_t tokens, double density, double mean) {
    const SpanCounts found = span_counts(tokens, spans_with(density, mean));
    return std::vector<std::int64_t>{found.noise, found.spans};
  };
  using Counts = std::vector<std::int64_t>;
  CHECK(counts(568, 0.15, 3) == Counts{85, 28});  // 85.2 and 28.33
  CHECK(counts(20, 0.15, 3) == Counts{3, 1});
  CHECK(counts(2, 0.15, 3) == Counts{1, 1});  // one token at least
  CHECK(counts(4, 0.9, 1) == Counts{3, 1});   // one is left, between two spans there must be one
  CHECK(counts(10, 0.5, 1) == Counts{5, 5});
  CHECK(counts(1, 0.15, 3) == Counts{1, 1});
  CHECK(counts(0, 0.15, 3) == Counts{0, 0});
}

TEST_CASE("span corruption: a row is put together again, whatever was drawn", "[data]") {
  const Ids sentinels = many_sentinels(40);
  for (const std::int64_t length : {0, 1, 2, 3, 7, 20, 64}) {
    for (const double density : {0.15, 0.5, 0.85}) {
      for (const double mean : {1.0, 3.0, 5.5}) {
        for (std::uint64_t seed = 0; seed < 5; ++seed) {
          INFO("length " << length << ", density " << density << ", mean " << mean << ", seed " << seed);
          const ObjectiveConfig objective = spans_with(density, mean);
          SplitMix64 random(seed), again(seed);
          const std::vector<bool> noise = random_spans(length, objective, random);
          CHECK(noise == random_spans(length, objective, again));
          REQUIRE(noise.size() == static_cast<std::size_t>(length));
          const SpanCounts expected = span_counts(length, objective);
          CHECK(std::count(noise.begin(), noise.end(), true) == expected.noise);
          std::int64_t spans = 0;
          for (std::size_t i = 0; i < noise.size(); ++i) spans += noise[i] && (i == 0 || !noise[i - 1]);
          CHECK(spans == expected.spans);
          if (length > 1) {
            CHECK_FALSE(noise.front());
            CHECK(noise.back());
          }
          const Ids text = counted(length);
          const CorruptedRow row = corrupt_spans(text, noise, sentinels);
          CHECK(reassembled(row, sentinels) == text);
          CHECK(static_cast<std::int64_t>(row.source.size()) == length - expected.noise + expected.spans);
          CHECK(static_cast<std::int64_t>(row.target.size()) == expected.noise + expected.spans + 1);
          CHECK(row.target.front() == sentinels[0]);
          CHECK(row.target.back() == sentinels[static_cast<std::size_t>(expected.spans)]);
        }
      }
    }
  }
}

TEST_CASE("span corruption: every token is noise as often as the density says, but for the ends", "[data]") {
  // Of 12 tokens 4 are noise in 2 spans. Every division of 4 and of 8 into two is as likely: the first span follows 1 …
  // 7 tokens, and has 1 … 3.
  const ObjectiveConfig objective = spans_with(1.0 / 3, 2);
  REQUIRE(span_counts(12, objective).spans == 2);
  std::vector<double> first_length(4, 0), first_place(8, 0);
  SplitMix64 random(3);
  constexpr int draws = 4200;
  for (int draw = 0; draw < draws; ++draw) {
    const std::vector<bool> noise = random_spans(12, objective, random);
    const auto begin = std::find(noise.begin(), noise.end(), true);
    const auto end = std::find(begin, noise.end(), false);
    ++first_place.at(static_cast<std::size_t>(begin - noise.begin()));
    ++first_length.at(static_cast<std::size_t>(end - begin));
  }
  for (std::size_t length = 1; length <= 3; ++length) CHECK(first_length[length] == Approx(draws / 3.0).margin(120));
  for (std::size_t place = 1; place <= 7; ++place) CHECK(first_place[place] == Approx(draws / 7.0).margin(100));
}
