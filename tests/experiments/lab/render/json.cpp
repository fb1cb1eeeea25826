#include <nlohmann/json.hpp>

#include <string>

#include "experiments/lab/render/render.h"
#include "tests/catch.h"
#include "tests/experiments/lab/support.h"
#include "transformer/config/json.h"

using namespace ablate::lab;
using namespace ablate::lab::testing;
using ablate::Json;

TEST_CASE("a table in JSON", "[lab][render]") {
  Table table;
  table.title = "T";
  table.footnotes = {"note"};
  table.columns = {metric("bleu", "BLEU", Direction::higher, "dev"), parameters_column()};
  table.rows = {{"a", "", true, {seeds({27.25, NAN}), fact_cell(12)}}};
  CHECK(render(table, "json") == R"({
  "title": "T",
  "caption": "",
  "footnotes": [
    "note"
  ],
  "row_heading": "Model",
  "columns": [
    {
      "key": "bleu",
      "heading": "BLEU",
      "unit": "",
      "group": "dev",
      "content": "measurement",
      "direction": "higher",
      "notation": "fixed",
      "decimals": 2
    },
    {
      "key": "parameters",
      "heading": "Parameters",
      "unit": "",
      "group": "",
      "content": "fact",
      "direction": "none",
      "notation": "compact",
      "decimals": 2
    }
  ],
  "rows": [
    {
      "label": "a",
      "group": "",
      "baseline": true,
      "cells": {
        "bleu": {
          "state": "value",
          "best": false,
          "mean": 27.25,
          "sd": null,
          "ci95": null,
          "n": 1,
          "diverged": 1,
          "failed": 0,
          "samples": [
            {
              "seed": 1,
              "state": "value",
              "value": 27.25
            },
            {
              "seed": 2,
              "state": "diverged",
              "value": null
            }
          ]
        },
        "parameters": {
          "state": "value",
          "best": false,
          "value": 12
        }
      }
    }
  ]
}
)");
}

TEST_CASE("JSON has the rows in the order of the table and marks the best", "[lab][render]") {
  const Json json = Json::parse(render(small_table(), "json"));
  std::vector<std::string> labels;
  std::vector<std::string> best;
  for (const Json& row : json["rows"]) {
    labels.push_back(row["label"]);
    if (row["cells"]["dev_bleu"]["best"]) best.push_back(row["label"]);
  }
  CHECK(labels == std::vector<std::string>{"post", "big", "rms_norm", "no norm", "swiglu"});
  CHECK(best == std::vector<std::string>{"post", "rms_norm"});
}

TEST_CASE("JSON keeps every digit and every state", "[lab][render]") {
  const double third = 1.0 / 3;
  Table table = one_column(Direction::none, {measurement_cell({{.seed = 1, .value = third},
                                                               unfinished(2, State::running),
                                                               unfinished(3, State::missing),
                                                               unfinished(4, State::failed)})});
  table.columns.push_back(metric("note", "Note", Direction::none));
  table.columns.back().content = Content::text;
  table.rows[0].cells.push_back(Cell{});
  const Json cells = Json::parse(render(table, "json"))["rows"][0]["cells"];
  CHECK(cells["m"]["mean"].get<double>() == third);
  CHECK(cells["m"]["samples"][0]["value"].get<double>() == third);
  CHECK(cells["m"]["samples"][1]["state"] == "running");
  CHECK(cells["m"]["samples"][2]["state"] == "missing");
  CHECK(cells["m"]["samples"][2]["value"].is_null());
  CHECK(cells["m"]["samples"][3]["state"] == "failed");
  CHECK(cells["m"]["failed"] == 1);
  CHECK(cells["note"]["state"] == "missing");
  CHECK(cells["note"]["text"] == "");
  CHECK(cells["note"]["repeats_baseline"] == false);
}

TEST_CASE("an empty table and special characters in JSON", "[lab][render]") {
  Table table;
  CHECK(Json::parse(render(table, "json"))["rows"] == Json::array());
  table.rows = {{"\"±\"\n", "\xff", false, {}}};
  const Json row = Json::parse(render(table, "json"))["rows"][0];
  CHECK(row["label"] == "\"±\"\n");
  CHECK(row["group"] == "\uFFFD");
  CHECK(row["cells"] == Json::object());
}

TEST_CASE("JSON tells a text that repeats the baseline's, and how numbers are noted", "[lab][render]") {
  Table table;
  table.columns = {metric("layers", "N", Direction::none), difference_column()};
  table.columns[0].content = Content::text;
  table.rows = {{"small", "", false, {text_cell("6"), fact_cell(-12.5)}}};
  table.rows[0].cells[0].repeats_baseline = true;
  const Json json = Json::parse(render(table, "json"));
  const Json& cells = json["rows"][0]["cells"];
  CHECK(cells["layers"]["text"] == "6");
  CHECK(cells["layers"]["state"] == "value");
  CHECK(cells["layers"]["repeats_baseline"] == true);
  CHECK(cells["difference"]["value"] == -12.5);
  CHECK(json["columns"][1]["notation"] == "signed_percent");
}
