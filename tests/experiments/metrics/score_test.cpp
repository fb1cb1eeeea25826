#include "experiments/metrics/score.h"

#include <stdexcept>

#include "tests/catch.h"
#include "tests/experiments/metrics/golden.h"

namespace ablate::metrics {

TEST_CASE("score: by name and with options as text, BLEU and chrF are the golden figures", "[metrics]") {
  for (const char* metric : {"bleu", "chrf"}) {
    for (const auto& expected : golden::file().at(metric)) {
      if (expected.at("corpus") != "short") continue;
      INFO(expected.dump());
      const References references = golden::references(expected);
      const Score result = score(metric, golden::hypotheses(expected), references, golden::options(expected));
      CHECK(result.value == golden::near(expected.at("score")));
      CHECK(result.text == golden::with_our_version(expected.at("text")));
    }
  }
}

TEST_CASE("score: every metric of text gives a perfect match 100 and a miss 0, or none and many errors", "[metrics]") {
  const Lines lines{"the first of two lines", "and the second one, longer"};
  const Lines others{"QQQQ WWWW KKKK JJJJ", "ZZZZ"};
  CHECK(metrics().size() >= 4);
  for (const MetricRow& metric : metrics()) {
    INFO(metric.name);
    CHECK_FALSE(metric.doc.empty());
    if (metric.subject != Subject::text) continue;
    const double perfect = metric.is_error ? 0 : 100;
    CHECK(score(metric.name, lines, {lines}).value == Approx(perfect));
    const double missed = score(metric.name, lines, {others}).value;
    CHECK((metric.is_error ? missed > 1 : missed == 0));
    CHECK(score(metric.name, lines, {others, lines}).value == Approx(perfect));
    const Score result = score(metric.name, lines, {lines});
    CHECK(result.text.find(result.name + "|" + result.signature + " = " + fixed(perfect, 2)) == 0);
    CHECK(result.signature.find("version:" + std::string(version)) != std::string::npos);
    CHECK_THROWS_MENTION(score(metric.name, lines, {{"one"}}), "unequal line counts");
    CHECK_THROWS_MENTION(score(metric.name, {"a", "\xff"}, {lines}), "hypotheses, line 2");
  }
}

TEST_CASE("score: chrf++ counts pairs of words, unless told otherwise", "[metrics]") {
  CHECK(score("chrf++", {"a"}, {{"a"}}).name == "chrF2++");
  CHECK(score("chrf++", {"a"}, {{"a"}}, {{"word_order", "1"}}).name == "chrF2+");
  CHECK(score("chrf", {"a"}, {{"a"}}, {{"beta", "3"}}).name == "chrF3");
}

TEST_CASE("score: every option that a metric names is one it reads", "[metrics]") {
  for (const MetricRow& metric : metrics()) {
    for (const OptionRow& option : metric.options) {
      INFO(metric.name << " " << option.name);
      const MetricOptions options{{std::string(option.name), "no such value"}};
      CHECK_THROWS_MENTION(check_metric(metric.name, options), option.name);
    }
  }
}

TEST_CASE("score: what a metric does not know is refused, with what there is", "[metrics]") {
  CHECK_THROWS_MENTION(check_metric("rouge"),
                       "there are bleu, chrf, chrf++, exact_match, token_accuracy, sequence_accuracy");
  CHECK_THROWS_MENTION(check_metric("bleu", {{"beta", "2"}}), "no option 'beta'; it has tokenize,");
  CHECK_THROWS_MENTION(check_metric("exact_match", {{"tokenize", "13a"}}), "no option 'tokenize'");
  CHECK_THROWS_MENTION(check_metric("bleu", {{"tokenize", "14a"}}), "one of 13a, intl, char, none");
  CHECK_THROWS_MENTION(check_metric("bleu", {{"lowercase", "yes"}}), "true or false");
  CHECK_THROWS_MENTION(check_metric("bleu", {{"smooth_value", "0.1"}}), "no effect");
  CHECK_THROWS_MENTION(check_metric("chrf", {{"beta", "2.5"}}), "a whole number");
  CHECK_THROWS_MENTION(check_metric("chrf", {{"char_order", "0"}}), "both 0");
  CHECK_THROWS_MENTION(check_metric("chrf", {{"char_order", "2000000000"}}), "must be 100 or less");
  CHECK_THROWS_AS(score("bleu", {"a"}, {{"a"}}, {{"beta", "2"}}), std::invalid_argument);
}

TEST_CASE("score: a metric is found by its name alone", "[metrics]") {
  REQUIRE(find_metric("token_error_rate") != nullptr);
  CHECK(find_metric("token_error_rate")->is_error);
  CHECK_FALSE(find_metric("bleu")->is_error);
  CHECK(find_metric("bleu:tokenize=none") == nullptr);
}

TEST_CASE("score: a request is a name and its options", "[metrics]") {
  CHECK(parse_request("chrf++").name == "chrf++");
  CHECK(parse_request("bleu").options.empty());
  const MetricRequest request = parse_request("bleu:tokenize=intl:lowercase=true");
  CHECK(request.name == "bleu");
  CHECK(request.options == MetricOptions{{"lowercase", "true"}, {"tokenize", "intl"}});
  CHECK_THROWS_MENTION(parse_request("bleu:intl"), "write bleu:option=value");
  CHECK_THROWS_MENTION(parse_request("bleu:lowercase=true:lowercase=true"), "twice");
  CHECK_THROWS_MENTION(parse_request("bleu:case=lc"), "no option 'case'");
  CHECK_THROWS_MENTION(parse_request(""), "no metric ''");
}

}  // namespace ablate::metrics
