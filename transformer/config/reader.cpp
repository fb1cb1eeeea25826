#include "transformer/config/reader.h"

#include "transformer/config/suggest.h"
#include "transformer/core/error.h"

#include <algorithm>
#include <cmath>

namespace ablate::config {
namespace {

std::string join(const std::string& path, const std::string& key) { return path.empty() ? key : path + "." + key; }

std::string type_name(const Json& json) {
  if (json.is_number_float()) return "a number with a fraction";
  if (json.is_number()) return "a whole number";
  if (json.is_string()) return "the text " + json.dump();
  if (json.is_boolean()) return json.get<bool>() ? "true" : "false";
  if (json.is_array()) return "a list";
  return json.is_null() ? "null" : "an object";
}

std::string expected(const char* what, const Json& json) {
  return std::string("expected ") + what + ", got " + type_name(json);
}

/// What is wrong with a value, or with one element of a list ("[2]").
struct Wrong {
  std::string element, message;
};

/// Converts JSON to a field's type; an empty result is success, else what is wrong. Elements of a list that are wrong
/// are added to `wrongs`, all of them.
class Convert {
 public:
  Convert(const Json& json, const FieldInfo& info, std::vector<Wrong>& wrongs)
      : json_(json), info_(info), wrongs_(wrongs) {}

  std::string operator()(bool* value) const {
    if (!json_.is_boolean()) return expected("true or false", json_);
    *value = json_.get<bool>();
    return "";
  }
  std::string operator()(std::int64_t* value) const { return integer(json_, *value); }
  std::string operator()(double* value) const {
    if (!json_.is_number()) return expected("a number", json_);
    return ranged(json_, *value);
  }
  std::string operator()(std::string* value) const { return text(json_, *value); }
  template <class Value>
  std::string operator()(std::optional<Value>* value) const {
    if (json_.is_null()) {
      value->reset();
      return "";
    }
    Value inner{};
    std::string wrong = (*this)(&inner);
    if (wrong.empty()) *value = inner;
    return wrong;
  }
  std::string operator()(std::vector<std::int64_t>* value) const {
    return list(*value, [this](const Json& item, std::int64_t& out) { return integer(item, out); });
  }
  std::string operator()(std::vector<std::string>* value) const {
    return list(*value, [this](const Json& item, std::string& out) { return text(item, out); });
  }
  std::string operator()(Json* value) const {
    *value = json_;
    return "";
  }

 private:
  template <class Number>
  std::string ranged(const Json& json, Number& value) const {
    if (!info_.range.contains(json.get<double>())) {
      return "must be " + info_.range.text() + ", not " + json.dump();
    }
    value = json.get<Number>();
    return "";
  }
  std::string integer(const Json& json, std::int64_t& value) const {
    // 1e5 is how people write a number of steps: a float without a fraction is a whole number.
    constexpr double exact = 9007199254740992.0;
    if (!json.is_number()) return expected("a whole number", json);
    const auto number = json.get<double>();
    if (std::trunc(number) != number) return expected("a whole number", json);
    if (number > exact) return "must be at most 9007199254740992 (2^53), not " + json.dump();
    if (number < -exact) return "must be at least -9007199254740992 (-2^53), not " + json.dump();
    return ranged(json, value);
  }
  std::string text(const Json& json, std::string& value) const {
    if (!json.is_string()) return expected("a text", json);
    auto read = json.get<std::string>();
    if (info_.choices != nullptr && info_.choices->find(read) == nullptr) {
      return "unknown " + std::string(info_.choices->axis()) + " '" + read + "'" +
             suggestion(read, info_.choices->names());
    }
    value = std::move(read);
    return "";
  }
  template <class Item, class One>
  std::string list(std::vector<Item>& value, One one) const {
    if (!json_.is_array()) return expected("a list", json_);
    std::vector<Item> items(json_.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      std::string wrong = one(json_[i], items[i]);
      if (!wrong.empty()) wrongs_.push_back({"[" + std::to_string(i) + "]", std::move(wrong)});
    }
    if (wrongs_.empty()) value = std::move(items);
    return "";
  }

  const Json& json_;
  const FieldInfo& info_;
  std::vector<Wrong>& wrongs_;
};

}  // namespace

void Problems::add(const std::string& message) {
  if (std::find(errors_.begin(), errors_.end(), message) == errors_.end()) errors_.push_back(message);
}

void Problems::note(const std::string& message) {
  if (std::find(notes_.begin(), notes_.end(), message) == notes_.end()) notes_.push_back(message);
}

void Problems::throw_if_any() const {
  if (errors_.empty()) return;
  std::string text;
  for (const std::string& error : errors_) text += (text.empty() ? "" : "\n") + error;
  throw UserError(text);
}

Reader::Reader(const Document& document, Problems& problems) : document_(document), problems_(problems) {
  nodes_.push_back({&document.json(), {""}, {}});
  lineage_[""] = {""};
}

std::string Reader::path_of(const std::string& key) const { return join(nodes_.back().paths.front(), key); }

void Reader::problem(const std::string& path, const std::string& message, const std::string& element) {
  // A key that nobody wrote is blamed on the nearest object that somebody did.
  std::string source;
  for (std::string at = path; source.empty(); at = at.substr(0, at.rfind('.'))) {
    source = document_.origin(at).source;
    if (at.find('.') == std::string::npos) break;
  }
  if (source.empty()) source = document_.origin("").source;
  problems_.add((source.empty() ? "" : source + ": ") + path + element + ": " + message);
}

int Reader::layer_of(const char* key) const {
  for (const std::string& path : nodes_.back().paths) {
    if (const int layer = document_.origin(join(path, key)).layer; layer >= 0) return layer;
  }
  return -1;
}

bool Reader::may_read(const FieldInfo& info, const std::string& path) {
  if (info.applies) return true;
  // Inherited for an old kind: dropped, and said so. Written with the new kind or after it: an error.
  const Document::Origin origin = document_.origin(path);
  if (info.governed_by != nullptr && origin.layer < layer_of(info.governed_by)) {
    problems_.note(path + ": dropped: " + info.why_not + " (written in " + origin.source + ")");
  } else {
    problem(path, info.why_not);
  }
  return false;
}

void Reader::do_field(const FieldInfo& info, Slot slot) {
  Node& node = nodes_.back();
  node.known.insert(info.name);
  const std::string path = path_of(info.name);
  declared_.insert(path);
  if (node.json == nullptr) return;
  const auto found = node.json->find(info.name);
  if (found == node.json->end()) return;
  if (!may_read(info, path)) return;
  std::vector<Wrong> wrongs;
  const std::string wrong = std::visit(Convert(*found, info, wrongs), slot);
  if (!wrong.empty()) problem(path, wrong);
  for (const Wrong& item : wrongs) problem(path, item.message, item.element);
}

bool Reader::do_enter(const FieldInfo& info, const char* parent_name) {
  Node& node = nodes_.back();
  node.known.insert(info.name);
  declared_.insert(path_of(info.name));
  Node child{nullptr, {}, {}};
  for (const std::string& path : node.paths) child.paths.push_back(join(path, info.name));
  if (parent_name != nullptr) {
    for (const std::string& path : node.paths) {
      child.paths.push_back(*parent_name == '\0' ? path : join(path, parent_name));
    }
  }
  if (node.json != nullptr) {
    if (const auto found = node.json->find(info.name); found != node.json->end()) {
      const std::string path = path_of(info.name);
      if (!may_read(info, path)) return false;
      if (found->is_object()) {
        child.json = &*found;
      } else {
        problem(path, expected("an object", *found));
      }
    }
  }
  lineage_[child.paths.front()] = child.paths;
  nodes_.push_back(std::move(child));
  return true;
}

void Reader::do_leave() {
  finish_object();
  nodes_.pop_back();
}

void Reader::finish_object() {
  const Node& node = nodes_.back();
  if (node.json == nullptr) return;
  const std::vector<std::string> known(node.known.begin(), node.known.end());
  for (const auto& [key, value] : node.json->items()) {
    if (!node.known.contains(key)) problem(path_of(key), "unknown key" + suggestion(key, known));
  }
}

void Reader::check(bool holds, const std::string& key, const std::string& message) {
  if (!holds) problem(written_path(path_of(key)), message);
}

std::string Reader::written_path(const std::string& path) const {
  const std::size_t dot = path.rfind('.');
  const auto object = lineage_.find(dot == std::string::npos ? "" : path.substr(0, dot));
  if (object == lineage_.end()) return path;
  const std::string key = path.substr(dot + 1);  // npos + 1 is 0
  std::string outermost = path;
  for (const std::string& from : object->second) {
    const std::string candidate = join(from, key);
    if (document_.origin(candidate).layer >= 0) return candidate;
    if (declared_.contains(candidate)) outermost = candidate;
  }
  return outermost;
}

}  // namespace ablate::config
