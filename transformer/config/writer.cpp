#include "transformer/config/writer.h"

#include <cmath>
#include <type_traits>

namespace ablate::config {
namespace {

template <class>
inline constexpr bool is_optional = false;
template <class Value>
inline constexpr bool is_optional<std::optional<Value>> = true;

Json value_of(Slot slot) {
  return std::visit(
      [](auto* value) -> Json {
        if constexpr (is_optional<std::remove_pointer_t<decltype(value)>>) {
          return *value ? Json(**value) : Json(nullptr);
        } else {
          return Json(*value);
        }
      },
      slot);
}

Json absent() { return Json(Json::value_t::discarded); }

void collect(const Json& before, const Json& after, const std::string& path, std::vector<Change>& changes) {
  if (before == after) return;
  if (before.is_object() || after.is_object()) {
    const Json none = Json::object();
    const Json& from = before.is_object() ? before : none;
    const Json& to = after.is_object() ? after : none;
    const auto item = [](const Json& object, const std::string& key) {
      const auto found = object.find(key);
      return found == object.end() ? absent() : *found;
    };
    const std::string prefix = path.empty() ? "" : path + ".";
    for (const auto& [key, value] : to.items()) collect(item(from, key), value, prefix + key, changes);
    for (const auto& [key, value] : from.items()) {
      if (!to.contains(key)) collect(value, absent(), prefix + key, changes);
    }
  } else {
    changes.push_back({path, before, after});
  }
}

}  // namespace

std::vector<Change> difference(const Json& before, const Json& after) {
  std::vector<Change> changes;
  collect(before, after, "", changes);
  return changes;
}

Json without_defaults(const Json& json, const Json& defaults) {
  Json kept = Json::object();
  for (const auto& [key, value] : json.items()) {
    const auto standard = defaults.find(key);
    if (standard == defaults.end()) {
      kept[key] = value;
    } else if (value.is_object() && standard->is_object()) {
      Json inner = without_defaults(value, *standard);
      if (!inner.empty()) kept[key] = std::move(inner);
    } else if (value != *standard) {
      kept[key] = value;
    }
  }
  return kept;
}

void Writer::do_field(const FieldInfo& info, Slot slot) {
  if (info.applies || extent_ == Extent::all) nodes_.back()[info.name] = value_of(slot);
}

bool Writer::do_enter(const FieldInfo& info, const char* parent_name) {
  if (!info.applies && extent_ != Extent::all) return false;
  open_.push_back({info.name, parent_name != nullptr, parent_name == nullptr ? "" : parent_name});
  nodes_.push_back(Json::object());
  return true;
}

void Writer::do_leave() {
  Json object = std::move(nodes_.back());
  nodes_.pop_back();
  const Open open = open_.back();
  open_.pop_back();
  Json& outer = nodes_.back();
  if (open.inherits && extent_ == Extent::brief) {
    object = without_defaults(object, open.parent_name.empty() ? outer : outer[open.parent_name]);
    if (object.empty()) return;
  }
  outer[open.name] = std::move(object);
}

SchemaWriter::SchemaWriter() {
  nodes_.push_back({{{"type", "object"}, {"additionalProperties", false}, {"properties", Json::object()}}, "", {}});
}

namespace {

Json type_of(const Slot& slot, const FieldInfo& info) {
  Json names = info.choices == nullptr ? Json(nullptr) : Json(info.choices->names());
  const auto number = [&info](Json schema) {
    if (std::isfinite(info.range.min)) schema[info.range.above_min ? "exclusiveMinimum" : "minimum"] = info.range.min;
    if (std::isfinite(info.range.max)) schema[info.range.below_max ? "exclusiveMaximum" : "maximum"] = info.range.max;
    return schema;
  };
  struct Visit {
    const Json& names;
    const decltype(number)& numeric;
    Json text() const {
      Json schema = {{"type", "string"}};
      if (!names.is_null()) schema["enum"] = names;
      return schema;
    }
    static Json or_null(Json schema) {
      schema["type"] = Json::array({schema["type"], "null"});
      return schema;
    }
    Json operator()(bool*) const { return {{"type", "boolean"}}; }
    Json operator()(std::int64_t*) const { return numeric({{"type", "integer"}}); }
    Json operator()(double*) const { return numeric({{"type", "number"}}); }
    Json operator()(std::string*) const { return text(); }
    Json operator()(std::optional<bool>*) const { return or_null({{"type", "boolean"}}); }
    Json operator()(std::optional<std::int64_t>*) const { return or_null(numeric({{"type", "integer"}})); }
    Json operator()(std::optional<double>*) const { return or_null(numeric({{"type", "number"}})); }
    Json operator()(std::optional<std::string>*) const { return or_null(text()); }
    Json operator()(std::vector<std::int64_t>*) const {
      return {{"type", "array"}, {"items", numeric({{"type", "integer"}})}};
    }
    Json operator()(std::vector<std::string>*) const { return {{"type", "array"}, {"items", text()}}; }
    Json operator()(Json*) const { return Json::object(); }
  };
  return std::visit(Visit{names, number}, slot);
}

}  // namespace

void SchemaWriter::do_field(const FieldInfo& info, Slot slot) {
  Json schema = type_of(slot, info);
  schema["description"] = info.doc;
  if (Json standard = value_of(slot); !standard.is_null()) schema["default"] = std::move(standard);
  nodes_.back().json["properties"][info.name] = std::move(schema);
  if (info.governs) nodes_.back().kinds = *info.choices;
}

bool SchemaWriter::do_enter(const FieldInfo& info, const char*) {
  nodes_.push_back(
      {{{"type", "object"}, {"description", info.doc}, {"additionalProperties", false}, {"properties", Json::object()}},
       info.name,
       {}});
  return true;
}

void SchemaWriter::finish() {
  Node& node = nodes_.back();
  if (!node.kinds) return;
  Json laws = Json::array();
  for (const auto& [key, schema] : node.json["properties"].items()) {
    if (!node.kinds->is_option(key)) continue;
    Json without = Json::array();
    for (std::size_t i = 0; i < node.kinds->size(); ++i) {
      const VariantInfo& row = (*node.kinds)[i];
      if (!row.uses_option(key)) without.push_back(row.name);
    }
    if (without.empty()) continue;
    laws.push_back({{"if", {{"properties", {{"kind", {{"enum", without}}}}}, {"required", {"kind"}}}},
                    {"then", {{"properties", {{key, false}}}}}});
  }
  if (!laws.empty()) node.json["allOf"] = std::move(laws);
}

void SchemaWriter::do_leave() {
  finish();
  Node node = std::move(nodes_.back());
  nodes_.pop_back();
  nodes_.back().json["properties"][node.name] = std::move(node.json);
}

}  // namespace ablate::config
