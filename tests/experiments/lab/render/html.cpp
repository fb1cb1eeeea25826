// Beside the exact text of one table, its structure is checked by the rules of HTML: tags nest and close, every row has
// as many columns as the table, and headings of groups stand over groups of columns.
#include <map>
#include <string>
#include <vector>

#include "experiments/lab/render/render.h"
#include "tests/catch.h"
#include "tests/experiments/lab/support.h"

using namespace ablate::lab;
using namespace ablate::lab::testing;

namespace {

std::size_t number_after(const std::string& tag, const std::string& attribute) {
  const std::size_t at = tag.find(attribute + "=\"");
  return at == std::string::npos ? 1 : std::stoul(tag.substr(at + attribute.size() + 2));
}

/// Every tag in order, "/td" for one that closes; text between them may hold no < and no bare &.
std::vector<std::string> tags_of(const std::string& html) {
  std::vector<std::string> tags;
  for (std::size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
    const std::size_t end = html.find('>', at);
    REQUIRE(end != std::string::npos);
    tags.push_back(html.substr(at + 1, end - at - 1));
  }
  return tags;
}

std::string element(const std::string& tag) { return tag.substr(0, tag.find(' ')); }

/// `columns`: of the table, with the one of the labels.
void check_html(const std::string& html, std::size_t columns) {
  static const std::map<std::string, std::string> parents = {
      {"caption", "table"}, {"colgroup", "table"}, {"thead", "table"}, {"tbody", "table"}, {"tfoot", "table"},
      {"ul", "td"},         {"li", "ul"},          {"td", "tr"},       {"th", "tr"}};
  std::vector<std::string> open;
  std::size_t width = 0, in_groups = 0, from_above = 0, to_below = 0;
  for (const std::string& tag : tags_of(html)) {
    INFO(tag);
    const std::string name = element(tag);
    if (name.starts_with("/")) {
      REQUIRE_FALSE(open.empty());
      CHECK("/" + open.back() == name);
      open.pop_back();
      if (name != "/tr") continue;
      CHECK(width + from_above == columns);
      from_above = to_below;
      width = to_below = 0;
      continue;
    }
    if (const auto parent = parents.find(name); parent != parents.end()) CHECK(open.back() == parent->second);
    if (name == "colgroup") in_groups += number_after(tag, "span");
    if (name == "td" || name == "th") {
      width += number_after(tag, "colspan");
      if (number_after(tag, "rowspan") == 2) ++to_below;
    }
    open.push_back(name);
  }
  CHECK(open.empty());
  CHECK(in_groups == columns);
  for (std::size_t at = html.find('&'); at != std::string::npos; at = html.find('&', at + 1)) {
    CHECK(html.find(';', at) < html.find_first_of(" <", at));
  }
}

std::string html_of(const Cell& cell) {
  const std::string html = render(one_column(Direction::higher, {cell, seeds({0})}), "html");
  const std::size_t begin = html.find("<td");
  return html.substr(begin, html.find("</td>", begin) - begin);
}

}  // namespace

TEST_CASE("a table in HTML", "[lab][render]") {
  Table table = small_table();
  table.rows.resize(3);
  table.marks_comparisons = true;
  table.comparisons = {{.column = 1, .row = 0, .other = 2, .significant = true}};
  const std::string expected = R"html(<table class="results">
  <caption>Norms &amp; units. Mean ± sd.</caption>
  <colgroup></colgroup>
  <colgroup span="2"></colgroup>
  <colgroup></colgroup>
  <colgroup></colgroup>
  <colgroup></colgroup>
  <thead>
    <tr>
      <th scope="col" rowspan="2">Model</th>
      <th scope="colgroup" colspan="2">dev</th>
      <th scope="col" class="number" rowspan="2">Seeds</th>
      <th scope="col" class="number" rowspan="2">Parameters</th>
      <th scope="col" class="number" rowspan="2">Training (tokens/s)</th>
    </tr>
    <tr>
      <th scope="col" class="number">PPL ↓</th>
      <th scope="col" class="number">BLEU ↑</th>
    </tr>
  </thead>
  <tbody>
    <tr class="baseline">
      <th scope="row">post</th>
      <td class="number">5.2 &plusmn; 0.4</td>
      <td class="number best"><strong>27.50</strong> &plusmn; 0.00</td>
      <td class="number">2</td>
      <td class="number">2.61&nbsp;M</td>
      <td class="number">4000 &plusmn; 141</td>
    </tr>
  </tbody>
  <tbody>
    <tr><th scope="rowgroup" colspan="6">Norm</th></tr>
    <tr>
      <th scope="row">rms_norm</th>
      <td class="number">4.4 &plusmn; 0.2</td>
      <td class="number best marked"><strong>27.50</strong><sup>&dagger;</sup> &plusmn; 0.71</td>
      <td class="number">2</td>
      <td class="number">2.61&nbsp;M</td>
      <td class="number">4050 &plusmn; 71</td>
    </tr>
  </tbody>
  <tbody>
    <tr><th scope="rowgroup" colspan="6">FFN</th></tr>
    <tr>
      <th scope="row">swiglu</th>
      <td class="number best"><strong>4.0</strong> (1 of 2 diverged)</td>
      <td class="number">26.50 (1 of 2 diverged)</td>
      <td class="number">1</td>
      <td class="number">2.61&nbsp;M</td>
      <td class="number missing">&ndash;</td>
    </tr>
  </tbody>
  <tfoot>
    <tr><td colspan="6">
      <ul>
        <li>BLEU: nrefs:1|case:mixed</li>
        <li>Rows come from 2 commits.</li>
      </ul>
    </td></tr>
  </tfoot>
</table>
)html";
  const std::string html = render(table, "html");
  CHECK(html == expected);
  check_html(html, 6);
}

TEST_CASE("an empty table in HTML is a heading", "[lab][render]") {
  const std::string html = render(Table{}, "html");
  CHECK(html ==
        "<table class=\"results\">\n"
        "  <colgroup></colgroup>\n"
        "  <thead>\n"
        "    <tr>\n"
        "      <th scope=\"col\">Model</th>\n"
        "    </tr>\n"
        "  </thead>\n"
        "</table>\n");
  check_html(html, 1);
}

TEST_CASE("every state of a cell in HTML has its class", "[lab][render]") {
  const auto one = [](State state) { return measurement_cell({unfinished(1, state)}); };
  CHECK(html_of(one(State::missing)) == "<td class=\"number missing\">&ndash;");
  CHECK(html_of(one(State::diverged)) == "<td class=\"number diverged\">diverged");
  CHECK(html_of(one(State::failed)) == "<td class=\"number failed\">failed");
  CHECK(html_of(one(State::running)) == "<td class=\"number running\">running");
  CHECK(html_of(measurement_cell({{.seed = 1, .value = 3}, unfinished(2, State::failed)})) ==
        "<td class=\"number best\"><strong>3.00</strong> (1 of 2 failed)");
  CHECK(html_of(seeds({2.605e13})) ==
        "<td class=\"number best\"><strong>2.60&nbsp;&times;&nbsp;10<sup>13</sup></strong>");
}

TEST_CASE("a cell that repeats the baseline's is blank in HTML, even where the baseline has none", "[lab][render]") {
  Table table;
  table.columns = {words("d_k", "d_k", true)};
  table.rows = {{"base", "", true, {Cell{}}}, {"other", "", false, {Cell{}}}};
  table.rows[1].cells[0].repeats_baseline = true;
  const std::string html = render(table, "html");
  CHECK(has(html, "<td class=\"number missing\">&ndash;</td>"));
  CHECK(has(html, "<td class=\"number\"></td>"));
}

TEST_CASE("settings and a paper's figures in HTML", "[lab][render]") {
  const std::string html = render(published_table(), "html");
  check_html(html, 8);
  CHECK(has(html, "<th scope=\"colgroup\" colspan=\"2\">dev</th>"));
  CHECK(has(html, "<th scope=\"colgroup\">paper</th>"));
  CHECK(has(html,
            "<th scope=\"row\">small</th>\n"
            "      <td class=\"number\">2</td>\n"
            "      <td></td>\n"
            "      <td class=\"number failed\">failed</td>\n"
            "      <td class=\"number missing\">&ndash;</td>\n"
            "      <td class=\"number\">36.0&nbsp;M</td>\n"
            "      <td class=\"number\">-44.60&nbsp;%</td>\n"
            "      <td class=\"number missing\">&ndash;</td>\n"));
}

TEST_CASE("text in HTML is text and never markup", "[lab][render]") {
  const std::string nasty = "<script>alert('x')</script> & \"q\" &amp; é 中 \n\t \x01 \xff </table>";
  const std::string safe =
      "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;q&quot; &amp;amp; é 中 \uFFFD &lt;/table&gt;";
  Table table = small_table();
  table.title = table.row_heading = nasty;
  table.caption = "";
  table.footnotes = {nasty};
  table.columns[0].heading = table.columns[0].unit = nasty;
  table.columns[0].group = table.columns[1].group = nasty;
  table.columns.push_back(words("text", "Text", false));
  for (Row& row : table.rows) {
    row.label = row.group = nasty;
    row.cells.push_back(text_cell(nasty));
  }
  const std::string html = render(table, "html");
  check_html(html, 7);
  CHECK(html.find("<script") == std::string::npos);
  for (const char* place : {"<caption>", "rowspan=\"2\">", "colspan=\"2\">", "colspan=\"7\">", "<th scope=\"row\">",
                            "<td>", "<li>", "<th scope=\"col\" class=\"number\">"}) {
    INFO(place);
    CHECK(html.find(place + safe) != std::string::npos);
  }
}
