#include "experiments/lab/experiment.h"

#include "experiments/lab/figures.h"
#include "experiments/lab/identity.h"
#include "experiments/lab/row_label.h"
#include "transformer/config/reader.h"
#include "transformer/config/suggest.h"
#include "transformer/core/error.h"

#include <algorithm>

namespace ablate::lab {
namespace {

using config::Document;
using config::Layer;
using config::Problems;

constexpr const char* sections[] = {"model", "data", "training", "decoding", "evaluation"};

/// A row as the file writes it: `layers` go on top of the base.
struct RowSource {
  std::string name, group;
  std::vector<Layer> layers;
  Json settings = Json::object();  ///< everything that the row sets, nested
};

/// One entry of `rows`.
struct RowKeys {
  std::string name, group;
  Json set = Json::object();
  void describe(config::Fields& f) {
    f.field("name", name, "label in the table; nothing given: the difference to the baseline");
    f.field("group", group, "heading above the row and its neighbours of the same group");
    f.field("set", set, "settings on top of the base: dotted paths or nested objects");
  }
};

/// Runs `act`; its error joins the others of the file. False if there was one.
template <class Act>
bool try_or_add(Problems& problems, Act act) {
  try {
    act();
    return true;
  } catch (const UserError& error) {
    problems.add(error.what());
    return false;
  }
}

bool is_blank(const std::string& text) { return text.find_first_not_of(" \t\r\n") == std::string::npos; }

void merge(Json& target, const Json& addition) {
  for (const auto& [key, value] : addition.items()) {
    if (value.is_object() && target.contains(key) && target[key].is_object()) {
      merge(target[key], value);
    } else {
      target[key] = value;
    }
  }
}

/// True if merging the one into the other would replace a setting.
bool overlap(const Json& settings, const Json& addition) {
  if (!settings.is_object() || !addition.is_object()) return true;
  for (const auto& [key, value] : addition.items()) {
    if (settings.contains(key) && overlap(settings[key], value)) return true;
  }
  return false;
}

std::vector<RowSource> read_rows(const Json& rows, const std::string& source, Problems& problems) {
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
    Document document;
    document.add({rows[i], where});
    RowKeys keys;
    config::Reader(document, problems).read(keys);
    RowSource row{keys.name, keys.group, {}, Json::object()};
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

/// Every row at every point of the grid, the last axis turning fastest.
std::vector<RowSource> cross(std::vector<RowSource> rows, const Json& grid, const std::string& source,
                             Problems& problems) {
  if (grid.is_null()) return rows;
  if (!grid.is_object() || grid.empty()) {
    problems.add(source + ": grid: expected an object of paths, each with a list of values");
    return rows;
  }
  for (const auto& [path, values] : grid.items()) {
    if (!values.is_array() || values.empty()) {
      problems.add(source + ": grid." + path + ": expected a list of values with at least one entry");
      continue;
    }
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
        point.layers.push_back({settings[i], source + " (grid)"});
        if (!row.name.empty()) point.name += ", " + short_setting(path, value);
        crossed.push_back(std::move(point));
      }
    }
    rows = std::move(crossed);
  }
  return rows;
}

/// What rows may set: a typing error such as "traning.budget" must not pass for a section of its own.
Json sections_only(const Json& json) {
  Json kept = Json::object();
  for (const char* section : sections) {
    if (json.contains(section)) kept[section] = json[section];
  }
  return kept;
}

ExperimentRow resolve(const RowSource& source, const std::vector<Layer>& base, const std::vector<Layer>& settings,
                      Problems& problems) {
  Document document;
  for (const Layer& layer : base) document.add({sections_only(layer.json), layer.source});
  for (const Layer& layer : source.layers) document.add(layer);
  for (const Layer& layer : settings) document.add({sections_only(layer.json), layer.source});
  ExperimentRow row;
  row.name = source.name;
  row.group = source.group;
  Problems own;
  config::Reader(document, own).read(row.config);
  for (const std::string& error : own.errors()) problems.add(error);
  row.notes = own.notes();
  row.resolved = config::Writer::write(row.config);
  return row;
}

/// What the names as written tell before any row is resolved.
void check_names(const std::vector<RowSource>& sources, const ExperimentKeys& keys, const std::string& names_source,
                 const std::string& baseline_source, Problems& problems) {
  std::vector<std::string> names;
  for (const RowSource& source : sources) {
    if (is_blank(source.name)) continue;
    if (std::find(names.begin(), names.end(), source.name) != names.end()) {
      problems.add(names_source + ": rows '" + source.name + "' and '" + source.name +
                   "' have the same name: give each its own");
    }
    names.push_back(source.name);
  }
  const bool all_named = names.size() == sources.size();
  if (!keys.baseline || names.empty() || !all_named) return;
  if (std::find(names.begin(), names.end(), *keys.baseline) == names.end()) {
    problems.add(baseline_source + ": baseline: no row has the name '" + *keys.baseline + "'" +
                 config::suggestion(*keys.baseline, names));
  }
}

/// What decides the figures of a row. Which data a description comes to is not known here.
std::string identity(const ExperimentRow& row) {
  const RunConfig& config = row.config;
  return run_hash(config, row.resolved.at("data").dump(), 0) + decoding_hash(config) +
         Json{config.evaluation.metrics, config.evaluation.splits}.dump();
}

std::string names_of(const std::vector<config::Change>& changes) {
  std::string names;
  for (const config::Change& change : changes) names += (names.empty() ? "" : ", ") + change.path;
  return names;
}

/// Labels of all rows against the row `baseline`.
void label_rows(Experiment& experiment, const std::vector<RowSource>& sources, std::size_t baseline) {
  const Json& reference = experiment.rows[baseline].resolved;
  for (std::size_t i = 0; i < experiment.rows.size(); ++i) {
    ExperimentRow& row = experiment.rows[i];
    row.is_baseline = i == baseline;
    row.changes = config::difference(reference, row.resolved);
    row.label = !row.name.empty() ? row.name
                : row.is_baseline ? "baseline"
                                  : label_of(row.changes, sources[i].settings);
  }
}

/// Labels the rows. The baseline of the file is a name, or the label that a row has against the first one.
void name_rows(Experiment& experiment, const std::vector<RowSource>& sources, const ExperimentKeys& keys,
               const std::string& baseline_source, Problems& problems) {
  label_rows(experiment, sources, 0);
  if (keys.baseline) {
    std::vector<std::string> known;
    for (const ExperimentRow& row : experiment.rows) known.push_back(row.label);
    const auto found = std::find(known.begin(), known.end(), *keys.baseline);
    if (found == known.end()) {
      problems.add(baseline_source + ": baseline: no row has the name '" + *keys.baseline + "'" +
                   config::suggestion(*keys.baseline, known));
      return;
    }
    const auto baseline = static_cast<std::size_t>(found - known.begin());
    label_rows(experiment, sources, baseline);
    experiment.rows[baseline].label = *keys.baseline;
  }
  std::vector<std::string> identities;
  for (const ExperimentRow& row : experiment.rows) identities.push_back(identity(row));
  for (std::size_t i = 0; i < experiment.rows.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const std::string both = "'" + experiment.rows[j].label + "' and '" + experiment.rows[i].label + "'";
      const std::string where = experiment.file.string() + ": rows " + both;
      if (experiment.rows[i].resolved == experiment.rows[j].resolved) {
        problems.add(where + " are the same configuration: a row's settings have no effect");
      } else if (identities[i] == identities[j]) {
        problems.add(where + " would be the same runs with the same figures: they differ in " +
                     names_of(config::difference(experiment.rows[j].resolved, experiment.rows[i].resolved)) +
                     " alone, which changes neither weights nor figures");
      } else if (experiment.rows[i].label == experiment.rows[j].label) {
        problems.add(where + " have the same name: give each its own");
      }
    }
  }
}

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

/// {"a", " b=1", "c"} -> {"a, b=1", "c"} where "a, b=1" is a label: as many parts as make one are taken together.
std::vector<std::string> join_labels(const std::vector<std::string>& parts, const std::vector<std::string>& labels) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::string name = parts[i], joined = parts[i];
    for (std::size_t end = i + 1; end < parts.size(); ++end) {
      joined += "," + parts[end];
      if (!contains(labels, joined)) continue;
      name = joined;
      i = end;
    }
    names.push_back(name);
  }
  return names;
}

/// A column that no run will measure must not be found out when all are trained.
void check_table(const Experiment& experiment, const std::string& source, Problems& problems) {
  if (experiment.rows.empty()) return;
  std::vector<std::string> measured = loss_figure_names();
  for (const ExperimentRow& row : experiment.rows) {
    for (const std::string& metric : row.config.evaluation.metrics) {
      if (!contains(measured, metric)) measured.push_back(metric);
    }
  }
  if (experiment.table.significance.kind == "welch" && experiment.seeds.size() < 2) {
    problems.add(source + ": table.significance: Welch's test needs two seeds or more; the experiment has " +
                 std::to_string(experiment.seeds.size()));
  }
  const auto check_column = [&](const std::string& column, const char* key) {
    const std::string metric = column.substr(0, column.find('@'));
    if (contains(measured, metric)) return;
    problems.add(source + ": table." + key + ": no row measures '" + metric + "'" +
                 config::suggestion(metric, measured));
  };
  for (const std::string& column : experiment.table.metrics) check_column(column, "metrics");
  for (const std::string& difference : experiment.table.differences) {
    check_column(difference.substr(0, difference.find('=', difference.find('@'))), "differences");
  }
}

void check_seeds(const ExperimentKeys& keys, const std::string& source, Problems& problems) {
  if (keys.seeds.empty()) problems.add(source + ": seeds: expected at least one");
  for (std::size_t i = 0; i < keys.seeds.size(); ++i) {
    const auto end = keys.seeds.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(keys.seeds.begin(), end, keys.seeds[i]) != end) {
      problems.add(source + ": seeds: " + std::to_string(keys.seeds[i]) + " stands there twice");
    }
  }
}

}  // namespace

void ExperimentKeys::describe(config::Fields& f) {
  f.field("$schema", schema, "where editors find the schema that `ablate schema` prints");
  f.field("title", title, "what the experiment asks; the table's title");
  f.field("seeds", seeds, "every row is trained once with each", config::not_negative);
  f.field("baseline", baseline, "name of the row that the others are compared with; null: the first");
  f.field("rows", rows, "the variants: a list of {name, group, set}");
  f.field("grid", grid, "axes whose product makes the rows: a path with a list of values for each");
  f.object("table", table, "what the table shows");
  for (const auto& [name, value] : {std::pair<const char*, Json*>{"model", &model},
                                    {"data", &data},
                                    {"training", &training},
                                    {"decoding", &decoding},
                                    {"evaluation", &evaluation}}) {
    f.field(name, *value, "settings of every row");
  }
}

const ExperimentRow& Experiment::baseline() const {
  return *std::find_if(rows.begin(), rows.end(), [](const ExperimentRow& row) { return row.is_baseline; });
}

std::vector<const ExperimentRow*> Experiment::select(const std::vector<std::string>& parts) const {
  std::vector<std::string> known;
  for (const ExperimentRow& row : rows) known.push_back(row.label);
  const std::vector<std::string> names = join_labels(parts, known);
  std::vector<const ExperimentRow*> selected;
  for (const ExperimentRow& row : rows) {
    if (names.empty() || contains(names, row.label)) selected.push_back(&row);
  }
  for (const std::string& name : names) {
    if (!contains(known, name)) {
      throw UserError(file.string() + ": no row has the name '" + name + "'" + config::suggestion(name, known));
    }
  }
  return selected;
}

Experiment load_experiment(const std::filesystem::path& file, const std::vector<std::string>& settings) {
  Problems problems;
  const std::vector<Layer> base = config::load_layers(file);
  std::vector<Layer> overrides;
  for (const std::string& setting : settings) {
    try_or_add(problems, [&] { overrides.push_back({config::parse_assignment(setting), "--set"}); });
  }

  Document document;
  for (const Layer& layer : base) document.add(layer);
  for (const Layer& layer : overrides) document.add(layer);
  ExperimentKeys keys;
  config::Reader(document, problems).read(keys);
  check_seeds(keys, file.string(), problems);

  Experiment experiment{file, keys.title.empty() ? file.stem().string() : keys.title, keys.seeds, keys.table, {}};
  const auto origin = [&](const char* key) {
    const std::string source = document.origin(key).source;
    return source.empty() ? file.string() : source;
  };
  const std::vector<RowSource> sources =
      cross(read_rows(keys.rows, origin("rows"), problems), keys.grid, origin("grid"), problems);
  check_names(sources, keys, origin("rows"), origin("baseline"), problems);
  for (const RowSource& source : sources) experiment.rows.push_back(resolve(source, base, overrides, problems));
  check_table(experiment, origin("table.metrics"), problems);
  if (problems.empty()) name_rows(experiment, sources, keys, origin("baseline"), problems);
  problems.throw_if_any();
  return experiment;
}

}  // namespace ablate::lab
