#include "experiments/lab/experiment_schema.h"

#include <nlohmann/json.hpp>

#include "experiments/lab/experiment.h"
#include "tests/catch.h"

using namespace ablate;

namespace {

/// Every reference of the schema, from all its depths.
void collect_references(const Json& json, std::vector<std::string>& references) {
  if (json.is_object() && json.contains("$ref")) references.push_back(json["$ref"].get<std::string>());
  for (const Json& item : json) {
    if (item.is_structured()) collect_references(item, references);
  }
}

}  // namespace

TEST_CASE("schema: every key that the reader knows, and no other", "[lab]") {
  const Json schema = lab::experiment_schema();
  CHECK(schema["$schema"] == "https://json-schema.org/draft/2020-12/schema");
  CHECK(schema["additionalProperties"] == false);
  const Json& properties = schema["properties"];
  for (const char* key : {"title", "extends", "seeds", "baseline", "rows", "grid", "table", "model", "data", "training",
                          "decoding", "evaluation"}) {
    INFO(key);
    CHECK(properties.contains(key));
  }
  for (const char* section : {"model", "data", "training", "decoding", "evaluation"}) {
    CHECK(properties[section]["additionalProperties"] == false);
  }
  const Json& norm = properties["model"]["properties"]["norm"]["properties"];
  CHECK(norm["kind"]["enum"] == Json::array({"layer_norm", "rms_norm", "p_rms_norm", "scale_norm", "none"}));
  CHECK(norm["eps"]["type"] == "number");
  CHECK_FALSE(norm["kind"]["description"].get<std::string>().empty());
  CHECK_FALSE(schema.contains("required"));
}

TEST_CASE("schema: rows and grid take every setting by its dotted path", "[lab]") {
  const Json schema = lab::experiment_schema();
  const Json& set = schema["properties"]["rows"]["items"]["properties"]["set"];
  CHECK(set["additionalProperties"] == false);
  for (const char* path : {"model", "model.norm", "model.norm.kind", "model.encoder.feed_forward.d_ff",
                           "training.budget.steps", "data.tokenizer.vocabulary_size"}) {
    INFO(path);
    CHECK(set["properties"].contains(path));
    CHECK(schema["properties"]["grid"]["properties"][path]["type"] == "array");
  }
  CHECK_FALSE(set["properties"].contains("norm"));
  CHECK_FALSE(set["properties"].contains("title"));
}

TEST_CASE("schema: every reference leads somewhere", "[lab]") {
  const Json schema = lab::experiment_schema();
  std::vector<std::string> references;
  collect_references(schema, references);
  CHECK(references.size() > 100);
  for (const std::string& reference : references) {
    INFO(reference);
    REQUIRE(reference.starts_with("#/"));
    CHECK(schema.contains(Json::json_pointer(reference.substr(1))));
  }
}

TEST_CASE("schema: a setting that a kind does not have is forbidden beside it", "[lab]") {
  const Json schema = lab::experiment_schema();
  const Json& laws = schema["properties"]["model"]["properties"]["norm"]["allOf"];
  bool found = false;
  for (const Json& law : laws) {
    if (law["then"]["properties"] != Json{{"eps", false}}) continue;
    found = true;
    CHECK(law["if"]["properties"]["kind"]["enum"] == Json::array({"none"}));
  }
  CHECK(found);
}

TEST_CASE("schema: a resolved configuration has no key that the schema lacks", "[lab]") {
  const Json schema = lab::experiment_schema();
  for (const config::Change& leaf :
       config::difference(Json::object(), config::Writer::write(lab::RunConfig{}, config::Extent::expanded))) {
    INFO(leaf.path);
    CHECK(schema["properties"]["rows"]["items"]["properties"]["set"]["properties"].contains(leaf.path));
  }
}
