#include "experiments/lab/hugging_face/published_config.h"

#include "transformer/core/error.h"

#include <algorithm>

namespace ablate::lab::hugging_face {
namespace {

Json::json_pointer pointer_to(const std::string& path) {
  std::string text = "/" + path;
  std::ranges::replace(text, '.', '/');
  return Json::json_pointer(text);
}

std::string in_lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
  return text;
}

}  // namespace

PublishedConfig::PublishedConfig(Json json, std::string where, bool has_own_output)
    : json_(std::move(json)), where_(std::move(where)), has_own_output_(has_own_output) {}

Json PublishedConfig::get(const std::string& key) {
  understood_.insert(key);
  const auto found = json_.find(key);
  return found == json_.end() ? Json() : *found;
}

Json PublishedConfig::get_or(const std::string& key, const Json& fallback) {
  Json value = get(key);
  return value.is_null() ? fallback : value;
}

std::int64_t PublishedConfig::integer(const std::string& key) {
  const Json value = get(key);
  if (value.is_number_integer() && value.get<std::int64_t>() > 0) return value.get<std::int64_t>();
  problem(value.is_null() ? "'" + key + "' is missing"
                          : "'" + key + "' is " + value.dump() + ", not a whole number above 0");
  return 1;
}

void PublishedConfig::expect(const std::string& key, const std::vector<Json>& values) {
  const Json value = get(key);
  const bool fits = value.is_null() || std::ranges::find(values, value) != values.end();
  if (!fits) unsupported(key, value, "this option is not supported");
}

void PublishedConfig::unsupported(const std::string& key, const Json& value, const std::string& why) {
  problem("'" + key + "' is " + value.dump() + ": " + why);
}

void PublishedConfig::throw_if_any() const {
  if (!problems_.empty()) throw UserError(in_lines(problems_));
}

void PublishedConfig::finish() {
  for (const auto& [key, value] : json_.items()) {
    if (understood_.contains(key)) continue;
    unsupported(key, value, "this key is not known, and may change what the model computes");
  }
  throw_if_any();
}

Json setting(const Json& model, const std::string& path) {
  const Json::json_pointer pointer = pointer_to(path);
  return model.contains(pointer) ? model.at(pointer) : Json();
}

void set(Json& model, const std::string& path, const Json& value) { model[pointer_to(path)] = value; }

void read_row(const KeyRow& row, PublishedConfig& published, Json& model) {
  Json value = published.get(row.key);
  for (const std::string& name : row.other_names) {
    const Json other = published.get(name);
    if (value.is_null()) value = other;
  }
  if (value.is_null() && !row.fallback_key.empty()) {
    value = published.get(row.fallback_key);
    if (value.is_number_integer()) value = row.fallback_factor * value.get<std::int64_t>();
  }
  if (value.is_null()) value = row.fallback;
  if (value.is_null()) return published.problem("'" + row.key + "' is missing");
  Json ours = value;
  if (!row.values.empty()) {
    const auto found = std::ranges::find_if(row.values, [&](const auto& pair) { return pair.first == value; });
    if (found == row.values.end()) return published.unsupported(row.key, value, "this value is not supported");
    ours = found->second;
  }
  for (const std::string& path : row.paths) set(model, path, ours);
}

void write_row(const KeyRow& row, const Json& model, Json& published) {
  const Json ours = setting(model, row.paths.front());
  const auto cannot = [&](const std::string& path, const Json& value) {
    throw UserError("model." + path + ": " + value.dump() + " has no place in such a model's '" + row.key + "'");
  };
  for (const std::string& path : row.paths) {
    if (setting(model, path) != ours) cannot(path, setting(model, path));
  }
  if (row.values.empty()) {
    published[row.key] = ours;
    return;
  }
  const auto found = std::ranges::find_if(row.values, [&](const auto& pair) { return pair.second == ours; });
  if (found == row.values.end()) cannot(row.paths.front(), ours);
  published[row.key] = found->first;
}

}  // namespace ablate::lab::hugging_face
