#include "experiments/metrics/accuracy.h"

#include "tests/catch.h"

namespace ablate::metrics {

namespace {

Share exact_match(const Lines& hypotheses, const References& references, const AccuracyOptions& options = {}) {
  return sum_of(exact_match_shares(hypotheses, references, options));
}
Share token_accuracy(const Lines& hypotheses, const References& references, const AccuracyOptions& options = {}) {
  return sum_of(token_accuracy_shares(hypotheses, references, options));
}
Share sequence_accuracy(const Lines& hypotheses, const References& references, const AccuracyOptions& options = {}) {
  return sum_of(sequence_accuracy_shares(hypotheses, references, options));
}

}  // namespace

TEST_CASE("exact match: the share of lines that equal a reference", "[metrics]") {
  CHECK(exact_match({"a b", "A", "", "x "}, {{"a b", "a", "", "x"}}) == Share{2, 4});
  CHECK(exact_match({"a", "b", "c"}, {{"a", "x", "x"}, {"x", "b", "x"}}) == Share{2, 3});
  CHECK(exact_match({"A", "\xc3\x89"}, {{"a", "\xc3\xa9"}}, {.lowercase = true}).percent() == 100);
  CHECK_THROWS_MENTION(exact_match({"a"}, {{"a", "b"}}), "unequal line counts");
  CHECK_THROWS_MENTION(exact_match({"a", "\xff"}, {{"a", "b"}}), "hypotheses, line 2");
}

TEST_CASE("shares: the line for people", "[metrics]") {
  const Score report = share_report("exact match", {1, 3}, "lines", {}, 1);
  CHECK(report.value == Approx(100.0 / 3));
  CHECK(report.text == "exact match|nrefs:1|case:mixed|version:ablate-1 = 33.33 (1 of 3 lines)");
  CHECK(share_report("exact match", {1, 3}, "lines", {.lowercase = true}, 2).signature ==
        "nrefs:2|case:lc|version:ablate-1");
}

TEST_CASE("token accuracy: missing tokens and tokens too many are wrong", "[metrics]") {
  CHECK(token_accuracy({"a b c"}, {{"a x c"}}) == Share{2, 3});
  CHECK(token_accuracy({"a b"}, {{"a b c d"}}) == Share{2, 4});
  CHECK(token_accuracy({"a b c d"}, {{"a  b"}}) == Share{2, 4});
  CHECK(token_accuracy({""}, {{" "}}) == Share{0, 0});
  CHECK(token_accuracy({"a b", "c"}, {{"a b", "x"}}) == Share{2, 3});
  CHECK(token_accuracy({"A \xc3\x89"}, {{"a \xc3\xa9"}}, {.lowercase = true}) == Share{2, 2});
}

TEST_CASE("token accuracy: the reference with the greatest share, the first of equals", "[metrics]") {
  CHECK(token_accuracy({"a b"}, {{"a x"}, {"a b c"}}) == Share{2, 3});
  CHECK(token_accuracy({"a b"}, {{"a x y z"}, {"a q"}, {"a r"}}) == Share{1, 2});
  CHECK(token_accuracy({""}, {{"a"}, {""}}) == Share{0, 0});
  CHECK_THROWS_MENTION(token_accuracy({"a"}, {{"a", "b"}}), "unequal line counts");
}

TEST_CASE("sequence accuracy: all tokens of a line, whatever white space", "[metrics]") {
  CHECK(sequence_accuracy({"a  b ", "c", ""}, {{"a b", "c d", ""}}) == Share{2, 3});
  CHECK(sequence_accuracy({"a", "b"}, {{"x", "x"}, {"a", "x"}}) == Share{1, 2});
}

TEST_CASE("shares add up, and the share of nothing is 0", "[metrics]") {
  Share sum{1, 2};
  sum += {3, 6};
  CHECK(sum == Share{4, 8});
  CHECK(sum.percent() == 50);
  CHECK(Share{}.percent() == 0);
}

}  // namespace ablate::metrics
