#include "experiments/lab/settings_columns.h"

#include "transformer/config/suggest.h"
#include "transformer/core/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace ablate::lab {

const Json* setting_at(const Json& configuration, const std::string& path, std::string* found) {
  const Json* node = &configuration;
  std::istringstream parts(path);
  for (std::string key; std::getline(parts, key, '.');) {
    if (!node->is_object()) return nullptr;
    const auto next = node->find(key);
    if (next == node->end()) return nullptr;
    node = &*next;
    if (found != nullptr) *found += (found->empty() ? "" : ".") + key;
  }
  return node;
}

namespace {

/// Paths of all settings below a node, or of its own keys alone.
void collect_paths(const Json& node, const std::string& prefix, bool deep, std::vector<std::string>& paths) {
  for (const auto& [key, value] : node.items()) {
    const std::string path = prefix.empty() ? key : prefix + "." + key;
    if (deep && value.is_object()) {
      collect_paths(value, path, deep, paths);
    } else if (std::find(paths.begin(), paths.end(), path) == paths.end()) {
      paths.push_back(path);
    }
  }
}

/// The setting that may have been meant: "d_ff" alone, one that is spelt alike, or what stands in the same section.
std::string path_suggestion(const std::string& path, const std::vector<Json>& configurations) {
  std::vector<std::string> known, neighbours;
  std::string deepest;
  for (const Json& configuration : configurations) {
    collect_paths(configuration, "", true, known);
    std::string found;
    setting_at(configuration, path, &found);
    if (found.size() > deepest.size()) deepest = found;
  }
  for (const std::string& candidate : known) {
    if (candidate.ends_with("." + path)) return config::suggestion(candidate, {candidate});
  }
  if (!config::nearest(path, known).empty()) return config::suggestion(path, known);
  for (const Json& configuration : configurations) {
    const Json* const section = deepest.empty() ? &configuration : setting_at(configuration, deepest);
    if (section != nullptr && section->is_object()) collect_paths(*section, deepest, false, neighbours);
  }
  return config::suggestion(path, neighbours);
}

/// What is wrong with a path, "" if nothing is.
std::string path_mistake(const std::string& path, const std::vector<Json>& configurations) {
  bool is_known = false;
  for (const Json& configuration : configurations) {
    const Json* const value = setting_at(configuration, path);
    if (value == nullptr) continue;
    is_known = true;
    if (!value->is_object()) continue;
    std::vector<std::string> settings;
    collect_paths(*value, path, true, settings);
    std::string list;
    for (const std::string& setting : settings) list += (list.empty() ? "" : ", ") + setting;
    return "'" + path + "' is a section: name one of its settings (" + list + ")";
  }
  return is_known ? "" : "no row has the setting '" + path + "'" + path_suggestion(path, configurations);
}

/// "d_ff" of "model.feed_forward.d_ff", "norm" of "model.norm.kind".
std::string heading_of(std::string path) {
  if (path.ends_with(".kind")) path.resize(path.size() - std::string(".kind").size());
  return path.substr(path.rfind('.') + 1);  // npos + 1 is 0
}

}  // namespace

void SettingColumn::describe(config::Fields& f) {
  f.field("path", path, "dotted path of the setting, such as model.feed_forward.d_ff");
  f.field("heading", heading, "what the table calls it; nothing given: the last name of the path");
  f.check(!path.empty(), "path", "names no setting");
}

std::vector<SettingColumn> read_setting_columns(const Json& list, const std::string& where,
                                                config::Problems& problems) {
  std::vector<SettingColumn> columns;
  if (list.is_null()) return columns;
  if (!list.is_array()) {
    problems.add(where + R"(: expected a list of {"path", "heading"})");
    return columns;
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string entry = where + "[" + std::to_string(i) + "]";
    if (!list[i].is_object()) {
      problems.add(entry + R"(: expected an object with "path" and "heading")");
      continue;
    }
    config::Document document;
    document.add({list[i], entry});
    config::Reader(document, problems).read(columns.emplace_back());
  }
  return columns;
}

std::vector<std::string> setting_mistakes(const std::vector<SettingColumn>& wanted,
                                          const std::vector<Json>& configurations) {
  std::vector<std::string> mistakes, seen;
  for (const SettingColumn& column : wanted) {
    if (std::find(seen.begin(), seen.end(), column.path) != seen.end()) {
      mistakes.push_back("'" + column.path + "' stands there twice");
      continue;
    }
    seen.push_back(column.path);
    if (std::string mistake = path_mistake(column.path, configurations); !mistake.empty()) {
      mistakes.push_back(std::move(mistake));
    }
  }
  return mistakes;
}

std::string setting_text(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array()) {
    std::string list;
    for (const Json& item : value) list += (list.empty() ? "" : ", ") + setting_text(item);
    return list;
  }
  std::string text = value.dump();
  if (!value.is_number_float()) return text;
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  // 1e-09 -> 1e-9, 1e+20 -> 1e20
  if (const std::size_t e = text.find('e'); e != std::string::npos) {
    text = text.substr(0, e + 1) + std::to_string(std::stoi(text.substr(e + 1)));
  }
  return text;
}

void add_settings_columns(Table& table, const std::vector<SettingColumn>& wanted,
                          const std::vector<Json>& configurations) {
  if (configurations.size() != table.rows.size()) throw std::logic_error("settings columns: not one per row");
  if (const auto mistakes = setting_mistakes(wanted, configurations); !mistakes.empty()) {
    throw UserError("table: " + mistakes.front());
  }
  const auto baseline =
      std::find_if(table.rows.begin(), table.rows.end(), [](const Row& row) { return row.is_baseline; });
  for (std::size_t place = 0; place < wanted.size(); ++place) {
    const SettingColumn& setting = wanted[place];
    std::vector<Cell> cells;
    bool has_words = false;
    for (const Json& configuration : configurations) {
      const Json* const value = setting_at(configuration, setting.path);
      const Json shown = value == nullptr ? Json(nullptr) : *value;
      has_words = has_words || !(shown.is_number() || shown.is_null());
      cells.push_back(text_cell(setting_text(shown)));
    }
    if (baseline != table.rows.end()) {
      const std::string reference = cells[static_cast<std::size_t>(baseline - table.rows.begin())].text;
      for (std::size_t i = 0; i < cells.size(); ++i) {
        cells[i].repeats_baseline = !table.rows[i].is_baseline && cells[i].text == reference;
      }
    }
    Column column;
    column.key = "setting:" + setting.path;
    column.heading = setting.heading.empty() ? heading_of(setting.path) : setting.heading;
    column.content = Content::text;
    column.is_numeric = !has_words;
    insert_column(table, place, std::move(column), std::move(cells));
  }
}

}  // namespace ablate::lab
