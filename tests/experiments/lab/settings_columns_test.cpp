// Settings as columns: the baseline whole, the other rows by what they change.
#include "experiments/lab/settings_columns.h"

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

/// The configurations of a baseline and two rows.
std::vector<Json> configurations() {
  const Json base = Json::parse(R"({
    "model": {"d_model": 512, "dropout": 0.1, "tied": true, "attention": {"heads": 8, "d_k": null},
              "norm": {"kind": "layer_norm"}, "encoder": {"layers": 6}},
    "training": {"optimizer": {"eps": 1e-9, "betas": [0.9, 0.98]}}})");
  Json wide = base, rms = base;
  wide["model"]["d_model"] = 1024;
  wide["model"]["attention"]["d_k"] = 128;
  wide["model"]["dropout"] = 0.10;
  rms["model"]["norm"] = {{"kind", "rms_norm"}, {"gain", 2.0}};
  return {base, wide, rms};
}

Table rows_to_set() { return one_column(Direction::lower, {seeds({5}), seeds({4}), seeds({6})}); }

/// The texts of a column and whether each repeats the baseline's: "512", "(512)".
std::vector<std::string> setting_cells(const Table& table, std::size_t column) {
  std::vector<std::string> found;
  for (const Row& row : table.rows) {
    const Cell& cell = row.cells.at(column);
    found.push_back(cell.repeats_baseline ? "(" + cell.text + ")" : cell.text);
  }
  return found;
}

using Strings = std::vector<std::string>;

std::string only_mistake(const std::string& path) {
  const Strings mistakes = setting_mistakes({{path, ""}}, configurations());
  REQUIRE(mistakes.size() == 1);
  return mistakes.front();
}

}  // namespace

TEST_CASE("the baseline shows every setting, other rows what they change", "[lab]") {
  Table table = rows_to_set();
  add_settings_columns(table,
                       {{"model.d_model", ""},
                        {"model.attention.d_k", "d_k"},
                        {"model.dropout", "P_drop"},
                        {"model.norm.kind", ""},
                        {"model.norm.gain", ""}},
                       configurations());
  CHECK_NOTHROW(check(table));
  CHECK(table.columns[0].key == "setting:model.d_model");
  CHECK(setting_cells(table, 0) == Strings{"512", "1024", "(512)"});
  CHECK(setting_cells(table, 1) == Strings{"", "128", "()"});
  CHECK(setting_cells(table, 2) == Strings{"0.1", "(0.1)", "(0.1)"});
  CHECK(setting_cells(table, 3) == Strings{"layer_norm", "(layer_norm)", "rms_norm"});
  CHECK(setting_cells(table, 4) == Strings{"", "()", "2"});
  CHECK(render(table, "markdown") ==
        "| Model | d_model | d_k | P_drop | norm       | gain |      M ↓ |\n"
        "| ----- | ------: | --: | -----: | ---------- | ---: | -------: |\n"
        "| row 0 |     512 |   – |    0.1 | layer_norm |    – |     5.00 |\n"
        "| row 1 |    1024 | 128 |        |            |      | **4.00** |\n"
        "| row 2 |         |     |        | rms_norm   |    2 |     6.00 |\n");
}

TEST_CASE("a row that loses a setting of the baseline shows it as missing", "[lab]") {
  std::vector<Json> all = configurations();
  all[2]["model"].erase("dropout");
  Table table = rows_to_set();
  add_settings_columns(table, {{"model.dropout", ""}}, all);
  CHECK(setting_cells(table, 0) == Strings{"0.1", "(0.1)", ""});
  CHECK(has(render(table, "markdown"), "| row 2 |       – |"));
}

TEST_CASE("without a baseline every row shows every setting", "[lab]") {
  Table table = rows_to_set();
  for (Row& row : table.rows) row.is_baseline = false;
  add_settings_columns(table, {{"model.d_model", ""}}, configurations());
  CHECK(setting_cells(table, 0) == Strings{"512", "1024", "512"});
}

TEST_CASE("a setting is written short", "[lab]") {
  CHECK(setting_text(Json(8)) == "8");
  CHECK(setting_text(Json(-3)) == "-3");
  CHECK(setting_text(Json(0.1)) == "0.1");
  CHECK(setting_text(Json(2.0)) == "2");
  CHECK(setting_text(Json(100.0)) == "100");
  CHECK(setting_text(Json(0.002)) == "0.002");
  CHECK(setting_text(Json(1e-9)) == "1e-9");
  CHECK(setting_text(Json(2.5e-12)) == "2.5e-12");
  CHECK(setting_text(Json(1e20)) == "1e20");
  CHECK(setting_text(Json(true)) == "true");
  CHECK(setting_text(Json("rms_norm")) == "rms_norm");
  CHECK(setting_text(Json::parse("[0.9, 0.98, 1]")) == "0.9, 0.98, 1");
  CHECK(setting_text(Json(nullptr)).empty());
}

TEST_CASE("a path that no row has is refused with a suggestion", "[lab]") {
  CHECK(only_mistake("model.d_modle") == "no row has the setting 'model.d_modle' (did you mean 'model.d_model'?)");
  CHECK(only_mistake("heads") == "no row has the setting 'heads' (did you mean 'model.attention.heads'?)");
  CHECK(only_mistake("model.norm.variance_floor_added_to_it") ==
        "no row has the setting 'model.norm.variance_floor_added_to_it' (one of: model.norm.kind, model.norm.gain)");
  CHECK(only_mistake("nonsense") == "no row has the setting 'nonsense' (one of: model, training)");
  CHECK(only_mistake("model.attention") ==
        "'model.attention' is a section: name one of its settings (model.attention.heads, model.attention.d_k)");
  CHECK(setting_mistakes({{"model.d_model", ""}, {"model.d_model", "d"}}, configurations()) ==
        Strings{"'model.d_model' stands there twice"});
  CHECK(setting_mistakes({{"model.d_model", ""}, {"model.norm.gain", ""}}, configurations()).empty());
  Table table = rows_to_set();
  CHECK_THROWS_MENTION(add_settings_columns(table, {{"model.d_modle", ""}}, configurations()),
                       "did you mean 'model.d_model'?");
}

TEST_CASE("columns of settings are read strictly", "[lab]") {
  ablate::config::Problems problems;
  const auto read = [&](const char* text) {
    return read_setting_columns(Json::parse(text), "a.json: table", problems);
  };
  const auto columns = read(R"([{"path": "model.d_model", "heading": "d"}, {"path": "model.dropout"}])");
  CHECK(problems.empty());
  REQUIRE(columns.size() == 2);
  CHECK(columns[0].path == "model.d_model");
  CHECK(columns[0].heading == "d");
  CHECK(columns[1].heading.empty());
  CHECK(read("null").empty());
  CHECK(problems.empty());

  read(R"([{"path": "model.d_model", "headings": "d"}, {"heading": "d"}, "model.d_model"])");
  read(R"({"model.d_model": "d"})");
  REQUIRE(problems.errors().size() == 4);
  CHECK(has(problems.errors()[0], "a.json: table[0]"));
  CHECK(has(problems.errors()[0], "did you mean 'heading'?"));
  CHECK(has(problems.errors()[1], "a.json: table[1]: path: names no setting"));
  CHECK(has(problems.errors()[2], "a.json: table[2]: expected an object"));
  CHECK(has(problems.errors()[3], "a.json: table: expected a list"));
}
