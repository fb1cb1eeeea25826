// The table as data: states of cells, the best rows, the order of rows, and mistakes of whoever fills it.
#include "experiments/lab/table.h"

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/experiments/lab/support.h"

using namespace ablate::lab;
using namespace ablate::lab::testing;

namespace {

using Flags = std::vector<bool>;

State state_with(std::vector<Sample> samples) { return summarize(measurement_cell(std::move(samples))).state; }

Flags best(Direction direction, const std::vector<Cell>& cells) { return best_rows(one_column(direction, cells), 0); }

}  // namespace

TEST_CASE("a value that is not finite is that of a diverged run", "[lab]") {
  CHECK(state_of({.value = 1}) == State::value);
  CHECK(state_of({.value = NAN}) == State::diverged);
  CHECK(state_of({.value = -INFINITY}) == State::diverged);
  CHECK(state_of({.value = NAN, .state = State::missing}) == State::missing);
}

TEST_CASE("a cell is summed up over the seeds that have a value", "[lab]") {
  const Summary summary = summarize(measurement_cell({{.seed = 1, .value = 2},
                                                      {.seed = 2, .value = NAN},
                                                      {.seed = 3, .value = 4},
                                                      unfinished(4, State::running),
                                                      unfinished(5, State::missing),
                                                      unfinished(6, State::failed)}));
  CHECK(summary.state == State::value);
  CHECK(summary.seeds == 6);
  CHECK(summary.diverged == 1);
  CHECK(summary.running == 1);
  CHECK(summary.failed == 1);
  CHECK(summary.missing == 1);
  CHECK(summary.statistics.n == 2);
  CHECK(summary.statistics.mean == 3);
  CHECK(*summary.statistics.sd == Approx(std::sqrt(2.0)));
}

TEST_CASE("a cell without a value says why", "[lab]") {
  const Sample diverged = unfinished(1, State::diverged);
  const Sample running = unfinished(2, State::running);
  const Sample missing = unfinished(3, State::missing);
  const Sample failed = unfinished(4, State::failed);
  CHECK(state_with({}) == State::missing);
  CHECK(state_with({missing}) == State::missing);
  CHECK(state_with({missing, failed}) == State::failed);
  CHECK(state_with({missing, failed, diverged}) == State::diverged);
  CHECK(state_with({missing, failed, diverged, running}) == State::running);
}

TEST_CASE("the best mean follows the direction of its column", "[lab]") {
  const std::vector<Cell> cells = {seeds({3}), seeds({1, 2}), seeds({5, 4})};
  CHECK(best(Direction::higher, cells) == Flags{false, false, true});
  CHECK(best(Direction::lower, cells) == Flags{false, true, false});
  CHECK(best(Direction::none, cells) == Flags{false, false, false});
}

TEST_CASE("means that print alike are all best", "[lab]") {
  CHECK(best(Direction::higher, {seeds({3.001}), seeds({3.004}), seeds({2.99})}) == Flags{true, true, false});
  CHECK(best(Direction::lower, {seeds({0.001}), seeds({-0.001})}) == Flags{true, true});
}

TEST_CASE("a row without a value is never best, and takes no part in the choice", "[lab]") {
  CHECK(best(Direction::lower, {seeds({NAN}), seeds({3}), Cell{}, seeds({4})}) == Flags{false, true, false, false});
  CHECK(best(Direction::higher, {seeds({NAN, 7}), seeds({3, 3})}) == Flags{true, false});
}

TEST_CASE("nothing is best while there is nothing to compare", "[lab]") {
  CHECK(best(Direction::higher, {}).empty());
  CHECK(best(Direction::higher, {seeds({3})}) == Flags{false});
  CHECK(best(Direction::higher, {seeds({3}), Cell{}}) == Flags{false, false});
  CHECK(best(Direction::higher, {seeds({3}), seeds({NAN})}) == Flags{true, false});
  CHECK(best(Direction::higher, {seeds({NAN}), seeds({NAN})}) == Flags{false, false});
}

TEST_CASE("a row that failed is no result to be better than", "[lab]") {
  const Cell failed = measurement_cell({unfinished(1, State::failed)});
  CHECK(best(Direction::higher, {seeds({3}), failed}) == Flags{false, false});
  CHECK(best(Direction::higher, {seeds({3}), failed, seeds({2})}) == Flags{true, false, false});
}

TEST_CASE("the baseline comes first, then rows without a group, then each group once", "[lab]") {
  const std::vector<Section> order = sections(small_table());
  REQUIRE(order.size() == 4);
  CHECK(order[0].heading.empty());
  CHECK(order[0].rows == std::vector<std::size_t>{2});
  CHECK(order[1].heading.empty());
  CHECK(order[1].rows == std::vector<std::size_t>{4});
  CHECK(order[2].heading == "Norm");
  CHECK(order[2].rows == std::vector<std::size_t>{0, 3});
  CHECK(order[3].heading == "FFN");
  CHECK(order[3].rows == std::vector<std::size_t>{1});
  CHECK(sections(Table{}).empty());
}

TEST_CASE("the seeds of a table are those of its measurements", "[lab]") {
  Table table =
      one_column(Direction::none, {measurement_cell({{.seed = 9}, {.seed = 3}}), measurement_cell({{.seed = 5}})});
  table.columns.push_back(parameters_column());
  for (Row& row : table.rows) row.cells.push_back(fact_cell(12));
  CHECK(seeds_of(table) == std::vector<std::int64_t>{3, 5, 9});
}

TEST_CASE("a column goes in anywhere, and comparisons keep theirs", "[lab]") {
  Table table = one_column(Direction::higher, {seeds({1}), seeds({2})});
  table.comparisons = {{.column = 0, .row = 1, .other = 0, .significant = true}};
  const auto column = [](const char* key) {
    Column text = metric(key, key, Direction::none);
    text.content = Content::text;
    return text;
  };
  insert_column(table, 1, column("last"), {text_cell("a"), text_cell("b")});
  CHECK(comparison_with_baseline(table, 1, 0) != nullptr);
  insert_column(table, 0, column("first"), {text_cell("c"), text_cell("d")});
  CHECK_NOTHROW(check(table));
  CHECK(comparison_with_baseline(table, 1, 0) == nullptr);
  CHECK(comparison_with_baseline(table, 1, 1) != nullptr);
  CHECK(table.columns[0].key == "first");
  CHECK(table.columns[2].key == "last");
  CHECK(table.rows[1].cells[0].text == "d");
  CHECK(table.rows[1].cells[2].text == "b");
  CHECK_THROWS_MENTION(insert_column(table, 0, column("short"), {Cell{}}), "column 'short': 1 cells for 2 rows");
  CHECK_THROWS_AS(insert_column(table, 4, column("far"), {Cell{}, Cell{}}), std::logic_error);
}

TEST_CASE("a table that was filled wrongly is refused with row and column", "[lab]") {
  Table table = small_table();
  CHECK_NOTHROW(check(table));
  CHECK_NOTHROW(check(Table{}));
  SECTION("too few cells") {
    table.rows[0].cells.pop_back();
    CHECK_THROWS_MENTION(check(table), "row 'rms_norm': 4 cells for 5 columns");
  }
  SECTION("text among numbers") {
    table.rows[0].cells[1] = text_cell("27");
    CHECK_THROWS_MENTION(check(table), "column 'dev_bleu': text in a column of numbers");
  }
  SECTION("numbers among text") {
    table.columns[2].content = Content::text;
    CHECK_THROWS_MENTION(check(table), "column 'seeds': numbers in a column of text");
  }
  SECTION("a fact with seeds") {
    table.rows[0].cells[3] = seeds({1, 2});
    CHECK_THROWS_MENTION(check(table), "column 'parameters': more than one number");
  }
  SECTION("a seed twice") {
    table.rows[0].cells[0] = measurement_cell({{.seed = 1}, {.seed = 1}});
    CHECK_THROWS_MENTION(check(table), "column 'dev_ppl': a seed that occurs twice");
  }
  SECTION("a key twice") {
    table.columns[1].key = "dev_ppl";
    CHECK_THROWS_MENTION(check(table), "the key 'dev_ppl' is taken");
  }
  SECTION("a reserved key") {
    table.columns[1].key = "label";
    CHECK_THROWS_MENTION(check(table), "the key 'label' is taken");
  }
  SECTION("a column beside nothing") {
    table.columns[0].is_beside = true;
    CHECK_THROWS_MENTION(check(table), "column 'dev_ppl': no column of its group on its left");
  }
  SECTION("a column beside one of another group") {
    table.columns[2].is_beside = true;
    CHECK_THROWS_MENTION(check(table), "column 'seeds': no column of its group on its left");
  }
  SECTION("no key") {
    table.columns[1].key = "";
    CHECK_THROWS_MENTION(check(table), "the column 'BLEU' has no key");
  }
}

TEST_CASE("every state, direction and content has its name", "[lab]") {
  CHECK(name_of(State::value) == "value");
  CHECK(name_of(State::missing) == "missing");
  CHECK(name_of(State::diverged) == "diverged");
  CHECK(name_of(State::failed) == "failed");
  CHECK(name_of(State::running) == "running");
  CHECK(name_of(Direction::none) == "none");
  CHECK(name_of(Direction::higher) == "higher");
  CHECK(name_of(Direction::lower) == "lower");
  CHECK(name_of(Content::measurement) == "measurement");
  CHECK(name_of(Content::fact) == "fact");
  CHECK(name_of(Content::text) == "text");
}
