#include "experiments/metrics/bleu.h"

#include <cmath>
#include <limits>
#include <stdexcept>

#include "tests/catch.h"
#include "tests/experiments/metrics/golden.h"

namespace ablate::metrics {

namespace {

BleuOptions with_effective_order() {
  BleuOptions options;
  options.effective_order = true;
  return options;
}

// [hyp_len, ref_len, correct..., total...], the order of the golden file.
std::vector<std::int64_t> flat(const BleuStatistics& statistics) {
  std::vector<std::int64_t> values{statistics.hyp_len, statistics.ref_len};
  values.insert(values.end(), statistics.correct.begin(), statistics.correct.end());
  values.insert(values.end(), statistics.total.begin(), statistics.total.end());
  return values;
}

BleuOptions bleu_options_of(const nlohmann::json& golden_case) {
  const nlohmann::json& given = golden_case.at("options");
  BleuOptions options;
  options.lowercase = given.at("lowercase");
  options.effective_order = given.at("effective_order");
  for (const TokenizationRow& row : tokenizations) {
    if (row.name == given.at("tokenize").get<std::string>()) options.tokenize = row.value;
  }
  for (const SmoothingRow& row : smoothings) {
    if (row.name == given.at("smooth_method").get<std::string>()) options.smooth_method = row.value;
  }
  if (!given.at("smooth_value").is_null()) options.smooth_value = given.at("smooth_value").get<double>();
  return options;
}

}  // namespace

TEST_CASE("BLEU: corpus figures, precisions and lengths are sacreBLEU's", "[metrics]") {
  REQUIRE(golden::file().at("bleu").size() > 500);
  for (const auto& expected : golden::file().at("bleu")) {
    INFO(expected.dump());
    const BleuScore score =
        corpus_bleu(golden::hypotheses(expected), golden::references(expected), bleu_options_of(expected));
    CHECK(score.value == golden::near(expected.at("score")));
    for (std::size_t n = 0; n < bleu_order; ++n) {
      CHECK(score.precisions[n] == golden::near(expected.at("precisions").at(n)));
    }
    CHECK(score.brevity_penalty == golden::near(expected.at("brevity_penalty")));
    CHECK(score.hyp_len == expected.at("hyp_len").get<std::int64_t>());
    CHECK(score.ref_len == expected.at("ref_len").get<std::int64_t>());
  }
}

TEST_CASE("BLEU: signatures and score lines are sacreBLEU's but for the version", "[metrics]") {
  for (const auto& expected : golden::file().at("bleu")) {
    INFO(expected.dump());
    const BleuOptions options = bleu_options_of(expected);
    const References references = golden::references(expected);
    const BleuScore score = corpus_bleu(golden::hypotheses(expected), references, options);
    const Score report = bleu_report(score, options, references.size());
    CHECK(report.name == "BLEU");
    CHECK(report.signature == golden::with_our_version(expected.at("signature")));
    CHECK(report.text == golden::with_our_version(expected.at("text")));
  }
}

TEST_CASE("BLEU: the signature names our own version", "[metrics]") {
  CHECK(bleu_signature({}, 1) == "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:ablate-1");
}

TEST_CASE("BLEU: counts and scores of single sentences are sacreBLEU's", "[metrics]") {
  REQUIRE(golden::file().at("sentences").size() > 80);
  for (const auto& expected : golden::file().at("sentences")) {
    INFO(expected.dump());
    const auto hypothesis = expected.at("hypothesis").get<std::string>();
    const BleuStatistics statistics = bleu_statistics(hypothesis, expected.at("references").get<Lines>(), {});
    CHECK(flat(statistics) == expected.at("bleu_statistics").get<std::vector<std::int64_t>>());
    CHECK(bleu_score(statistics, with_effective_order()).value == golden::near(expected.at("bleu")));
  }
}

TEST_CASE("BLEU: the statistics of sentences add up to those of the corpus", "[metrics]") {
  const Lines hypotheses{"a b c d", "e f g", "the the the"};
  const References references{{"a b c e", "e f g h", "the cat"}, {"a b", "f g", "the the cat"}};
  const std::vector<BleuStatistics> sentences = bleu_statistics(hypotheses, references, {});
  REQUIRE(sentences.size() == 3);
  BleuStatistics sum;
  for (const BleuStatistics& sentence : sentences) sum += sentence;
  CHECK(sum.correct == std::array<std::int64_t, 4>{8, 5, 2, 0});
  CHECK(sum.total == std::array<std::int64_t, 4>{10, 7, 4, 1});
  CHECK(sum.hyp_len == 10);
  CHECK(sum.ref_len == 9);
  CHECK(bleu_score(sum, {}).value == corpus_bleu(hypotheses, references).value);
}

TEST_CASE("BLEU: of two references equally near in length the shorter counts", "[metrics]") {
  CHECK(bleu_statistics("a b c", {"a b c d", "a b"}, {}).ref_len == 2);
  CHECK(bleu_statistics("a b c", {"a b", "a b c d"}, {}).ref_len == 2);
  CHECK(bleu_statistics("a b c", {"a", "a b c d"}, {}).ref_len == 4);
}

TEST_CASE("BLEU: worked by hand", "[metrics]") {
  // 7 of 8 words, 5 of 7 pairs, 3 of 6 triples, 2 of 5 quadruples; one word shorter than the reference.
  const BleuScore score = corpus_bleu({"a b c d e x g h"}, {{"a b c d e f g h i"}});
  CHECK(score.precisions[0] == Approx(100.0 * 7 / 8));
  CHECK(score.precisions[1] == Approx(100.0 * 5 / 7));
  CHECK(score.precisions[2] == Approx(100.0 * 3 / 6));
  CHECK(score.precisions[3] == Approx(100.0 * 2 / 5));
  CHECK(score.brevity_penalty == Approx(std::exp(-1.0 / 8)));
  CHECK(score.value == Approx(100 * std::exp(-1.0 / 8) * std::pow(7.0 / 8 * 5 / 7 * 3 / 6 * 2 / 5, 0.25)));
}

TEST_CASE("BLEU: what cannot be scored is refused, with the place", "[metrics]") {
  CHECK_THROWS_AS(corpus_bleu({"a", "b"}, {{"a"}}), std::invalid_argument);
  CHECK_THROWS_MENTION(corpus_bleu({"a", "b"}, {{"a", "b"}, {"a"}}), "but 1 lines in reference 2");
  CHECK_THROWS_MENTION(corpus_bleu({}, {{}}), "no hypotheses");
  CHECK_THROWS_MENTION(corpus_bleu({"a"}, {}), "no reference");
  CHECK_THROWS_MENTION(corpus_bleu({"a", "b\xff"}, {{"a", "b"}}), "hypotheses, line 2: invalid UTF-8");
  CHECK_THROWS_MENTION(corpus_bleu({"a", "b"}, {{"a", "b"}, {"\xc3", "b"}}), "reference 2, line 1");
  CHECK_THROWS_MENTION(bleu_statistics("a", {}, {}), "no reference");
}

TEST_CASE("BLEU: smoothing values without effect or sense are refused", "[metrics]") {
  BleuOptions options;
  options.smooth_value = 0.5;
  CHECK_THROWS_MENTION(check_options(options), "no effect with smoothing method 'exp'");
  CHECK_THROWS_AS(corpus_bleu({"a"}, {{"a"}}, options), std::invalid_argument);
  options.smooth_method = Smoothing::none;
  CHECK_THROWS_MENTION(check_options(options), "no effect");
  options.smooth_method = Smoothing::add_k;
  CHECK_NOTHROW(check_options(options));
  options.smooth_value = -1;
  CHECK_THROWS_MENTION(check_options(options), "0 or more");
  options.smooth_value = std::numeric_limits<double>::infinity();
  CHECK_THROWS_MENTION(check_options(options), "finite");
}

}  // namespace ablate::metrics
