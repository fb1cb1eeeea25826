// No TeX is needed: besides the exact text of one table, its structure is checked by the rules that TeX lives
// by.
#include <algorithm>
#include <cctype>
#include <sstream>
#include <string>
#include <vector>

#include "experiments/lab/render/latex_escape.h"
#include "experiments/lab/render/render.h"
#include "tests/catch.h"
#include "tests/experiments/lab/support.h"

using namespace ablate::lab;
using namespace ablate::lab::testing;

namespace {

/// The source without escaped characters (\{, \&, \$, ...) and comments: what is left of { } & $ is
/// structure.
std::string structure(const std::string& latex) {
  std::string result;
  for (std::size_t i = 0; i < latex.size(); ++i) {
    const bool is_row_end = latex.compare(i, 2, "\\\\") == 0;
    if (latex[i] == '%') {
      i = std::min(latex.find('\n', i), latex.size()) - 1;
    } else if (is_row_end || latex[i] != '\\' || std::isalpha(static_cast<unsigned char>(latex[i + 1]))) {
      result += latex[i];
      if (is_row_end) result += latex[++i];
    } else {
      ++i;
    }
  }
  return result;
}

/// Braces balance, math ends on its line, and no character with a meaning of its own is left outside of its
/// place.
void check_characters(const std::string& text) {
  CHECK(text.find_first_of("#~_") == std::string::npos);
  int depth = 0;
  bool math = false;
  for (const char c : text) {
    if (c == '{') ++depth;
    if (c == '}') --depth;
    if (c == '$') math = !math;
    if (depth < 0 || (c == '\n' && math) || (c == '^' && !math)) FAIL("misplaced " << c << " in\n" << text);
  }
  CHECK(depth == 0);
}

/// Columns that a row of a tabular takes: one more than its &, and what \multicolumn spans beside.
std::size_t columns_of(const std::string& line) {
  std::size_t columns = 1 + static_cast<std::size_t>(std::count(line.begin(), line.end(), '&'));
  const std::string span = "\\multicolumn{";
  for (std::size_t at = line.find(span); at != std::string::npos; at = line.find(span, at + 1)) {
    columns += std::stoul(line.substr(at + span.size())) - 1;
  }
  return columns;
}

void check_structure(const std::string& latex, std::size_t columns) {
  CHECK(std::all_of(latex.begin(), latex.end(), [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
  const std::string text = structure(latex);
  check_characters(text);
  std::istringstream lines(text);
  std::vector<std::string> open;
  std::size_t rows = 0;
  for (std::string line; std::getline(lines, line);) {
    const std::string name = line.substr(line.find('{') + 1, line.find('}') - line.find('{') - 1);
    if (line.find("\\begin{") != std::string::npos) open.push_back(name);
    if (line.find("\\end{") != std::string::npos) {
      REQUIRE_FALSE(open.empty());
      CHECK(open.back() == name);
      open.pop_back();
    }
    if (line.find("\\\\") == std::string::npos) continue;
    CAPTURE(line);
    CHECK(open.back() == "tabular");
    CHECK(columns_of(line) == columns);
    ++rows;
  }
  CHECK(open.empty());
  CHECK(rows > 0);
}

}  // namespace

TEST_CASE("a table in LaTeX", "[lab][render]") {
  const std::string expected =
      R"(% Needs \usepackage{booktabs}.
\begin{table}[t]
  \centering
  \caption{Norms \& units. Mean $\pm$ sd.}
  \begin{tabular}{lrrrrr}
    \toprule
     & \multicolumn{2}{c}{dev} &  &  &  \\
    \cmidrule(lr){2-3}
    Model & PPL $\downarrow$ & BLEU $\uparrow$ & Seeds & Parameters & Training (tokens/s) \\
    \midrule
    post & $5.2 \pm 0.4$ & $\mathbf{27.50} \pm 0.00$ & $2$ & $2.61$\,M & $4000 \pm 141$ \\
    \midrule
    big & running & -- & $0$ & $213$\,M & -- \\
    \midrule
    \multicolumn{6}{l}{\emph{Norm}} \\
    rms\_norm & $4.4 \pm 0.2$ & $\mathbf{27.50} \pm 0.71$ & $2$ & $2.61$\,M & $4050 \pm 71$ \\
    no norm & diverged & diverged & $0$ & -- & -- \\
    \midrule
    \multicolumn{6}{l}{\emph{FFN}} \\
    swiglu & $\mathbf{4.0}$ (1 of 2 diverged) & $26.50$ (1 of 2 diverged) & $1$ & $2.61$\,M & -- \\
    \bottomrule
  \end{tabular}

  \medskip
  \begin{minipage}{\linewidth}\footnotesize\raggedright
    BLEU: nrefs:1\textbar{}\allowbreak{}case:mixed\par
    Rows come from 2 commits.\par
  \end{minipage}
\end{table}
)";
  const std::string latex = render(small_table(), "latex");
  CHECK(latex == expected);
  check_structure(latex, 6);
}

TEST_CASE("an empty table in LaTeX is a heading", "[lab][render]") {
  const std::string latex = render(Table{}, "latex");
  CHECK(latex ==
        R"(% Needs \usepackage{booktabs}.
\begin{table}[t]
  \centering
  \begin{tabular}{l}
    \toprule
    Model \\
    \bottomrule
  \end{tabular}
\end{table}
)");
  check_structure(latex, 1);
}

TEST_CASE("every special character in every place leaves the structure whole", "[lab][render]") {
  std::string nasty =
      "[*] & % $ # _ { } ~ ^ \\ \\\\ | < > \" ± – — − é ç Å ø ß ≥ λ 中 🙂 --x ''y ?` e\u0301\u0323 \n \xff";
  Table table = small_table();
  table.title = table.caption = table.row_heading = nasty;
  table.footnotes = {nasty};
  table.columns[0].heading = table.columns[0].unit = nasty;
  table.columns[0].group = table.columns[1].group = nasty;
  table.columns.push_back(metric("text", "Text", Direction::none));
  table.columns.back().content = Content::text;
  for (Row& row : table.rows) {
    row.label = row.group = nasty;
    row.cells.push_back(text_cell(nasty));
  }
  check_structure(render(table, "latex"), 7);
}

TEST_CASE("special characters in LaTeX", "[lab][render]") {
  CHECK(latex_escape("a & b % c $ d # e _ f { g }") == R"(a \& b \% c \$ d \# e \_ f \{ g \})");
  CHECK(latex_escape("~ ^ \\") == R"(\textasciitilde{} \textasciicircum{} \textbackslash{})");
  CHECK(latex_escape("a|b <c>") == R"(a\textbar{}\allowbreak{}b \textless{}c\textgreater{})");
  CHECK(latex_escape("[x] *") == "{[}x{]} {*}");
  CHECK(latex_escape("27 ± 1, 2–3, −4, λ ≥ 5 × 6 → 7") ==
        R"(27 $\pm$ 1, 2--3, $-$4, $\lambda$ $\geq$ 5 $\times$ 6 $\rightarrow$ 7)");
}

TEST_CASE("letters with accents are spelt with commands, however they are encoded", "[lab][render]") {
  CHECK(latex_escape("Zürich, façade, Łódź, Ångström, Straße") ==
        R"(Z\"{u}rich, fa\c{c}ade, \L{}\'{o}d\'{z}, \r{A}ngstr\"{o}m, Stra\ss{}e)");
  CHECK(latex_escape("e\u0301") == latex_escape("\u00e9"));
  CHECK(latex_escape("\u1ec7") == R"(\d{\^{e}})");
  CHECK(latex_escape("a\u0489\u0323\u0301") == R"(\d{\'{a}}U+0489)");
}

TEST_CASE("what plain LaTeX cannot print is named", "[lab][render]") {
  CHECK(latex_escape("中🙂") == "U+4E2DU+1F642");
  CHECK(latex_escape("가") == "U+AC00");
  CHECK(latex_escape("a\u0489") == "aU+0489");
  CHECK(latex_escape("\xff") == "U+FFFD");
}

TEST_CASE("no two characters join into another one", "[lab][render]") {
  CHECK(latex_escape("--set") == "-{}-set");
  CHECK(latex_escape("a---b") == "a-{}-{}-b");
  CHECK(latex_escape("''") == "'{}'");
  CHECK(latex_escape("?` !`") == "?{}` !{}`");
}

TEST_CASE("large numbers are powers of ten", "[lab][render]") {
  const std::string latex = render_latex(one_column(Direction::lower, {seeds({2e13, 4e13}), seeds({5e13})}));
  CHECK(latex.find(R"($\mathbf{{3.00 \times 10^{13}}} \pm {1.41 \times 10^{13}}$)") != std::string::npos);
}

TEST_CASE("a power of ten with a mark has no two superscripts", "[lab][render]") {
  Table table = one_column(Direction::lower, {seeds({4}), seeds({2e13})});
  table.marks_comparisons = true;
  table.comparisons = {{.column = 0, .row = 1, .other = 0, .significant = true}};
  CHECK(render_latex(table).find(R"(${2.00 \times 10^{13}}^{\dagger}$)") != std::string::npos);
}

TEST_CASE("settings and a paper's figures in LaTeX", "[lab][render]") {
  const std::string latex = render(published_table(), "latex");
  check_structure(latex, 8);
  CHECK(latex.find(R"(  \begin{tabular}{lrlrrrrr}
    \toprule
     &  &  & \multicolumn{2}{c}{dev} &  &  & \multicolumn{1}{c}{paper} \\
    \cmidrule(lr){4-5} \cmidrule(lr){8-8}
    Model & N & residual & NLL $\downarrow$ & paper & Parameters & $\Delta$ parameters & FLOPs \\
    \midrule
    base & 6 & post\_norm & $5.25 \pm 0.35$ & 4.92 & $65.0$\,M & $0$\,\% & 3.3e18 \\
    \midrule
    small & 2 &  & failed & -- & $36.0$\,M & $-44.60$\,\% & -- \\
    \bottomrule)") != std::string::npos);
}

TEST_CASE("neighbouring columns of a group share a heading, others do not", "[lab][render]") {
  Table table;
  table.columns = {metric("a", "A", Direction::none), metric("b", "B", Direction::none, "dev"),
                   metric("c", "C", Direction::none, "test"), metric("d", "D", Direction::none, "test")};
  const std::string latex = render(table, "latex");
  CHECK(latex.find("     &  & \\multicolumn{1}{c}{dev} & \\multicolumn{2}{c}{test} \\\\\n"
                   "    \\cmidrule(lr){3-3} \\cmidrule(lr){4-5}\n") != std::string::npos);
  check_structure(latex, 5);
}
