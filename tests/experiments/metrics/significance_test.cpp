// p-values against sacreBLEU's: with the same resamples the same, with our own within what chance allows.
#include "experiments/metrics/significance.h"

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "experiments/metrics/score.h"
#include "tests/catch.h"

namespace ablate::metrics {
namespace {

const nlohmann::json& given_corpus() {
  static const nlohmann::json content = [] {
    std::ifstream stream(std::string(ABLATE_SOURCE_DIR) + "/tests/golden/significance.json");
    return nlohmann::json::parse(stream).at("sentence_level");
  }();
  return content;
}

SentenceStatistics statistics(const std::string& metric, const nlohmann::json& lines) {
  return sentence_statistics(metric, lines.get<Lines>(), {given_corpus().at("references").get<Lines>()});
}

/// Resamples out of the golden file, one after the other.
Draw given(const nlohmann::json& rows) {
  return [&rows, next = std::size_t{0}](std::span<std::uint32_t> numbers) mutable {
    const nlohmann::json& row = rows.at(next++);
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = row.at(i).get<std::uint32_t>();
  };
}

/// Equal outputs: every resample has the same difference, none. sacreBLEU counts greater ones alone, and says
/// 1 / (1 + n).
bool is_the_baseline(const nlohmann::json& expected) {
  return given_corpus().at("systems").at(expected.at("system").get<std::size_t>()) == given_corpus().at("baseline");
}

}  // namespace

TEST_CASE("given the same resamples the p-values are sacreBLEU's", "[metrics][significance]") {
  for (const nlohmann::json& expected : given_corpus().at("cases")) {
    if (is_the_baseline(expected)) continue;
    const std::string metric = expected.at("metric");
    INFO("system " << expected.at("system") << ", " << metric);
    const SentenceStatistics baseline = statistics(metric, given_corpus().at("baseline"));
    const SentenceStatistics system =
        statistics(metric, given_corpus().at("systems").at(expected.at("system").get<std::size_t>()));
    const std::size_t samples = given_corpus().at("indices").size();
    CHECK(paired_bootstrap(baseline, system, samples, given(given_corpus().at("indices"))) ==
          Approx(expected.at("given").at("bootstrap").get<double>()).margin(1e-9));
    CHECK(approximate_randomization(baseline, system, samples, given(given_corpus().at("exchanged"))) ==
          Approx(expected.at("given").at("randomization").get<double>()).margin(1e-9));
  }
}

TEST_CASE("with draws of our own the p-values agree within Monte-Carlo error", "[metrics][significance]") {
  const std::size_t samples = given_corpus().at("samples");
  for (const nlohmann::json& expected : given_corpus().at("cases")) {
    if (is_the_baseline(expected)) continue;
    const std::string metric = expected.at("metric");
    INFO("system " << expected.at("system") << ", " << metric);
    const SentenceStatistics baseline = statistics(metric, given_corpus().at("baseline"));
    const SentenceStatistics system =
        statistics(metric, given_corpus().at("systems").at(expected.at("system").get<std::size_t>()));
    // Five standard errors of the difference of two estimates, and the step of one sample.
    const auto near = [&](double p) {
      const auto n = static_cast<double>(samples);
      return Approx(p).margin(5 * std::sqrt(2 * p * (1 - p) / n) + 2 / n);
    };
    const auto sentences = static_cast<std::uint32_t>(baseline.size());
    CHECK(paired_bootstrap(baseline, system, samples, uniform_draws(1, sentences)) ==
          near(expected.at("many").at("bootstrap").get<double>()));
    CHECK(approximate_randomization(baseline, system, samples, uniform_draws(2, 2)) ==
          near(expected.at("many").at("randomization").get<double>()));
  }
}

TEST_CASE("what chance gives as easily is not significant: equal outputs, one sentence", "[metrics][significance]") {
  const Lines references(50, "a b c d e f"), right = references;
  Lines one_wrong = references;
  one_wrong[7] = "a b c d e x";
  for (const char* metric : {"exact_match", "bleu", "chrf"}) {
    INFO(metric);
    const SentenceStatistics a = sentence_statistics(metric, right, {references});
    const SentenceStatistics b = sentence_statistics(metric, one_wrong, {references});
    CHECK(approximate_randomization(a, a, 200, uniform_draws(1, 2)) == 1);
    CHECK(paired_bootstrap(a, a, 200, uniform_draws(1, 50)) == 1);
    // Whichever system has the one wrong sentence, they are as far apart.
    CHECK(approximate_randomization(a, b, 200, uniform_draws(1, 2)) == 1);
  }
}

TEST_CASE("sentence statistics give the corpus figure of every metric", "[metrics][significance]") {
  const Lines references = given_corpus().at("references").get<Lines>(),
              hypotheses = given_corpus().at("baseline").get<Lines>();
  for (const MetricRow& metric : metrics()) {
    INFO(metric.name);
    if (metric.subject == Subject::numbers) continue;  // lines of text are none
    const SentenceStatistics sentences = sentence_statistics(metric.name, hypotheses, {references});
    CHECK(sentences.size() == hypotheses.size());
    CHECK(sentences.corpus_score() == Approx(score(metric.name, hypotheses, {references}).value).epsilon(1e-12));
  }
  CHECK_THROWS_AS(sentence_statistics("bleu", hypotheses, {references}, {{"tokenise", "none"}}), std::invalid_argument);
}

TEST_CASE("the figure of several seeds is the mean of theirs", "[metrics][significance]") {
  const Lines references = given_corpus().at("references").get<Lines>();
  const SentenceStatistics one = statistics("bleu", given_corpus().at("baseline"));
  const SentenceStatistics other = statistics("bleu", given_corpus().at("systems").at(0));
  const SentenceStatistics mean = mean_of_outputs({one, other});
  CHECK(mean.size() == references.size());
  CHECK(mean.corpus_score() == Approx((one.corpus_score() + other.corpus_score()) / 2));
  // Twice the same outputs say no more than once.
  CHECK(paired_bootstrap(mean_of_outputs({one, one}), mean_of_outputs({other, other}), 500, uniform_draws(1, 40)) ==
        paired_bootstrap(one, other, 500, uniform_draws(1, 40)));
  CHECK_THROWS_AS(mean_of_outputs({}), std::invalid_argument);
  CHECK_THROWS_AS(mean_of_outputs({one, sentence_statistics("bleu", {"a"}, {{"a"}})}), std::invalid_argument);
  CHECK_THROWS_AS(paired_bootstrap(one, mean, 10, uniform_draws(1, 40)), std::invalid_argument);
}

TEST_CASE("draws are uniform, cover their range and depend on the seed alone", "[metrics][significance]") {
  std::vector<std::uint32_t> numbers(7000), again(7000), other(7000);
  uniform_draws(5, 7)(numbers);
  uniform_draws(5, 7)(again);
  uniform_draws(6, 7)(other);
  CHECK(numbers == again);
  CHECK(numbers != other);
  std::vector<int> counts(7);
  for (const std::uint32_t number : numbers) ++counts.at(number);
  for (const int count : counts) CHECK(std::abs(count - 1000) < 150);
}

}  // namespace ablate::metrics
