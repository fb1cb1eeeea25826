#include "experiments/metrics/accuracy.h"

#include <stdexcept>

#include "tests/catch.h"

namespace ablate::metrics {

TEST_CASE("exact match: the share of lines that equal a reference", "[metrics]") {
  CHECK(exact_match({"a b", "A", "", "x "}, {{"a b", "a", "", "x"}}) == Share{2, 4});
  CHECK(exact_match({"a", "b", "c"}, {{"a", "x", "x"}, {"x", "b", "x"}}) == Share{2, 3});
  CHECK(exact_match({"A", "\xc3\x89"}, {{"a", "\xc3\xa9"}}, {.lowercase = true}).percent() == 100);
  CHECK_THROWS_MENTION(exact_match({"a"}, {{"a", "b"}}), "unequal line counts");
  CHECK_THROWS_MENTION(exact_match({"a", "\xff"}, {{"a", "b"}}), "hypotheses, line 2");
}

TEST_CASE("exact match: the line for people", "[metrics]") {
  const Score report = exact_match_report({1, 3}, {}, 1);
  CHECK(report.value == Approx(100.0 / 3));
  CHECK(report.text == "exact match|nrefs:1|case:mixed|version:ablate-1 = 33.33 (1 of 3 lines)");
  CHECK(exact_match_report({1, 3}, {.lowercase = true}, 2).signature == "nrefs:2|case:lc|version:ablate-1");
}

TEST_CASE("token accuracy: missing tokens and tokens too many are wrong", "[metrics]") {
  CHECK(token_accuracy({1, 2, 3}, {1, 5, 3}) == Share{2, 3});
  CHECK(token_accuracy({1, 2}, {1, 2, 3, 4}) == Share{2, 4});
  CHECK(token_accuracy({1, 2, 3, 4}, {1, 2}) == Share{2, 4});
  CHECK(token_accuracy({}, {}) == Share{0, 0});
}

TEST_CASE("token accuracy: padding of the reference does not count", "[metrics]") {
  CHECK(token_accuracy({1, 2, 0, 7}, {1, 3, 0, 0}, 0) == Share{1, 2});
  CHECK_THROWS_MENTION(token_accuracy({1}, {1, 0}, 0), "sequences of one length");
}

TEST_CASE("sequence accuracy: whole sequences", "[metrics]") {
  CHECK(sequence_accuracy({{1, 2}, {3}, {}}, {{1, 2}, {3, 4}, {}}) == Share{2, 3});
  CHECK_THROWS_MENTION(sequence_accuracy({{1}}, {}), "1 hypotheses, but 0 references");
}

TEST_CASE("shares add up, and the share of nothing is 0", "[metrics]") {
  Share sum{1, 2};
  sum += {3, 6};
  CHECK(sum == Share{4, 8});
  CHECK(sum.percent() == 50);
  CHECK(Share{}.percent() == 0);
}

}  // namespace ablate::metrics
