#include <string>

#include "experiments/lab/render/render.h"
#include "experiments/lab/render/unicode.h"
#include "tests/catch.h"
#include "tests/experiments/lab/support.h"

using namespace ablate::lab;
using namespace ablate::lab::testing;

namespace {

/// The cell of a table with this row alone and one column, without its padding.
std::string printed(const Cell& cell) {
  const std::string text = render_markdown(one_column(Direction::higher, {cell}));
  const std::size_t last_line = text.rfind('\n', text.size() - 2) + 1;
  const std::size_t begin = text.find_first_not_of(' ', text.find('|', last_line + 1) + 1);
  return text.substr(begin, text.rfind(" |") - begin);
}

std::string label(const std::string& text) {
  Table table;
  table.rows = {{text, "", true, {}}};
  const std::string rendered = render_markdown(table);
  const std::size_t last_line = rendered.rfind('\n', rendered.size() - 2) + 1;
  return rendered.substr(last_line + 2, rendered.find_last_not_of(" |\n") - last_line - 1);
}

}  // namespace

TEST_CASE("a table in Markdown", "[lab][render]") {
  const std::string expected =
      R"(**Norms & units**

Mean ± sd.

| Model    |                 dev PPL ↓ |              dev BLEU ↑ | Seeds | Parameters | Training (tokens/s) |
| -------- | ------------------------: | ----------------------: | ----: | ---------: | ------------------: |
| post     |                 5.2 ± 0.4 |        **27.50** ± 0.00 |     2 |     2.61 M |          4000 ± 141 |
| big      |                   running |                       – |     0 |      213 M |                   – |
| **Norm** |                           |                         |       |            |                     |
| rms_norm |                 4.4 ± 0.2 |        **27.50** ± 0.71 |     2 |     2.61 M |           4050 ± 71 |
| no norm  |                  diverged |                diverged |     0 |          – |                   – |
| **FFN**  |                           |                         |       |            |                     |
| swiglu   | **4.0** (1 of 2 diverged) | 26.50 (1 of 2 diverged) |     1 |     2.61 M |                   – |

- BLEU: nrefs:1|case:mixed
- Rows come from 2 commits.
)";
  CHECK(render(small_table(), "markdown") == expected);
}

TEST_CASE("an empty table is a heading", "[lab][render]") {
  CHECK(render(Table{}, "markdown") == "| Model |\n| ----- |\n");
  CHECK(render(one_column(Direction::lower, {}), "markdown") == "| Model | M ↓ |\n| ----- | --: |\n");
}

TEST_CASE("every state of a cell in Markdown", "[lab][render]") {
  const Sample good{.seed = 1, .value = 3};
  const Sample diverged = unfinished(2, State::diverged);
  const Sample running = unfinished(3, State::running);
  const Sample missing = unfinished(4, State::missing);
  CHECK(printed(measurement_cell({good})) == "3.00");
  CHECK(printed(measurement_cell({good, missing})) == "3.00 (1 of 2 missing)");
  CHECK(printed(measurement_cell({good, running})) == "3.00 (1 of 2 running)");
  CHECK(printed(measurement_cell({good, diverged, running})) == "3.00 (1 of 3 diverged, 1 of 3 running)");
  CHECK(printed(measurement_cell({diverged, running})) == "running (1 of 2 diverged)");
  CHECK(printed(measurement_cell({diverged, missing})) == "diverged");
  CHECK(printed(measurement_cell({missing})) == "–");
  const Sample failed = unfinished(5, State::failed);
  CHECK(printed(measurement_cell({failed})) == "failed");
  CHECK(printed(measurement_cell({failed, missing})) == "failed");
  CHECK(printed(measurement_cell({good, failed, failed})) == "3.00 (2 of 3 failed)");
  CHECK(printed(measurement_cell({diverged, failed})) == "diverged (1 of 2 failed)");
  CHECK(printed(measurement_cell({good, missing, running, failed, diverged})) ==
        "3.00 (1 of 5 diverged, 1 of 5 failed, 1 of 5 running, 1 of 5 missing)");
  CHECK(printed(seeds({1, 3, NAN})) == "2.00 ± 1.41 (1 of 3 diverged)");
}

TEST_CASE("labels print as they are and never as markup", "[lab][render]") {
  CHECK(label("a|b") == R"(a\|b)");
  CHECK(label("**x** `y` <b> [z](w)") == R"(\*\*x\*\* \`y\` \<b> \[z](w))");
  CHECK(label("norm.kind = rms_norm") == "norm.kind = rms_norm");
  CHECK(label("_x_ y_") == R"(\_x\_ y\_)");
  CHECK(label("$x$ ~~y~~ c:\\z") == R"(\$x\$ \~\~y\~\~ c:\\z)");
  CHECK(label("Q & A &amp; &#42;") == R"(Q & A \&amp; \&#42;)");
  CHECK(label("two\r\n lines\t") == "two lines");
}

TEST_CASE("columns are aligned by what a terminal shows", "[lab][render]") {
  Table table;
  table.columns = {metric("note", "Note", Direction::none)};
  table.columns[0].content = Content::text;
  table.rows = {{"注意 mask", "", true, {text_cell("e\u0301t\u00e9")}},
                {"🙂", "", false, {text_cell("±")}},
                {"plain", "", false, {Cell{}}}};
  CHECK(render_markdown(table) ==
        "| Model     | Note |\n"
        "| --------- | ---- |\n"
        "| 注意 mask | e\u0301t\u00e9  |\n"
        "| 🙂        | ±    |\n"
        "| plain     | –    |\n");
}

TEST_CASE("settings and a paper's figures in Markdown", "[lab][render]") {
  CHECK(render_markdown(published_table()) ==
        "| Model |   N | residual  |   dev NLL ↓ | paper | Parameters | Δ parameters | paper FLOPs |\n"
        "| ----- | --: | --------- | ----------: | ----: | ---------: | -----------: | ----------: |\n"
        "| base  |   6 | post_norm | 5.25 ± 0.35 |  4.92 |     65.0 M |          0 % |      3.3e18 |\n"
        "| small |   2 |           |      failed |     – |     36.0 M |     -44.60 % |           – |\n");
}

TEST_CASE("the width of a character in a terminal", "[lab][render]") {
  CHECK(display_width("") == 0);
  CHECK(display_width("a ± –") == 5);
  CHECK(display_width("漢字") == 4);
  CHECK(display_width("Ａ") == 2);
  CHECK(display_width("e\u0301") == 1);
  CHECK(display_width("a\u200bb") == 2);
  CHECK(display_width("\xff") == 1);
}

TEST_CASE("an unknown format is refused with a suggestion", "[lab][render]") {
  CHECK_THROWS_MENTION(render(Table{}, "markdwon"), "markdown");
  CHECK(table_formats().choices().names() == std::vector<std::string>{"markdown", "latex", "html", "csv", "json"});
}

TEST_CASE("no format takes a table that was filled wrongly", "[lab][render]") {
  Table table = small_table();
  table.rows[0].cells.pop_back();
  for (const auto& row : table_formats().rows()) {
    CHECK_THROWS_MENTION(render(table, row.info.name), "4 cells for 5 columns");
  }
}
