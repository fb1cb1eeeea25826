// A paper's figures beside ours.
#include "experiments/lab/paper_columns.h"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

#include "experiments/lab/render/render.h"
#include "tests/catch.h"
#include "tests/experiments/lab/support.h"

using namespace ablate::lab;
using namespace ablate::lab::testing;
using ablate::Json;

namespace {

using Texts = std::vector<std::string>;

/// BLEU on dev and test, the dev perplexity and the parameters of two rows.
Table our_figures() {
  Table table;
  table.columns = {metric("perplexity@dev", "PPL", Direction::lower, "dev"),
                   metric("bleu:tokenize=none@test", "BLEU tokenize=none", Direction::higher, "test"),
                   metric("chrf@dev", "chrF2", Direction::higher, "dev"),
                   metric("chrf@test", "chrF2", Direction::higher, "test"), parameters_column()};
  const Row row{"base", "", true, {seeds({5}), seeds({25}), seeds({50}), seeds({51}), fact_cell(65e6)}};
  table.rows = {row, row};
  table.rows[1].label = "big";
  table.rows[1].is_baseline = false;
  return table;
}

Table with_papers(const char* base, const char* big) {
  Table table = our_figures();
  add_paper_columns(table, {Json::parse(base), Json::parse(big)}, "a.json");
  check(table);
  return table;
}

Texts column_keys(const Table& table) {
  Texts found;
  for (const Column& column : table.columns) found.push_back(column.key);
  return found;
}

}  // namespace

TEST_CASE("a paper's figures stand beside ours or at the end", "[lab]") {
  const Table table = with_papers(R"({"PPL": 4.92, "bleu": 25.8, "params": "65 M", "parameters": 65})",
                                  R"({"bleu": "26.40", "PPL": null, "GPUs": 8})");
  CHECK(column_keys(table) == Texts{"perplexity@dev", "paper:PPL", "bleu:tokenize=none@test", "paper:bleu", "chrf@dev",
                                    "chrf@test", "parameters", "paper:parameters", "paper:params", "paper:GPUs"});
  CHECK(render(table, "markdown") ==
        "| Model | dev PPL ↓ | paper | test BLEU tokenize=none ↑ | paper | dev chrF2 ↑ | test chrF2 ↑ | Parameters | "
        "paper | paper params | paper GPUs |\n"
        "| ----- | --------: | ----: | ------------------------: | ----: | ----------: | -----------: | ---------: | "
        "----: | -----------: | ---------: |\n"
        "| base  |  **5.00** |  4.92 |                 **25.00** |  25.8 |   **50.00** |    **51.00** |     65.0 M | "
        "   65 |         65 M |          – |\n"
        "| big   |  **5.00** |     – |                 **25.00** | 26.40 |   **50.00** |    **51.00** |     65.0 M | "
        "    – |            – |          8 |\n");
}

TEST_CASE("a paper's figure belongs to the column that its heading names", "[lab]") {
  CHECK(column_keys(with_papers(R"({"chrf@test": 1})", "null"))[4] == "paper:chrf@test");
  CHECK(column_keys(with_papers("{}", R"({"perplexity": 1})"))[1] == "paper:perplexity");
  CHECK(column_keys(with_papers("null", R"({"bleu:tokenize=none": 1})"))[2] == "paper:bleu:tokenize=none");
}

TEST_CASE("a heading that could mean several columns stands at the end", "[lab]") {
  for (const char* heading : {"chrf", "chrF2", "bleu@dev", "Perplexity"}) {
    const Table table = with_papers(Json{{heading, 50}}.dump().c_str(), "null");
    CHECK(table.columns.back().key == "paper:" + std::string(heading));
    CHECK(table.columns.back().heading == heading);
    CHECK(table.columns.back().group == "paper");
    CHECK_FALSE(table.columns.back().is_beside);
  }
}

TEST_CASE("a paper's figure never stands beside text", "[lab]") {
  const Table table = with_papers(R"({"PPL": 4.92, "paper": "table 2", "GPUs": 8})", R"({"GPUs": 8})");
  CHECK(table.columns[1].key == "paper:PPL");
  CHECK(table.columns[2].key == "bleu:tokenize=none@test");
  CHECK(table.columns[6].key == "paper:paper");
}

TEST_CASE("a paper's figures are never best and go to CSV and JSON", "[lab]") {
  const Table table = with_papers(R"({"PPL": 0.5, "x": "1, 2"})", R"({"PPL": 25.0})");
  CHECK(best_rows(table, 1) == std::vector<bool>{false, false});
  const std::string csv = render(table, "csv");
  for (const char* part : {",paper:PPL,", ",paper:x\r\n", ",0.5,", ",25.0,", ",\"1, 2\"\r\n"}) CHECK(has(csv, part));
  const Json json = Json::parse(render(table, "json"));
  CHECK(json["rows"][0]["cells"]["paper:PPL"]["text"] == "0.5");
  CHECK(json["rows"][1]["cells"]["paper:x"]["state"] == "missing");
}

TEST_CASE("without a paper nothing is added", "[lab]") {
  CHECK(column_keys(with_papers("null", "{}")) == column_keys(our_figures()));
}

TEST_CASE("figures of a paper that are none are refused", "[lab]") {
  CHECK(paper_mistakes(Json()).empty());
  CHECK(paper_mistakes(Json::object()).empty());
  CHECK(paper_mistakes(Json::parse(R"({"a": 1, "b": "x", "c": null})")).empty());
  CHECK(paper_mistakes(Json(25.8)) ==
        Texts{"paper: expected an object of headings and figures, such as {\"bleu\": 25.8}"});
  CHECK(paper_mistakes(Json::parse(R"({" ": 1, "a": [1], "b": true})")) ==
        Texts{"paper: a heading is blank: say what the figure is", "paper.a: expected a number or a text",
              "paper.b: expected a number or a text"});
  CHECK_THROWS_MENTION(with_papers("null", R"({"bleu": [1]})"), "a.json: row 'big': paper.bleu: expected a number");
  CHECK_THROWS_MENTION(with_papers(R"({"PPL": 1})", R"({"perplexity@dev": 2})"),
                       "'PPL' and 'perplexity@dev' both mean the column perplexity@dev");
}
