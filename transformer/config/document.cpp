#include "transformer/config/document.h"

#include "transformer/core/code_points.h"
#include "transformer/core/error.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

namespace ablate::config {
namespace fs = std::filesystem;
namespace {

/// Whatever walks a configuration calls itself for every level.
constexpr int max_depth = 200;
struct TooDeep {};

/// Keys seen in every open object, so that a second one of the same name is refused: JSON parsers keep the last.
class DuplicateKeys {
 public:
  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > max_depth) throw TooDeep{};
    if (event == Json::parse_event_t::object_start) open_.emplace_back();
    if (event == Json::parse_event_t::object_end) open_.pop_back();
    if (event == Json::parse_event_t::key) {
      const auto key = parsed.get<std::string>();
      if (!open_.back().keys.insert(key).second) duplicates.push_back(path() + key);
      open_.back().current = key;
    }
    return true;
  }
  std::vector<std::string> duplicates;

 private:
  struct Object {
    std::set<std::string> keys;
    std::string current;
  };
  std::string path() const {
    std::string text;
    for (std::size_t i = 0; i + 1 < open_.size(); ++i) text += open_[i].current + ".";
    return text;
  }
  std::vector<Object> open_;
};

std::string without_library_prefix(const std::string& message) {
  const std::size_t end = message.find("] ");
  return message.starts_with("[json.exception") && end != std::string::npos ? message.substr(end + 2) : message;
}

/// "parse error at line 3, column 7" after `count` characters. The parser's own column is 0 where a line break ends the
/// token that it stumbled over.
std::string parse_error_at(std::string_view text, std::size_t count) {
  const std::string_view read = text.substr(0, std::min(count, text.size()));
  const auto line = std::count(read.begin(), read.end(), '\n') + 1;
  const std::size_t column = read.size() - (read.rfind('\n') + 1);  // npos + 1 is 0: the first line
  return "parse error at line " + std::to_string(line) + ", column " + std::to_string(std::max<std::size_t>(column, 1));
}

std::string syntax_error(std::string_view text, const nlohmann::json::parse_error& error) {
  const std::string message = without_library_prefix(error.what());
  const std::size_t reason = message.find(": ");
  return parse_error_at(text, error.byte) + (reason == std::string::npos ? "" : message.substr(reason));
}

void load_into(const fs::path& file, std::vector<fs::path>& open, std::vector<Layer>& layers) {
  const fs::path canonical = fs::weakly_canonical(file);
  if (const auto again = std::find(open.begin(), open.end(), canonical); again != open.end()) {
    std::string way;
    for (auto step = again; step != open.end(); ++step) way += step->string() + " -> ";
    throw UserError("extends goes round in a circle: " + way + canonical.string());
  }
  open.push_back(canonical);
  Json json = read_json_file(file);
  if (const auto found = json.find("extends"); found != json.end()) {
    const Json parents = found->is_array() ? *found : Json::array({*found});
    for (const Json& parent : parents) {
      if (!parent.is_string()) throw UserError(file.string() + ": extends: expected a file name or a list of them");
      const auto name = parent.get<std::string>();
      const fs::path extended = file.parent_path() / name;
      if (!fs::exists(extended)) {
        throw UserError(file.string() + ": extends: '" + name + "' (that is " +
                        fs::weakly_canonical(extended).string() +
                        "): there is no such file; paths are relative to the file that extends");
      }
      load_into(extended, open, layers);
    }
    json.erase("extends");
  }
  layers.push_back({std::move(json), file.string()});
  open.pop_back();
}

void insert_at(Json& root, const std::string& path, const Json& value, const std::string& source) {
  Json* node = &root;
  std::istringstream parts(path);
  std::vector<std::string> keys;
  for (std::string key; std::getline(parts, key, '.');) keys.push_back(key);
  const bool empty_part = std::any_of(keys.begin(), keys.end(), [](const std::string& key) { return key.empty(); });
  if (keys.empty() || empty_part || path.back() == '.') throw UserError(source + ": '" + path + "' is not a path");
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const bool leaf = i + 1 == keys.size() && !value.is_object();
    if (const auto found = node->find(keys[i]); found == node->end()) {
      (*node)[keys[i]] = leaf ? value : Json::object();
    } else if (leaf || !found->is_object()) {
      throw UserError(source + ": " + path + ": set twice in the same place");
    }
    node = &(*node)[keys[i]];
  }
  if (!value.is_object()) return;
  for (const auto& [key, item] : value.items()) insert_at(*node, key, item, source + ": " + path);
}

}  // namespace

Json parse_json(std::string_view text, const std::string& source) {
  DuplicateKeys duplicates;
  Json json;
  // Out of a stream, which knows how far it was read where the parser's exception does not say.
  std::istringstream in{std::string(text)};
  const auto read = [&in] {
    in.clear();
    return static_cast<std::size_t>(in.tellg());
  };
  try {
    json = Json::parse(in, std::ref(duplicates), /*allow_exceptions=*/true, /*ignore_comments=*/true);
  } catch (const nlohmann::json::parse_error& error) {
    throw UserError(source + ": " + syntax_error(text, error));
  } catch (const nlohmann::json::exception& error) {
    throw UserError(source + ": " + parse_error_at(text, read()) + ": " + without_library_prefix(error.what()));
  } catch (const TooDeep&) {
    throw UserError(source + ": " + parse_error_at(text, read()) + ": nested deeper than " + std::to_string(max_depth) +
                    " levels");
  }
  if (!duplicates.duplicates.empty()) {
    std::string message;
    for (const std::string& key : duplicates.duplicates) {
      message += (message.empty() ? "" : "\n") + source + ": " + key + ": the key stands twice in the same object";
    }
    throw UserError(message);
  }
  return json;
}

Json read_json_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in || fs::is_directory(file)) {
    throw UserError(file.string() + ": cannot be read" + (fs::exists(file) ? "" : ": there is no such file"));
  }
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) throw UserError(file.string() + ": cannot be read");
  Json json = parse_json(text, file.string());
  if (!json.is_object()) throw UserError(file.string() + ": expected a JSON object at the top level");
  return json;
}

std::vector<Layer> load_layers(const fs::path& file) {
  std::vector<fs::path> open;
  std::vector<Layer> layers;
  load_into(file, open, layers);
  return layers;
}

Json expand_dotted(const Json& object, const std::string& source) {
  Json expanded = Json::object();
  for (const auto& [path, value] : object.items()) insert_at(expanded, path, value, source);
  return expanded;
}

Json parse_assignment(const std::string& assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw UserError("--set " + assignment + ": expected path=value, such as training.budget.steps=1000");
  }
  if (!is_utf8(assignment)) throw UserError("--set " + assignment + ": not valid UTF-8");
  const std::string path = assignment.substr(0, equals);
  const std::string text = assignment.substr(equals + 1);
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  Json value;
  if (start != std::string::npos && (text[start] == '{' || text[start] == '[')) {
    value = parse_json(text, "--set " + path);
  } else {
    value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (value.is_discarded()) value = text;
  }
  return expand_dotted(Json{{path, value}}, "--set");
}

void Document::add(const Layer& layer) { merge(json_, layer.json, "", {layer.source, layers_++}); }

void Document::merge(Json& target, const Json& addition, const std::string& path, const Origin& origin) {
  if (target.is_object() && !addition.is_object()) {
    std::erase_if(origins_, [&](const auto& item) { return item.first.starts_with(path + "."); });
  }
  origins_[path] = origin;
  if (!addition.is_object() || !target.is_object()) {
    target = addition;
    if (!addition.is_object()) return;
    target = Json::object();
  }
  for (const auto& [key, value] : addition.items()) {
    merge(target[key], value, path.empty() ? key : path + "." + key, origin);
  }
}

Document::Origin Document::origin(const std::string& path) const {
  const auto found = origins_.find(path);
  return found == origins_.end() ? Origin{} : found->second;
}

}  // namespace ablate::config
