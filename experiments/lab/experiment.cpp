#include "experiments/lab/experiment.h"

#include "experiments/lab/experiment_checks.h"
#include "experiments/lab/identity.h"
#include "experiments/lab/row_label.h"
#include "experiments/lab/row_source.h"
#include "experiments/lab/text.h"
#include "transformer/config/reader.h"
#include "transformer/config/suggest.h"

#include <algorithm>

namespace ablate::lab {
namespace {

using config::Document;
using config::Layer;
using config::Problems;

constexpr const char* sections[] = {"model", "data", "objective", "training", "decoding", "evaluation"};

/// What rows may set: a typing error such as "traning.budget" must not pass for a section of its own.
Json sections_only(const Json& json) {
  Json kept = Json::object();
  for (const char* section : sections) {
    if (json.contains(section)) kept[section] = json[section];
  }
  return kept;
}

/// Reads what the row's layers come to.
void read_layers(ExperimentRow& row, Problems& problems) {
  Document document;
  for (const Layer& layer : row.layers) document.add(layer);
  Problems own;
  config::Reader(document, own).read(row.config);
  for (const std::string& error : own.errors()) problems.add(error);
  row.notes = own.notes();
  row.resolved = config::Writer::write(row.config);
}

ExperimentRow resolve(const RowSource& source, const std::vector<Layer>& base, const std::vector<Layer>& settings,
                      Problems& problems) {
  ExperimentRow row;
  row.name = source.name;
  row.group = source.group;
  row.own_name = source.own_name;
  row.is_matched = source.is_matched;
  row.is_tuned = source.is_tuned;
  row.paper = source.paper;
  row.grid_point = source.grid_point;
  for (const Layer& layer : base) row.layers.push_back({sections_only(layer.json), layer.source});
  row.layers.insert(row.layers.end(), source.layers.begin(), source.layers.end());
  for (const Layer& layer : settings) row.layers.push_back({sections_only(layer.json), layer.source});
  read_layers(row, problems);
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

/// What decides the figures of a row. Which data a description comes to is not known here, nor what `tune` gives a row.
std::string identity(const ExperimentRow& row) {
  const RunConfig& config = row.config;
  return run_hash(config, row.resolved.at("data").dump(), 0) + decoding_hash(config) +
         Json{config.evaluation.metrics, config.evaluation.splits, config.evaluation.lengths, row.is_tuned}.dump();
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
      const bool are_both_tuned = experiment.rows[i].is_tuned == experiment.rows[j].is_tuned;
      if (are_both_tuned && experiment.rows[i].resolved == experiment.rows[j].resolved) {
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

/// {"a", " b=1", "c"} -> {"a, b=1", "c"} where "a, b=1" is a label: as many parts as make one are taken together.
std::vector<std::string> join_labels(const std::vector<std::string>& parts, const std::vector<std::string>& labels) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::string name = parts[i], joined = parts[i];
    for (std::size_t end = i + 1; end < parts.size(); ++end) {
      joined += "," + parts[end];
      if (!is_among(labels, joined)) continue;
      name = joined;
      i = end;
    }
    names.push_back(name);
  }
  return names;
}

}  // namespace

void ExperimentKeys::describe(config::Fields& f) {
  f.field("$schema", schema, "where editors find the schema that `ablate schema` prints");
  f.field("title", title, "what the experiment asks; the table's title");
  f.field("seeds", seeds, "every row is trained once with each", config::not_negative);
  f.field("baseline", baseline, "name of the row that the others are compared with; null: the first");
  f.field("rows", rows, "the variants: a list of {name, group, set}");
  f.field("grid", grid, "axes whose product makes the rows: a path with a list of values for each");
  f.object("match", match, "gives every row as much of something as the baseline has");
  f.object("tune", tune, "finds for every row the settings, such as the learning rate, that suit it best on dev");
  f.object("table", table, "what the table shows");
  for (const auto& [name, value] : {std::pair<const char*, Json*>{"model", &model},
                                    {"data", &data},
                                    {"objective", &objective},
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
    if (names.empty() || is_among(names, row.label)) selected.push_back(&row);
  }
  for (const std::string& name : names) {
    if (!is_among(known, name)) {
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
  check_seeds(keys.seeds, file.string(), problems);

  Experiment experiment{
      file, keys.title.empty() ? file.stem().string() : keys.title, keys.seeds, keys.table, keys.match, keys.tune, {}};
  const auto origin = [&](const char* key) {
    const std::string source = document.origin(key).source;
    return source.empty() ? file.string() : source;
  };
  const std::vector<RowSource> sources =
      cross(read_rows(keys.rows, origin("rows"), problems), keys.grid, origin("grid"), problems);
  check_names(sources, keys, origin("rows"), origin("baseline"), problems);
  const std::filesystem::path absolute = std::filesystem::absolute(file).lexically_normal();
  for (const RowSource& source : sources) {
    experiment.rows.push_back(resolve(source, base, overrides, problems));
    experiment.rows.back().number = experiment.rows.size() - 1;
    experiment.rows.back().experiment = (absolute.parent_path().filename() / absolute.filename()).string();
  }
  check_table(experiment, origin("table.metrics"), problems);
  check_columns_of_file(experiment, origin("table.settings"), problems);
  if (problems.empty()) name_rows(experiment, sources, keys, origin("baseline"), problems);
  if (problems.empty()) check_match(experiment, sources, origin("match.adjust"), problems);
  if (problems.empty()) check_tune(experiment, sources, overrides, origin("tune.grid"), problems);
  problems.throw_if_any();
  return experiment;
}

ExperimentRow with_settings(const Experiment& experiment, const ExperimentRow& row, const Json& settings) {
  ExperimentRow changed = row;
  changed.config = {};
  const std::string source = experiment.file.string();
  changed.layers.push_back({config::expand_dotted(settings, source), source});
  Problems problems;
  read_layers(changed, problems);
  problems.throw_if_any();
  return changed;
}

}  // namespace ablate::lab
