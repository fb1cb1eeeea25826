#include "experiments/lab/objective_facts.h"

#include "data/objective.h"
#include "experiments/lab/config.h"
#include "experiments/lab/figures.h"
#include "experiments/lab/text.h"
#include "experiments/metrics/score.h"
#include "tests/catch.h"

using namespace ablate;
using namespace ablate::lab;

TEST_CASE("objectives: every one has its facts, and figures that there are", "[lab]") {
  const std::vector<std::string> known = loss_figure_names();
  for (const auto& row : data::objective_table().rows()) {
    INFO(row.info.name);
    const ObjectiveFacts& facts = objective_facts(row.info.name);
    CHECK(facts.name == row.info.name);
    CHECK_FALSE(facts.figures.empty());
    for (const std::string_view figure : facts.figures) {
      INFO(figure);
      CHECK(is_among(known, std::string(figure)));
    }
    CHECK(facts.measures("perplexity") == facts.has_perplexity);
  }
  CHECK_THROWS_AS(objective_facts("guessing"), std::logic_error);
  CHECK(all_objective_facts().size() == data::objective_table().rows().size());
  for (const ObjectiveFacts& facts : all_objective_facts()) {
    INFO(facts.name);
    CHECK(data::objective_table().choices().find(facts.name) != nullptr);
  }
}

TEST_CASE("objectives: the standard one of a family is the one that it was made for", "[lab]") {
  ModelConfig model;
  CHECK(standard_objective(model).name == "translation");
  CHECK_FALSE(objective_facts("causal_lm").fits(model));
  model.family = "decoder";
  CHECK(standard_objective(model).name == "causal_lm");
  CHECK_FALSE(objective_facts("translation").fits(model));
  model.family = "encoder";
  for (const auto& [head, objective] : {std::pair{"words", "masked_lm"},
                                        {"classes", "classification"},
                                        {"number", "regression"},
                                        {"pooled", "masked_lm"}}) {
    INFO(head);
    model.head.kind = head;
    CHECK(standard_objective(model).name == objective);
    CHECK(objective_facts(objective).fits(model));
    CHECK_FALSE(objective_facts("causal_lm").fits(model));
  }
  CHECK_FALSE(objective_facts("classification").fits(model));
}

TEST_CASE("objectives: metrics are of what is compared with references, and there are such", "[lab]") {
  for (const ObjectiveFacts& facts : all_objective_facts()) {
    INFO(facts.name);
    CHECK(facts.metrics.empty() == (data::objective_table().at(facts.name).content == data::Content::text));
    for (const std::string_view metric : facts.metrics) CHECK(metrics::find_metric(metric) != nullptr);
  }
  const auto translation = objective_facts("translation").metrics;
  CHECK(EvaluationConfig{}.metrics == std::vector<std::string>(translation.begin(), translation.end()));
}

TEST_CASE("objectives: the value that training chooses by is called what it is", "[lab]") {
  CHECK(objective_facts("translation").dev_text(1) == "dev nll 1.0000, perplexity 2.72");
  CHECK(objective_facts("masked_lm").dev_text(1) == "dev nll 1.0000, perplexity 2.72");
  CHECK(objective_facts("classification").dev_text(0.25) == "dev nll 0.2500");
  CHECK(objective_facts("regression").dev_text(0.25) == "dev squared error 0.2500");
  CHECK(objective_facts("regression").unit == "text");
  RunConfig config;
  config.objective.kind = "masked_lm";
  CHECK(config.facts().unit == "hidden token");
}
