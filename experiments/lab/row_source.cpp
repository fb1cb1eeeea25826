#include "experiments/lab/row_source.h"

#include "experiments/lab/row_label.h"
#include "experiments/lab/text.h"

#include <algorithm>

namespace ablate::lab {
namespace {

/// One entry of `rows`.
struct RowKeys {
  std::string name, group;
  Json set = Json::object();
  bool match = true;
  bool tune = true;
  Json paper = Json::object();
  void describe(config::Fields& f) {
    f.field("name", name, "label in the table; nothing given: the difference to the baseline");
    f.field("group", group, "heading above the row and its neighbours of the same group");
    f.field("set", set, "settings on top of the base: dotted paths or nested objects");
    f.field("match", match, "false: the row stays as it is where the experiment matches rows to the baseline");
    f.field("tune", tune, "false: the row stays as it is where the experiment tunes rows");
    f.field("paper", paper, "published figures that stand beside ours: a column or a heading, and a number or text");
  }
};

/// Dotted paths of nested settings, with their values.
std::vector<std::pair<std::string, Json>> leaves(const Json& settings, const std::string& prefix = "") {
  std::vector<std::pair<std::string, Json>> found;
  for (const auto& [key, value] : settings.items()) {
    if (!value.is_object()) {
      found.emplace_back(prefix + key, value);
      continue;
    }
    for (auto& leaf : leaves(value, prefix + key + ".")) found.push_back(std::move(leaf));
  }
  return found;
}

void merge(Json& target, const Json& addition) {
  for (const auto& [key, value] : addition.items()) {
    if (value.is_object() && target.contains(key) && target[key].is_object()) {
      merge(target[key], value);
    } else {
      target[key] = value;
    }
  }
}

/// "norm=rms_norm, dropout=0.1"
std::string description_of(const Json& settings) {
  std::vector<std::string> parts;
  for (const auto& [path, value] : leaves(settings)) parts.push_back(short_setting(path, value));
  return parts.empty() ? "unchanged" : joined(parts, ", ");
}

}  // namespace

bool is_blank(const std::string& text) { return text.find_first_not_of(" \t\r\n") == std::string::npos; }

bool overlap(const Json& settings, const Json& addition) {
  if (!settings.is_object() || !addition.is_object()) return true;
  for (const auto& [key, value] : addition.items()) {
    if (settings.contains(key) && overlap(settings[key], value)) return true;
  }
  return false;
}

std::vector<RowSource> read_rows(const Json& rows, const std::string& source, config::Problems& problems) {
  std::vector<RowSource> sources;
  if (rows.is_null()) return {RowSource{}};
  if (!rows.is_array() || rows.empty()) {
    problems.add(source + ": rows: expected a list of {\"name\", \"set\"} with at least one entry");
    return {};
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string where = source + ": rows[" + std::to_string(i) + "]";
    if (!rows[i].is_object()) {
      problems.add(where + ": expected an object with \"name\" and \"set\"");
      continue;
    }
    config::Document document;
    document.add({rows[i], where});
    RowKeys keys;
    config::Reader(document, problems).read(keys);
    RowSource row;
    row.name = row.own_name = keys.name;
    row.group = keys.group;
    row.is_matched = keys.match;
    row.is_tuned = keys.tune;
    row.paper = keys.paper;
    if (!keys.paper.is_object()) problems.add(where + ": paper: expected an object of figures");
    if (const auto name = rows[i].find("name"); name != rows[i].end() && name->is_string() && is_blank(keys.name)) {
      problems.add(where + ": name: is blank: give the row a name, or leave the key out");
    }
    if (!keys.set.is_object()) {
      problems.add(where + ": set: expected an object of settings");
    } else if (try_or_add(problems, [&] { row.settings = config::expand_dotted(keys.set, where + ".set"); })) {
      const std::string shown = keys.name.empty() ? where : source + " (row '" + keys.name + "')";
      row.layers.push_back({row.settings, shown});
    }
    sources.push_back(std::move(row));
  }
  return sources;
}

std::vector<RowSource> cross(std::vector<RowSource> rows, const Json& grid, const std::string& source,
                             config::Problems& problems) {
  if (grid.is_null()) return rows;
  // Points are told apart by names; a row without one is told by what it sets.
  for (RowSource& row : rows) {
    if (rows.size() > 1 && row.name.empty()) row.name = row.own_name = description_of(row.settings);
  }
  if (!grid.is_object() || grid.empty()) {
    problems.add(source + ": grid: expected an object of paths, each with a list of values");
    return rows;
  }
  for (const auto& [path, values] : grid.items()) {
    if (!values.is_array() || values.empty()) {
      problems.add(source + ": grid." + path + ": expected a list of values with at least one entry");
      continue;
    }
    bool are_different = true;
    for (auto value = values.begin(); value != values.end(); ++value) {
      if (std::find(values.begin(), value, *value) == value) continue;
      problems.add(source + ": grid." + path + ": " + value->dump() + " stands there twice");
      are_different = false;
    }
    if (!are_different) continue;
    std::vector<Json> settings;
    for (const Json& value : values) {
      try_or_add(problems, [&] { settings.push_back(config::expand_dotted(Json{{path, value}}, source + ": grid")); });
    }
    if (settings.size() != values.size()) continue;
    std::vector<RowSource> crossed;
    for (const RowSource& row : rows) {
      for (std::size_t i = 0; i < settings.size(); ++i) {
        const Json& value = values[i];
        if (i == 0 && overlap(row.settings, settings[i])) {
          problems.add(source + ": grid." + path + ": would override what " +
                       (row.name.empty() ? "a row or another axis" : "the row '" + row.name + "' or another axis") +
                       " sets: leave one of them out");
        }
        RowSource point = row;
        merge(point.settings, settings[i]);
        point.grid_point.emplace_back(path, value);
        point.layers.push_back({settings[i], source + " (grid)"});
        point.name += (point.name.empty() ? "" : ", ") + short_setting(path, value);
        crossed.push_back(std::move(point));
      }
    }
    rows = std::move(crossed);
  }
  return rows;
}

}  // namespace ablate::lab
