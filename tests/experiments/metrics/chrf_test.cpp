#include "experiments/metrics/chrf.h"

#include "tests/catch.h"
#include "tests/experiments/metrics/golden.h"

namespace ablate::metrics {

namespace {

ChrfOptions chrf_plus_plus() {
  ChrfOptions options;
  options.word_order = 2;
  return options;
}

// [hypothesis, reference, matched] per order, one behind the other.
std::vector<std::int64_t> flat(const ChrfStatistics& statistics) {
  std::vector<std::int64_t> values;
  for (const NgramMatches& order : statistics.orders) {
    values.insert(values.end(), {order.hypothesis, order.reference, order.matched});
  }
  return values;
}

ChrfOptions chrf_options_of(const nlohmann::json& golden_case) {
  const nlohmann::json& given = golden_case.at("options");
  ChrfOptions options;
  options.char_order = given.at("char_order");
  options.word_order = given.at("word_order");
  options.beta = given.at("beta");
  options.lowercase = given.at("lowercase");
  options.whitespace = given.at("whitespace");
  options.eps_smoothing = given.at("eps_smoothing");
  return options;
}

}  // namespace

TEST_CASE("chrF: corpus figures, signatures and score lines are sacreBLEU's", "[metrics]") {
  REQUIRE(golden::file().at("chrf").size() > 150);
  for (const auto& expected : golden::file().at("chrf")) {
    INFO(expected.dump());
    const ChrfOptions options = chrf_options_of(expected);
    const References references = golden::references(expected);
    const double score = corpus_chrf(golden::hypotheses(expected), references, options);
    CHECK(score == golden::near(expected.at("score")));
    const Score report = chrf_report(score, options, references.size());
    CHECK(report.signature == golden::with_our_version(expected.at("signature")));
    CHECK(report.text == golden::with_our_version(expected.at("text")));
  }
}

TEST_CASE("chrF: the signature names our own version", "[metrics]") {
  CHECK(chrf_signature({}, 2) == "nrefs:2|case:mixed|eff:yes|nc:6|nw:0|space:no|version:ablate-1");
  CHECK(chrf_name({}) == "chrF2");
  CHECK(chrf_name(chrf_plus_plus()) == "chrF2++");
}

TEST_CASE("chrF++: counts and scores of single sentences are sacreBLEU's", "[metrics]") {
  for (const auto& expected : golden::file().at("sentences")) {
    INFO(expected.dump());
    const auto hypothesis = expected.at("hypothesis").get<std::string>();
    const auto references = expected.at("references").get<Lines>();
    const ChrfStatistics statistics = chrf_statistics(hypothesis, references, chrf_plus_plus());
    CHECK(flat(statistics) == expected.at("chrf_statistics").get<std::vector<std::int64_t>>());
    CHECK(chrf_score(statistics, chrf_plus_plus()) == golden::near(expected.at("chrf")));
  }
}

TEST_CASE("chrF: the statistics of sentences add up to those of the corpus", "[metrics]") {
  const Lines hypotheses{"abc", "de fg", ""};
  const References references{{"abd", "de fh", "x"}};
  ChrfStatistics sum;
  for (const ChrfStatistics& sentence : chrf_statistics(hypotheses, references, {})) sum += sentence;
  REQUIRE(sum.orders.size() == 6);
  CHECK(sum.orders[0] == NgramMatches{7, 8, 5});
  CHECK(sum.orders[1] == NgramMatches{5, 5, 3});
  CHECK(sum.orders[4] == NgramMatches{0, 0, 0});
  CHECK(chrf_score(sum, {}) == corpus_chrf(hypotheses, references));
  sum += ChrfStatistics{};
  CHECK(sum.orders.size() == 6);
  CHECK_THROWS_MENTION(sum += chrf_statistics("a", {"a"}, chrf_plus_plus()), "6 and of 8 n-gram orders");
}

TEST_CASE("chrF: worked by hand", "[metrics]") {
  // Characters: abcd against abce. Orders 1 to 4 exist on both sides: P = R = (3/4 + 2/3 + 1/2 + 0) / 4.
  CHECK(corpus_chrf({"ab cd"}, {{"abc e"}}) == Approx(100 * (3.0 / 4 + 2.0 / 3 + 1.0 / 2) / 4));
}

TEST_CASE("chrF: what cannot be scored is refused", "[metrics]") {
  ChrfOptions nothing;
  nothing.char_order = 0;
  CHECK_THROWS_MENTION(corpus_chrf({"a"}, {{"a"}}, nothing), "both 0");
  ChrfOptions negative;
  negative.beta = -1;
  CHECK_THROWS_MENTION(corpus_chrf({"a"}, {{"a"}}, negative), "0 or more");
  CHECK_THROWS_MENTION(corpus_chrf({"a"}, {{"a", "b"}}), "unequal line counts");
  CHECK_THROWS_MENTION(corpus_chrf({"a"}, {{"\xed\xa0\x80"}}), "reference 1, line 1: invalid UTF-8");
  CHECK_THROWS_MENTION(chrf_statistics("a", {}, {}), "no reference");
}

}  // namespace ablate::metrics
