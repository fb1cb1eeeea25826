// The grid of settings as a table.
#include "experiments/lab/pivot.h"

#include <cmath>
#include <string>
#include <vector>

#include "experiments/lab/render/render.h"
#include "tests/catch.h"
#include "tests/experiments/lab/support.h"

using namespace ablate::lab;
using namespace ablate::lab::testing;

namespace {

/// Five of the six points of a grid: post-norm with warm-up 1 was not trained at the higher rate.
Table grid_rows() {
  Table table = one_column(Direction::lower, {seeds({4}), seeds({NAN}), seeds({3, 5}), seeds({2}), seeds({2.5})});
  table.title = "Stability";
  table.caption = "Mean ± sd.";
  table.footnotes = {"Commit abc"};
  table.columns[0] = metric("nll@dev", "NLL", Direction::lower, "dev");
  table.columns[0].unit = "nats/token";
  table.columns.push_back(parameters_column());
  for (Row& row : table.rows) row.cells.push_back(fact_cell(12));
  return table;
}

const std::vector<GridPoint> grid_points = {{{"post", "1"}, "0.001", 0},
                                            {{"post", "100"}, "0.001", 2},
                                            {{"post", "100"}, "0.002", 1},
                                            {{"pre", "1"}, "0.002", 3},
                                            {{"pre", "1"}, "0.001", 4}};
const PivotHeadings grid_headings = {{"norm", "warm-up"}, "learning rate"};

State state_at(double value, Direction direction, std::optional<double> beyond) {
  return summarize(mark_diverged(seeds({value}), direction, beyond)).state;
}

}  // namespace

TEST_CASE("a grid of settings runs down and across", "[lab]") {
  const Table grid = pivot(grid_rows(), 0, grid_points, grid_headings);
  CHECK(render(grid, "markdown") ==
        "**Stability: dev NLL (nats/token)**\n"
        "\n"
        "Mean ± sd.\n"
        "\n"
        "| norm, warm-up | learning rate 0.001 ↓ | learning rate 0.002 ↓ |\n"
        "| ------------- | --------------------: | --------------------: |\n"
        "| post, 1       |                  4.00 |                     – |\n"
        "| post, 100     |           4.00 ± 1.41 |              diverged |\n"
        "| pre, 1        |              **2.50** |              **2.00** |\n"
        "\n"
        "- Commit abc\n");
  CHECK(grid.columns[1].key == "learning rate=0.002");
  const std::string latex = render(grid, "latex");
  CHECK(has(latex, "\\multicolumn{2}{c}{learning rate}"));
  CHECK(has(latex, "norm, warm-up & 0.001 $\\downarrow$"));
}

TEST_CASE("any column can be laid out as a grid", "[lab]") {
  const Table grid = pivot(grid_rows(), 1, grid_points, grid_headings);
  CHECK(grid.title == "Stability: Parameters");
  CHECK(grid.rows[0].cells[0].samples.front().value == 12);
  CHECK(summarize(grid.rows[0].cells[1]).state == State::missing);
}

TEST_CASE("the rows of a grid keep a group that all their points have", "[lab]") {
  Table table = grid_rows();
  table.rows[0].group = table.rows[1].group = table.rows[2].group = "Post";
  table.rows[4].group = "Pre";
  const Table grid = pivot(table, 0, grid_points, grid_headings);
  CHECK(grid.rows[0].group == "Post");
  CHECK(grid.rows[1].group == "Post");
  CHECK(grid.rows[2].group.empty());
}

TEST_CASE("a column that belonged to another is whole in the grid", "[lab]") {
  Table table = grid_rows();
  insert_column(table, 1, words("paper:nll", "paper", true, "dev"), std::vector<Cell>(5, text_cell("3")));
  table.columns[1].is_beside = true;
  table.rows[4].cells[1].repeats_baseline = true;
  const Table grid = pivot(table, 1, grid_points, grid_headings);
  CHECK_NOTHROW(check(grid));
  CHECK_FALSE(grid.rows[2].cells[0].repeats_baseline);
}

TEST_CASE("an empty grid is an empty table", "[lab]") {
  const Table grid = pivot(grid_rows(), 0, {}, grid_headings);
  CHECK(grid.rows.empty());
  CHECK(grid.columns.empty());
  CHECK_NOTHROW(render(grid, "html"));
}

TEST_CASE("two rows at one point of a grid are an error", "[lab]") {
  std::vector<GridPoint> twice = grid_points;
  twice.push_back({{"pre", "1"}, "0.001", 1});
  CHECK_THROWS_MENTION(pivot(grid_rows(), 0, twice, grid_headings),
                       "rows 'row 4' and 'row 1' stand at the same point of the grid (pre, 1, 0.001)");
}

TEST_CASE("a value beyond a limit counts as diverged", "[lab]") {
  CHECK(state_at(6, Direction::lower, 5) == State::diverged);
  CHECK(state_at(5, Direction::lower, 5) == State::value);
  CHECK(state_at(4, Direction::higher, 5) == State::diverged);
  CHECK(state_at(6, Direction::higher, 5) == State::value);
  CHECK(state_at(6, Direction::none, 5) == State::value);
  CHECK(state_at(6, Direction::lower, std::nullopt) == State::value);

  const Cell cell =
      mark_diverged(measurement_cell({{.seed = 1, .value = 4}, {.seed = 2, .value = 9}, unfinished(3, State::failed)}),
                    Direction::lower, 5);
  const Summary summary = summarize(cell);
  CHECK(summary.statistics.mean == 4);
  CHECK(summary.diverged == 1);
  CHECK(summary.failed == 1);
  CHECK(summarize(mark_diverged(measurement_cell({unfinished(1, State::failed)}), Direction::higher, 5)).failed == 1);
}
