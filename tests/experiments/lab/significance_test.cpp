// Tests over seeds against SciPy and statsmodels.
#include "experiments/lab/significance.h"

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "experiments/lab/student_t.h"
#include "tests/catch.h"

using namespace ablate::lab;

namespace {

const nlohmann::json& scipy() {
  static const nlohmann::json content = [] {
    std::ifstream stream(std::string(ABLATE_SOURCE_DIR) + "/tests/golden/significance.json");
    return nlohmann::json::parse(stream).at("seeds");
  }();
  return content;
}

Approx close_to(const nlohmann::json& value) { return Approx(value.get<double>()).epsilon(1e-9).margin(1e-13); }

Statistics statistics(const nlohmann::json& values) { return statistics_of(values.get<std::vector<double>>()); }

}  // namespace

TEST_CASE("Student's t distribution is SciPy's", "[lab][significance]") {
  for (const auto& row : scipy().at("incomplete_beta")) {
    INFO(row.dump());
    CHECK(incomplete_beta(row.at("a"), row.at("b"), row.at("x")) == close_to(row.at("value")));
  }
  for (const auto& row : scipy().at("two_sided")) {
    INFO(row.dump());
    CHECK(student_t_two_sided(row.at("t"), row.at("df")) == close_to(row.at("p")));
  }
  for (const auto& row : scipy().at("quantiles")) {
    INFO(row.dump());
    CHECK(student_t_quantile(row.at("probability"), row.at("df")) == close_to(row.at("t")));
  }
  CHECK(student_t_two_sided(INFINITY, 3) == 0);
  CHECK(std::isnan(student_t_two_sided(NAN, 3)));
  CHECK_THROWS_AS(student_t_quantile(1, 3), std::invalid_argument);
  CHECK_THROWS_AS(student_t_two_sided(1, 0), std::invalid_argument);
}

TEST_CASE("Welch's test and the interval of a mean are SciPy's", "[lab][significance]") {
  for (const auto& row : scipy().at("welch")) {
    INFO(row.dump());
    const auto test = welch_test(statistics(row.at("a")), statistics(row.at("b")));
    REQUIRE(test);
    CHECK(test->t == close_to(row.at("t")));
    CHECK(test->df == close_to(row.at("df")));
    CHECK(test->p == close_to(row.at("p")));
  }
  for (const auto& row : scipy().at("intervals")) {
    CHECK(*confidence_half_width(statistics(row.at("values"))) == close_to(row.at("half_width")));
  }
}

TEST_CASE("a single seed has no test, and no spread leaves no doubt", "[lab][significance]") {
  const Statistics one = statistics({1.0}), same = statistics({2.0, 2.0}), other = statistics({3.0, 3.0});
  CHECK_FALSE(welch_test(one, same));
  CHECK_FALSE(confidence_half_width(one));
  CHECK(welch_test(same, same)->p == 1);
  CHECK(welch_test(same, other)->p == 0);
}

TEST_CASE("corrections for several tests are those of statsmodels", "[lab][significance]") {
  for (const auto& family : scipy().at("families")) {
    const auto p = family.at("p").get<std::vector<double>>();
    const std::vector<double> by_holm = holm(p), by_bonferroni = bonferroni(p);
    REQUIRE(by_holm.size() == p.size());
    for (std::size_t i = 0; i < p.size(); ++i) {
      CHECK(by_holm[i] == close_to(family.at("holm").at(i)));
      CHECK(by_bonferroni[i] == close_to(family.at("bonferroni").at(i)));
    }
  }
  CHECK(holm({}).empty());
}

TEST_CASE("seeds that are needed to see a difference", "[lab][significance]") {
  // Cohen 1988, table 2.4.1: for d = 0.5 and 0.8, two-sided 0.05, power 0.80, 64 and 26 cases a group.
  CHECK(seeds_needed(1, 0.5) == 64);
  CHECK(seeds_needed(1, 0.8) == 26);
  CHECK(seeds_needed(0, 1) == 2);
  CHECK(seeds_needed(1, 0.001) > 10'000'000);
  CHECK_THROWS_AS(seeds_needed(1, 0), std::invalid_argument);
}
