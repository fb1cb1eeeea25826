#pragma once
// Strict reading of a published config.json: every key is understood, known to change nothing, or an error that names
// it.
#include "transformer/config/json.h"

#include <nlohmann/json.hpp>

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace ablate::lab::hugging_face {

/// One key, and the settings of ours that have its value.
struct KeyRow {
  std::string key;
  std::vector<std::string> paths;  ///< dotted, within `model`; an export reads the first, and all must agree
  Json fallback{};                 ///< for a file without the key, or with null; null: it must be there
  std::string fallback_key{};      ///< or the value of that key, times `fallback_factor`
  std::int64_t fallback_factor = 1;
  std::vector<std::pair<Json, Json>> values{};  ///< the published value and ours; none given: they are the same
  std::vector<std::string> other_names{};       ///< of the key, in files of other versions
};

class PublishedConfig {
 public:
  /// `where` is the file's name for messages. `has_own_output`: the weights have an output matrix that is none of the
  /// input's, which some files do not tell otherwise.
  PublishedConfig(Json json, std::string where, bool has_own_output);

  bool contains(const std::string& key) const { return json_.contains(key); }
  /// The value; null if there is none. The key counts as understood.
  Json get(const std::string& key);
  /// The same, and `fallback` for null.
  Json get_or(const std::string& key, const Json& fallback);
  std::int64_t integer(const std::string& key);  ///< a problem if it is none
  /// The key has no setting of ours: a problem unless it is absent, null or one of the values.
  void expect(const std::string& key, const std::vector<Json>& values);
  void ignore(const std::string& key) { understood_.insert(key); }

  void problem(const std::string& message) { problems_.push_back(where_ + ": " + message); }
  /// "key is value: why"
  void unsupported(const std::string& key, const Json& value, const std::string& why);
  /// UserError with all problems, those keys among them that nobody asked for.
  void finish();
  /// UserError, if there are problems already.
  void throw_if_any() const;

  bool has_own_output() const { return has_own_output_; }

 private:
  Json json_;
  std::string where_;
  bool has_own_output_;
  std::set<std::string> understood_;
  std::vector<std::string> problems_;
};

/// {"a": {"b": 1}} at "a.b"; null where there is nothing.
Json setting(const Json& model, const std::string& path);
void set(Json& model, const std::string& path, const Json& value);

/// A row, from left to right and from right to left.
void read_row(const KeyRow& row, PublishedConfig& published, Json& model);
/// UserError where the model's value has no published one.
void write_row(const KeyRow& row, const Json& model, Json& published);

}  // namespace ablate::lab::hugging_face
