#include "experiments/lab/experiment_schema.h"

#include "experiments/lab/experiment.h"

namespace ablate::lab {
namespace {

/// "/properties/model/properties/norm" for "model.norm".
struct Setting {
  std::string path, pointer, description;
};

/// Every key below `schema` by its dotted path.
void collect_settings(const Json& schema, const Setting& parent, std::vector<Setting>& settings) {
  const auto properties = schema.find("properties");
  if (properties == schema.end()) return;
  for (const auto& [key, value] : properties->items()) {
    const Setting setting{parent.path.empty() ? key : parent.path + "." + key, parent.pointer + "/properties/" + key,
                          value.value("description", "")};
    settings.push_back(setting);
    collect_settings(value, setting, settings);
  }
}

/// With the description beside it, which editors show where they do not follow the reference.
Json reference(const Setting& setting) {
  return {{"$ref", "#" + setting.pointer}, {"description", setting.description}};
}

Json object_schema(const char* description, Json properties) {
  return {{"type", "object"},
          {"description", description},
          {"additionalProperties", false},
          {"properties", std::move(properties)}};
}

Json row_schema(const Json& settings) {
  return object_schema(
      "one variant",
      {{"name",
        {{"type", "string"}, {"description", "label in the table; without it: the difference to the baseline"}}},
       {"group", {{"type", "string"}, {"description", "heading above the row and its neighbours of the same group"}}},
       {"match",
        {{"type", "boolean"},
         {"description", "false: the row stays as it is where the experiment matches rows to the baseline"}}},
       {"tune",
        {{"type", "boolean"}, {"description", "false: the row stays as it is where the experiment tunes rows"}}},
       {"paper",
        {{"type", "object"},
         {"description", "published figures that stand beside ours: a column or a heading, and a number or text"},
         {"additionalProperties", {{"type", {"number", "string", "null"}}}}}},
       {"set", object_schema("settings on top of the base: dotted paths or nested objects", settings)}});
}

Json extends_schema() {
  return {{"type", {"string", "array"}},
          {"items", {{"type", "string"}}},
          {"description", "one file or a list of files, relative to this one, that it starts from"}};
}

}  // namespace

Json experiment_schema() {
  const Json sections = config::SchemaWriter::write(RunConfig{})["properties"];
  std::vector<Setting> settings;
  collect_settings({{"properties", sections}}, {}, settings);
  Json by_path = Json::object();
  Json axes = Json::object();
  for (const Setting& setting : settings) {
    by_path[setting.path] = reference(setting);
    axes[setting.path] = {{"type", "array"},
                          {"description", setting.description},
                          {"items", {{"$ref", "#" + setting.pointer}}},
                          {"minItems", 1}};
  }

  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "Experiment of ablate"}};
  schema.update(config::SchemaWriter::write(ExperimentKeys{}));
  Json& properties = schema["properties"];
  properties["extends"] = extends_schema();
  properties["seeds"].update({{"minItems", 1}, {"uniqueItems", true}});
  properties["rows"].update({{"type", "array"}, {"items", row_schema(by_path)}, {"minItems", 1}});
  properties["table"]["properties"]["settings"].update(
      {{"type", "array"},
       {"items",
        object_schema("a column",
                      {{"path", {{"type", "string"}, {"description", "dotted path of the setting"}}},
                       {"heading", {{"type", "string"}, {"description", "nothing given: the path's last name"}}}})}});
  const Json grid = {{"type", "object"}, {"additionalProperties", false}, {"properties", axes}, {"minProperties", 1}};
  properties["grid"].update(grid);
  properties["tune"]["properties"]["grid"].update(grid);
  properties["tune"]["properties"]["set"].update(
      {{"type", "object"}, {"additionalProperties", false}, {"properties", by_path}});
  for (const auto& [name, section] : sections.items()) properties[name] = section;
  return schema;
}

}  // namespace ablate::lab
