#pragma once
// A part of a `tokenizer.json`, which knows its place in the file for messages. nlohmann::json and not the ordered kind
// of configurations: that one searches a vocabulary from the start for every entry.
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace ablate::data {

class JsonPart {
 public:
  /// `source` names the file; `json` must outlive the part.
  JsonPart(const nlohmann::json& json, std::string source) : json_(&json), source_(std::move(source)) {}

  const nlohmann::json& json() const { return *json_; }

  /// Throws UserError "file: place: message".
  [[noreturn]] void fail(const std::string& message) const;

  /// False for a key that is missing and for null.
  bool has(const char* key) const;
  /// The value of a key; UserError if there is none.
  JsonPart at(const char* key) const;
  /// A value inside of this part, at `step` as messages are to show it.
  JsonPart inner(const nlohmann::json& json, const std::string& step) const;
  /// The items of a list; UserError if the part is none.
  std::vector<JsonPart> items() const;

  /// The part itself, as a value; UserError if it is of another type.
  std::string text() const;
  std::int32_t id() const;  ///< a whole number from 0 on
  bool flag() const;

  std::string text(const char* key) const { return at(key).text(); }
  std::optional<std::string> text_if_given(const char* key) const;
  bool flag(const char* key, bool otherwise) const { return has(key) ? at(key).flag() : otherwise; }

  /// UserError if the part is no object or has a key that is not named here: what it asks for would not be done.
  void check_keys(std::initializer_list<std::string_view> known) const;
  /// UserError if the key has a value other than null, false, 0 or the empty text: `why` says what that would ask for.
  void check_unset(const char* key, const std::string& why) const;

 private:
  const nlohmann::json* json_;
  std::string source_;
  std::string place_{};
};

/// Throws UserError "source: …" for what is no JSON, for a key that an object has twice, and for objects in more than
/// 200 others.
nlohmann::json parse_without_repeats(std::string_view bytes, const std::string& source);

}  // namespace ablate::data
