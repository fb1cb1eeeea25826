#include "data/tokenizers/pipeline/json_part.h"

#include <algorithm>
#include <limits>
#include <set>

#include "transformer/core/error.h"

namespace ablate::data {

void JsonPart::fail(const std::string& message) const {
  throw UserError(source_ + ": " + (place_.empty() ? "" : place_ + ": ") + message);
}

bool JsonPart::has(const char* key) const {
  const auto found = json_->find(key);
  return found != json_->end() && !found->is_null();
}

JsonPart JsonPart::inner(const nlohmann::json& json, const std::string& step) const {
  JsonPart part(json, source_);
  part.place_ = place_.empty() || step.starts_with('[') ? place_ + step : place_ + "." + step;
  return part;
}

JsonPart JsonPart::at(const char* key) const {
  if (!has(key)) fail(std::string("'") + key + "' is missing");
  return inner(json_->at(key), key);
}

std::vector<JsonPart> JsonPart::items() const {
  if (!json_->is_array()) fail("a list is needed");
  std::vector<JsonPart> all;
  for (const nlohmann::json& item : *json_) all.push_back(inner(item, "[" + std::to_string(all.size()) + "]"));
  return all;
}

std::string JsonPart::text() const {
  if (!json_->is_string()) fail("a text is needed");
  return json_->get<std::string>();
}

std::int32_t JsonPart::id() const {
  const bool fits = json_->is_number_unsigned() &&
                    json_->get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int32_t>::max()};
  if (!fits) fail("a whole number from 0 on is needed");
  return json_->get<std::int32_t>();
}

bool JsonPart::flag() const {
  if (!json_->is_boolean()) fail("true or false is needed");
  return json_->get<bool>();
}

std::optional<std::string> JsonPart::text_if_given(const char* key) const {
  return has(key) ? std::optional(text(key)) : std::nullopt;
}

void JsonPart::check_keys(std::initializer_list<std::string_view> known) const {
  if (!json_->is_object()) fail("an object is needed");
  for (const auto& [key, value] : json_->items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) fail("'" + key + "' is not supported");
  }
}

void JsonPart::check_unset(const char* key, const std::string& why) const {
  if (!has(key)) return;
  const nlohmann::json& value = json_->at(key);
  if (value == false || value == "" || (value.is_number() && value == 0)) return;
  fail(std::string("'") + key + "' is not supported: " + why);
}

nlohmann::json parse_without_repeats(std::string_view bytes, const std::string& source) {
  constexpr int deepest = 200;
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  const auto watch = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& value) {
    using Event = nlohmann::json::parse_event_t;
    if (event == Event::object_start) {
      if (depth > deepest) throw UserError(source + ": objects within more than 200 others");
      keys.emplace_back();
    } else if (event == Event::object_end) {
      keys.pop_back();
    } else if (event == Event::key && !keys.back().insert(value.get<std::string>()).second) {
      throw UserError(source + ": the key '" + value.get<std::string>() + "' stands in one object twice");
    }
    return true;
  };
  try {
    return nlohmann::json::parse(bytes, watch);
  } catch (const nlohmann::json::parse_error& error) {
    throw UserError(source + ": not valid JSON: " + error.what());
  }
}

}  // namespace ablate::data
