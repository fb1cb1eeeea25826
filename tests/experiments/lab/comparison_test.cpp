// Which differences of a table are tested, with which seeds and which correction, and what the reader is shown.
#include "experiments/lab/comparison.h"

#include "experiments/lab/render/render.h"
#include "experiments/lab/significance.h"
#include "experiments/metrics/score.h"
#include "tests/catch.h"
#include "tests/experiments/lab/support.h"

using namespace ablate;
using namespace ablate::lab;
using namespace ablate::lab::testing;

namespace {

/// All figures were measured on one test set; there are no outputs.
const MeasuredOn one_set{[](std::size_t, std::size_t) { return "set"; },
                         [](std::size_t, std::size_t, const auto&) { return std::nullopt; }};

/// Three rows: the baseline, one far from it, one near it.
Table three_rows() {
  return one_column(Direction::higher, {seeds({30, 30.2, 30.1}), seeds({33, 33.3, 32.9}), seeds({30.1, 30.3, 29.9})});
}

/// Forty sentences of which every `every`-th is right.
metrics::SentenceStatistics outputs(int every) {
  metrics::Lines hypotheses, wanted;
  for (int i = 0; i < 40; ++i) {
    wanted.push_back("right");
    hypotheses.push_back(i % every == 0 ? "right" : "wrong");
  }
  return metrics::sentence_statistics("exact_match", hypotheses, {wanted});
}

}  // namespace

TEST_CASE("rows are compared with the baseline and corrected for their number", "[lab][significance]") {
  Table table = three_rows();
  compare_rows(table, {.kind = "welch"}, one_set);
  REQUIRE(table.comparisons.size() == 2);
  const std::vector<double> better{33, 33.3, 32.9}, baseline{30, 30.2, 30.1};
  const double far = welch_test(statistics_of(better), statistics_of(baseline))->p;
  const Comparison* const found = comparison_with_baseline(table, 1, 0);
  REQUIRE(found != nullptr);
  CHECK(found->p == Approx(far));
  CHECK(found->corrected == Approx(2 * far));
  CHECK(found->difference == Approx(2.9667).epsilon(1e-4));
  CHECK(found->significant);
  CHECK_FALSE(comparison_with_baseline(table, 2, 0)->significant);
  CHECK(comparison_with_baseline(table, 0, 0) == nullptr);
  REQUIRE(table.footnotes.size() == 1);
  CHECK_THAT(table.footnotes[0], Catch::Contains("p < 0.05,") && Catch::Contains("Welch 1947") &&
                                     Catch::Contains("holm correction over 2 tests"));
}

TEST_CASE("a row that differs is marked in every format", "[lab][significance]") {
  Table table = three_rows();
  compare_rows(table, {.kind = "welch", .correction = "none"}, one_set);
  CHECK_THAT(render_markdown(table), Catch::Contains("**33.07**† ± 0.21") && Catch::Contains(" 30.10 ± 0.20 |"));
  CHECK_THAT(render_latex(table), Catch::Contains("$\\mathbf{33.07}^{\\dagger} \\pm 0.21$"));
  CHECK_THAT(render_csv(table), Catch::Contains("m_diverged,m_failed,m_p,m_p_corrected,m_seed_1"));
  CHECK_THAT(render_json(table), Catch::Contains("\"significant\": true") && Catch::Contains("\"comparisons\""));
}

TEST_CASE("without tests nothing about them is printed", "[lab][significance]") {
  Table table = three_rows();
  compare_rows(table, {}, one_set);
  CHECK(table.comparisons.empty());
  CHECK(table.footnotes.empty());
  CHECK_THAT(render_csv(table), !Catch::Contains("m_p"));
  CHECK_THAT(render_json(table), !Catch::Contains("significant"));
}

TEST_CASE("all pairs are compared and those that differ are named", "[lab][significance]") {
  Table table = three_rows();
  compare_rows(table, {.kind = "welch", .compare = "all_pairs"}, one_set);
  CHECK(table.comparisons.size() == 3);
  REQUIRE(table.footnotes.size() == 3);
  CHECK_THAT(table.footnotes[1], Catch::StartsWith("row 1 - row 0: M +2.97, p = "));
  CHECK_THAT(table.footnotes[2], Catch::StartsWith("row 2 - row 1: M -2.97, p = "));
}

TEST_CASE("a baseline in the middle of the rows is what all others are compared with", "[lab][significance]") {
  Table table = three_rows();
  std::swap(table.rows[0], table.rows[1]);
  for (const char* compare : {"baseline", "all_pairs"}) {
    table.comparisons.clear();
    compare_rows(table, {.kind = "welch", .compare = compare}, one_set);
    REQUIRE(comparison_with_baseline(table, 0, 0) != nullptr);
    CHECK(comparison_with_baseline(table, 0, 0)->significant);
    CHECK(comparison_with_baseline(table, 2, 0) != nullptr);
  }
}

TEST_CASE("sentences are compared on the seeds that both rows finished", "[lab][significance]") {
  for (const char* kind : {"paired_bootstrap", "approximate_randomization"}) {
    INFO(kind);
    Table table = one_column(Direction::higher, {seeds({10, 20, 30}), seeds({40, NAN, 60}), seeds({5, 6, 7})});
    std::vector<std::vector<std::int64_t>> asked;
    MeasuredOn measured = one_set;
    measured.sentences = [&](std::size_t row, std::size_t, const std::vector<std::int64_t>& of_seeds) {
      if (row == 1) asked.push_back(of_seeds);
      return row == 2 ? std::nullopt : std::optional(outputs(row == 1 ? 1 : 4));
    };
    compare_rows(table, {.kind = kind, .samples = 500}, measured);
    CHECK(asked == std::vector<std::vector<std::int64_t>>{{1, 3}});
    REQUIRE(table.comparisons.size() == 1);  // the outputs of row 2 are not there
    CHECK(table.comparisons[0].difference == Approx(50 - 20));
    CHECK(table.comparisons[0].p < 0.01);
    CHECK_THAT(table.footnotes[0], Catch::Contains("500 samples") && Catch::Contains("1 of 2 could not be tested"));
  }
}

TEST_CASE("the same outputs do not differ, and rows with other test data are not compared", "[lab][significance]") {
  for (const char* kind : {"paired_bootstrap", "welch"}) {
    INFO(kind);
    Table table = one_column(Direction::higher, {seeds({10, 11}), seeds({10, 11}), seeds({12, 13})});
    MeasuredOn measured = one_set;
    measured.data = [](std::size_t row, std::size_t) { return row == 2 ? "another set" : "set"; };
    measured.sentences = [&](std::size_t, std::size_t, const auto&) { return std::optional(outputs(3)); };
    compare_rows(table, {.kind = kind, .samples = 100}, measured);
    REQUIRE(table.comparisons.size() == 1);
    CHECK(table.comparisons[0].row == 1);
    CHECK(table.comparisons[0].p == 1);
  }
}

TEST_CASE("tests that were asked for and could not be made are said to be missing", "[lab][significance]") {
  Table alone = one_column(Direction::higher, {seeds({1, 2})}),
        single = one_column(Direction::higher, {seeds({1}), seeds({2})});
  compare_rows(alone, {.kind = "welch"}, one_set);
  compare_rows(single, {.kind = "welch"}, one_set);
  REQUIRE(alone.footnotes.size() == 1);
  CHECK_THAT(alone.footnotes[0], Catch::Contains("no two rows"));
  REQUIRE(single.footnotes.size() == 1);
  CHECK_THAT(single.footnotes[0], Catch::Contains("No differences were tested"));
}

TEST_CASE("a p-value that rounds to zero is said to be small", "[lab][significance]") {
  CHECK(p_text(0.01234) == "p = 0.0123");
  CHECK(p_text(0.00001) == "p < 0.0001");
  CHECK(p_text(1) == "p = 1.0000");
}
