#include "experiments/lab/catalogue.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

#include "experiments/metrics/score.h"
#include "transformer/core/error.h"
#include "transformer/layers/norm.h"

#include "tests/catch.h"

using namespace ablate;
using namespace ablate::lab;

TEST_CASE("catalogue: every axis that an experiment can turn is there", "[lab]") {
  std::set<std::string> names;
  for (const Axis& axis : catalogue()) {
    INFO(axis.name);
    CHECK(names.insert(axis.name).second);
    CHECK_FALSE(axis.doc.empty());
    CHECK_FALSE(axis.paths.empty());
    CHECK_FALSE(axis.rows.empty());
    for (const CatalogueRow& row : axis.rows) {
      INFO(row.name);
      CHECK_FALSE(row.name.empty());
      CHECK_FALSE(row.doc.empty());
    }
  }
  for (const char* name : {"family",
                           "norm",
                           "residual",
                           "feed_forward",
                           "position",
                           "pairing",
                           "rotary_scaling",
                           "attention",
                           "embedding_tying",
                           "embedding_scale",
                           "initialization",
                           "bias_initialization",
                           "label_smoothing",
                           "optimizer",
                           "schedule",
                           "precision",
                           "decoding",
                           "length_penalty",
                           "stopping",
                           "checkpoint",
                           "corpus",
                           "reader",
                           "split_rule",
                           "task",
                           "scan_split",
                           "tokenizer",
                           "sentencepiece_model_type",
                           "sentencepiece_normalisation",
                           "metric",
                           "table_format"}) {
    INFO(name);
    CHECK(names.contains(name));
  }
}

TEST_CASE("catalogue: a table that serves several settings is one axis with their paths", "[lab]") {
  const std::vector<Axis> axes = catalogue();
  CHECK(find_axis(axes, "norm").paths == std::vector<std::string>{"model.embedding.norm.kind", "model.norm.kind",
                                                                  "model.encoder.norm.kind",
                                                                  "model.decoder.norm.kind"});
  CHECK(&find_axis(axes, "model.decoder.cross_attention.kind") == &find_axis(axes, "attention"));
  CHECK(&find_axis(axes, "Feed-forward") == &find_axis(axes, "feed_forward"));
  CHECK_THROWS_MENTION(find_axis(axes, "atention"), "did you mean 'attention'");
  CHECK_THROWS_AS(find_axis(axes, "atention"), UserError);
}

TEST_CASE("catalogue: rows are the tables' own", "[lab]") {
  const std::vector<Axis> axes = catalogue();
  const Axis& norm = find_axis(axes, "norm");
  const config::Choices choices = norm_table().choices();
  REQUIRE(norm.rows.size() == choices.size());
  for (std::size_t i = 0; i < choices.size(); ++i) {
    CHECK(norm.rows[i].name == choices[i].name);
    CHECK(norm.rows[i].doc == choices[i].doc);
    CHECK(norm.rows[i].paper == choices[i].paper);
  }
  CHECK(norm.rows[0].options == std::vector<std::string>{"eps", "bias", "gain_offset"});
  CHECK(find_axis(axes, "metric").rows.size() == metrics::metrics().size());
}

TEST_CASE("catalogue: Markdown has a heading, the paths and a table that a cell cannot break", "[lab]") {
  const Axis axis{"gate",
                  "what <s> does",
                  {"model.gate.kind", "model.encoder.gate.kind"},
                  {{"abs", "|x|", "", {}}, {"long_name", "x", "Doe 2020", {"a", "b"}}}};
  CHECK(catalogue_markdown({axis}) ==
        "### gate\n\n"
        "what \\<s> does (`model.gate.kind`, `model.encoder.gate.kind`)\n\n"
        "| name        | what it is | paper | options |\n"
        "|-------------|---|---|---|\n"
        "| `abs`       | \\|x\\| |  |  |\n"
        "| `long_name` | x | Doe 2020 | `a`, `b` |\n");
}

TEST_CASE("catalogue: JSON holds the same", "[lab]") {
  const std::vector<Axis> axes = catalogue();
  const Json json = catalogue_json(axes);
  REQUIRE(json["axes"].size() == axes.size());
  for (std::size_t i = 0; i < axes.size(); ++i) {
    CHECK(json["axes"][i]["name"] == axes[i].name);
    CHECK(json["axes"][i]["paths"] == axes[i].paths);
    CHECK(json["axes"][i]["variants"].size() == axes[i].rows.size());
  }
}
