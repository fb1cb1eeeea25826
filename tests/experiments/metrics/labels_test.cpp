// Figures of labels against scikit-learn's and SciPy's (scripts/reference/labels.py), and by hand.
#include "experiments/metrics/labels.h"

#include <cmath>
#include <fstream>

#include <nlohmann/json.hpp>

#include "experiments/metrics/score.h"
#include "tests/catch.h"

namespace ablate::metrics {
namespace {

nlohmann::json label_figures() {
  std::ifstream file(ABLATE_SOURCE_DIR "/tests/golden/labels.json");
  return nlohmann::json::parse(file);
}

}  // namespace

TEST_CASE("labels: every figure is that of scikit-learn and SciPy", "[metrics]") {
  const nlohmann::json golden = label_figures();
  for (const char* subject : {"classes", "numbers"}) {
    for (const auto& expected : golden.at(subject)) {
      const Lines hypotheses = expected.at("hypotheses"), references = expected.at("references");
      for (const auto& [name, value] : expected.items()) {
        if (!value.is_number()) continue;
        INFO(subject << " " << name);
        CHECK(score(name, hypotheses, {references}).value == Approx(value.get<double>()).epsilon(1e-9).margin(1e-9));
      }
    }
  }
}

TEST_CASE("labels: a class that the references lack is wrong and has no F1 of its own", "[metrics]") {
  // yes: tp 1, fp 0, fn 1 -> 2/3; no: tp 1 -> 1
  CHECK(score("macro_f1", {"yes", "maybe", "no"}, {{"yes", "yes", "no"}}).value == Approx(100 * (2.0 / 3 + 1) / 2));
  // c = 2, s = 3; t = (2, 1, 0), p = (1, 1, 1): (6 - 3) / sqrt((9 - 3) (9 - 5))
  CHECK(score("matthews", {"yes", "maybe", "no"}, {{"yes", "yes", "no"}}).value == Approx(100 * 3 / std::sqrt(24)));
}

TEST_CASE("labels: what has no spread correlates with nothing", "[metrics]") {
  CHECK(score("matthews", {"a", "a"}, {{"a", "b"}}).value == 0);
  CHECK(score("pearson", {"2", "2", "2"}, {{"1", "2", "3"}}).value == 0);
  CHECK(score("spearman", {"1", "2"}, {{"5", "5"}}).value == 0);
}

TEST_CASE("labels: what cannot be compared is refused", "[metrics]") {
  CHECK_THROWS_MENTION(score("pearson", {"1", "two"}, {{"1", "2"}}), "line 2: 'two' is no number");
  CHECK_THROWS_MENTION(score("spearman", {"1", "2"}, {{"1", "nan"}}), "line 2: 'nan' is no number");
  CHECK_THROWS_MENTION(score("macro_f1", {"a"}, {{"a"}, {"b"}}), "one reference for a line, not 2");
  CHECK_THROWS_MENTION(score("matthews", {"a", "b"}, {{"a"}}), "unequal line counts");
  CHECK_THROWS_MENTION(check_metric("macro_f1", {{"average", "micro"}}), "no option 'average'");
}

TEST_CASE("labels: a resample's figure is the one that its own lines have", "[metrics]") {
  const Lines said{"a", "b", "b", "c", "a"}, wanted{"a", "b", "c", "c", "b"};
  const std::vector<std::size_t> resample{0, 0, 2, 4, 3};
  Lines said_again, wanted_again;
  for (const std::size_t i : resample) {
    said_again.push_back(said[i]);
    wanted_again.push_back(wanted[i]);
  }
  for (const char* name : {"label_accuracy", "macro_f1", "matthews"}) {
    INFO(name);
    const SentenceStatistics sentences = sentence_statistics(name, said, {wanted});
    std::vector<double> sums(sentences.width, 0);
    for (const std::size_t i : resample) {
      for (std::size_t k = 0; k < sums.size(); ++k) sums[k] += sentences.of(i)[k];
    }
    CHECK(sentences.score(sums) == Approx(score(name, said_again, {wanted_again}).value));
  }
}

}  // namespace ablate::metrics
