#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "experiments/lab/render/render.h"
#include "experiments/lab/significance.h"
#include "tests/catch.h"
#include "tests/experiments/lab/support.h"

using namespace ablate::lab;
using namespace ablate::lab::testing;

namespace {

/// Half the interval of a mean, as CSV writes it; its digits are held against SciPy's elsewhere.
std::string interval(const std::vector<double>& values) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), *confidence_half_width(statistics_of(values)));
  return {text.data(), end.ptr};
}

}  // namespace

TEST_CASE("a table in CSV", "[lab][render]") {
  Table table = small_table();
  table.columns.erase(table.columns.begin() + 1);
  for (Row& row : table.rows) row.cells.erase(row.cells.begin() + 1);
  CHECK(render(table, "csv") ==
        "group,label,baseline,dev_ppl_mean,dev_ppl_sd,dev_ppl_ci95,dev_ppl_n,dev_ppl_diverged,dev_ppl_failed,"
        "dev_ppl_seed_1,dev_ppl_seed_2,"
        "seeds,parameters,tokens_per_second_mean,tokens_per_second_sd,tokens_per_second_ci95,tokens_per_second_n,"
        "tokens_per_second_diverged,tokens_per_second_failed,tokens_per_second_seed_1,tokens_per_second_seed_2\r\n"
        "Norm,post,true,5.25,0.3535533905932738," +
            interval({5, 5.5}) + ",2,0,0,5,5.5,2,2607000,4000.5,141.4213562373095," + interval({3900.5, 4100.5}) +
            ",2,0,0,3900.5,4100.5\r\n"
            ",big,false,,,,0,0,0,,,0,213000000,,,,0,0,0,,\r\n"
            "Norm,rms_norm,false,4.375,0.1767766952966369," +
            interval({4.5, 4.25}) + ",2,0,0,4.5,4.25,2,2605184,4050,70.71067811865476," + interval({4000, 4100}) +
            ",2,0,0,4000,4100\r\n"
            "Norm,no norm,false,,,,0,2,0,NaN,NaN,0,,,,,0,0,0,,\r\n"
            "FFN,swiglu,false,4,,,1,1,0,4,NaN,1,2605440,,,,0,0,0,,\r\n");
}

TEST_CASE("an empty table in CSV is a header", "[lab][render]") {
  CHECK(render(Table{}, "csv") == "group,label,baseline\r\n");
}

TEST_CASE("fields with commas, quotes and line breaks are quoted", "[lab][render]") {
  Table table;
  table.columns = {metric("note", "Note", Direction::none)};
  table.columns[0].content = Content::text;
  table.rows = {{"a, \"b\"", "two\nlines", false, {text_cell("plain text ±")}}};
  CHECK(render(table, "csv") == "group,label,baseline,note\r\n\"two\nlines\",\"a, \"\"b\"\"\",false,plain text ±\r\n");
}

TEST_CASE("a value in CSV reads back as the same number", "[lab][render]") {
  for (const double value : {0.1, 1.0 / 3, -27.123456789012345, 1e300, 5e-324, std::numeric_limits<double>::max()}) {
    const std::string text = render_csv(one_column(Direction::none, {seeds({value})}));
    CHECK(std::strtod(text.c_str() + text.rfind(',') + 1, nullptr) == value);
  }
}

TEST_CASE("seeds have their own columns, whatever row they are from", "[lab][render]") {
  const Table table =
      one_column(Direction::none, {measurement_cell({{.seed = 7, .value = 1}}),
                                   measurement_cell({{.seed = 3, .value = 2}, unfinished(7, State::running)})});
  CHECK(render(table, "csv") ==
        "group,label,baseline,m_mean,m_sd,m_ci95,m_n,m_diverged,m_failed,m_seed_3,m_seed_7\r\n"
        ",row 0,true,1,,,1,0,0,,1\r\n"
        ",row 1,false,2,,,1,0,0,2,\r\n");
}

TEST_CASE("a seed that failed has no number in CSV but is counted", "[lab][render]") {
  const Table table =
      one_column(Direction::none, {measurement_cell({unfinished(1, State::failed), {.seed = 2, .value = NAN}})});
  CHECK(has(render(table, "csv"), "\r\n,row 0,true,,,,0,1,1,,NaN\r\n"));
}

TEST_CASE("CSV writes a text that repeats the baseline's, and percentages in full", "[lab][render]") {
  Table table;
  table.columns = {metric("layers", "N", Direction::none), difference_column()};
  table.columns[0].content = Content::text;
  table.rows = {{"base", "", true, {text_cell("6"), fact_cell(0)}},
                {"small", "", false, {text_cell("6"), fact_cell(-12.3456)}}};
  table.rows[1].cells[0].repeats_baseline = true;
  CHECK(render(table, "csv") ==
        "group,label,baseline,layers,difference\r\n,base,true,6,0\r\n,small,false,6,-12.3456\r\n");
}
