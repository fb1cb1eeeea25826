#include "experiments/lab/experiment_checks.h"

#include "experiments/lab/figures.h"
#include "experiments/lab/identity.h"
#include "experiments/lab/paper_columns.h"
#include "experiments/lab/settings_columns.h"
#include "experiments/lab/text.h"
#include "experiments/lab/tune_grid.h"
#include "transformer/config/suggest.h"

#include <algorithm>
#include <map>

namespace ablate::lab {
namespace {

using config::Layer;
using config::Problems;

/// Dotted paths of all settings that are whole numbers.
std::vector<std::string> whole_numbers(const Json& resolved, const std::string& prefix = "") {
  std::vector<std::string> paths;
  for (const auto& [key, value] : resolved.items()) {
    if (value.is_number_integer()) paths.push_back(prefix + key);
    if (!value.is_object()) continue;
    for (const std::string& inner : whole_numbers(value, prefix + key + ".")) paths.push_back(inner);
  }
  return paths;
}

/// Whether a dotted path is `section` or lies in it, or holds it.
bool is_within(const std::string& path, const std::string& section) {
  return overlap(config::expand_dotted(Json{{path, 0}}, ""), config::expand_dotted(Json{{section, 0}}, ""));
}

/// Which axes make no sense: the dev nll of the trials has to be of the same pairs, and to tell what suits the row.
void check_axes(const Experiment& experiment, const std::string& where, Problems& problems) {
  const auto check = [&](const std::string& path, const std::string& key) {
    for (const char* section : {"data", "decoding", "evaluation", "training.max_length", "objective"}) {
      if (is_within(path, section) && path != "objective.windows") {
        problems.add(where + key + ": " + path + ": trials are compared by their nll on the same dev pairs or text, " +
                     "which " + section + " has no part in or would change");
      }
    }
    if (is_within(path, "training.initialize_from")) {
      problems.add(where + key + ": " + path + ": what a row begins from is its own: name it in rows, or in grid");
    }
    const bool sets_windows =
        is_within(path, "model.max_length") && std::ranges::any_of(experiment.rows, [](const ExperimentRow& row) {
          return row.config.reads_windows() && !row.config.training.max_length;
        });
    if (sets_windows) {
      problems.add(where + key + ": " + path + ": would change the windows of the dev text; name training.max_length");
    }
  };
  for (const auto& [path, values] : experiment.tune.grid.items()) {
    check(path, "grid");
    if (is_within(path, "training.budget")) {
      problems.add(where + "grid: " + path + ": rows are given one budget, not the one that suits them");
    }
    const std::string& by = experiment.match.by;
    const bool changes_amount = is_within(path, "model") || (by != "parameters" && is_within(path, "training.batch"));
    if (by != "none" && changes_amount) {
      problems.add(where + "grid: " + path + " changes what `match` makes equal");
    }
    if (experiment.tune.set.is_object() && overlap(config::expand_dotted(experiment.tune.set, where),
                                                   config::expand_dotted(Json{{path, values}}, where))) {
      problems.add(where + "set: sets " + path + ", an axis of tune.grid");
    }
  }
  if (!experiment.tune.set.is_object()) return;
  for (const auto& [path, value] : experiment.tune.set.items()) check(path, "set");
}

/// Every point must be allowed in the row, and be a run of its own.
void check_points(const Experiment& experiment, const ExperimentRow& row, const std::string& where,
                  Problems& problems) {
  std::map<std::string, std::string> known;
  for (const TunePoint& point : tune_points(experiment.tune)) {
    const std::string text = point_text(point);
    try {
      ExperimentRow tried = with_settings(experiment, row, settings_of(point));
      if (experiment.tune.set.is_object()) tried = with_settings(experiment, tried, experiment.tune.set);
      const auto [place, is_new] = known.try_emplace(run_hash(tried.config, "", experiment.tune.seed), text);
      if (is_new) continue;
      problems.add(where + "grid: '" + place->second + "' and '" + text + "' are the same run");
    } catch (const UserError& error) {
      problems.add(where + "grid: row '" + row.label + "' at " + text + ": " + error.what());
    }
    return;
  }
}

}  // namespace

void check_table(const Experiment& experiment, const std::string& source, Problems& problems) {
  if (experiment.rows.empty()) return;
  std::vector<std::string> measured = loss_figure_names();
  for (const ExperimentRow& row : experiment.rows) {
    for (const std::string& metric : row.config.evaluation.metrics) {
      if (!is_among(measured, metric)) measured.push_back(metric);
    }
  }
  if (experiment.table.significance.kind == "welch" && experiment.seeds.size() < 2) {
    problems.add(source + ": table.significance: Welch's test needs two seeds or more; the experiment has " +
                 std::to_string(experiment.seeds.size()));
  }
  const auto check_column = [&](const std::string& column, const char* key) {
    const std::string metric = column.substr(0, column.find('@'));
    if (is_among(measured, metric)) return;
    problems.add(source + ": table." + key + ": no row measures '" + metric + "'" +
                 config::suggestion(metric, measured));
  };
  for (const std::string& column : experiment.table.metrics) check_column(column, "metrics");
  if (const StabilityConfig& stability = experiment.table.stability; !stability.figure.empty()) {
    check_column(stability.figure, "stability.figure");
    if (!is_among(experiment.table.metrics, stability.figure)) {
      problems.add(source + ": table.stability.figure: '" + stability.figure +
                   "' is none of table.metrics: name it there");
    }
    const auto& axes = experiment.rows.front().grid_point;
    const auto is_across = [&](const auto& axis) { return axis.first == stability.across; };
    if (std::ranges::none_of(axes, is_across)) {
      problems.add(source + ": table.stability.across: '" + stability.across + "' is no axis of the grid");
    }
  }
  for (const std::string& difference : experiment.table.differences) {
    check_column(difference.substr(0, difference.find('=', difference.find('@'))), "differences");
  }
}

void check_match(const Experiment& experiment, const std::vector<RowSource>& sources, const std::string& source,
                 Problems& problems) {
  const MatchConfig& match = experiment.match;
  if (match.by == "none") {
    for (const RowSource& row : sources) {
      if (row.is_matched) continue;
      problems.add(source + ": row '" + row.name + "': \"match\": false has no effect: the experiment matches no rows");
    }
  }
  if (match.by == "none" || experiment.rows.empty()) return;
  const std::vector<std::string> known = whole_numbers(experiment.rows.front().resolved);
  if (!is_among(known, match.adjust)) {
    problems.add(source + ": match.adjust: '" + match.adjust + "' is no setting with a whole number" +
                 config::suggestion(match.adjust, known));
    return;
  }
  const Json solved = config::expand_dotted(Json{{match.adjust, 0}}, source);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const bool is_baseline = experiment.rows[i].is_baseline;
    if (is_baseline || !sources[i].is_matched || !overlap(sources[i].settings, solved)) continue;
    problems.add(source + ": row '" + experiment.rows[i].label + "' sets " + match.adjust +
                 ", which `match` solves for: leave it out there, or give the row \"match\": false");
  }
}

void check_tune(const Experiment& experiment, const std::vector<RowSource>& sources,
                const std::vector<Layer>& overrides, const std::string& source, Problems& problems) {
  if (experiment.tune.grid.is_null()) {
    for (const RowSource& row : sources) {
      if (row.is_tuned) continue;
      problems.add(source + ": row '" + row.name + "': \"tune\": false has no effect: the experiment tunes no rows");
    }
    return;
  }
  const std::string where = source + ": tune.";
  if (!is_grid(experiment.tune.grid)) {
    problems.add(where + "grid: expected an object of paths, each with a list of values");
    return;
  }
  if (!experiment.tune.set.is_null() && !experiment.tune.set.is_object()) {
    problems.add(where + "set: expected an object of settings");
    return;
  }
  check_axes(experiment, where, problems);
  for (const Layer& layer : overrides) {
    for (const auto& [path, values] : experiment.tune.grid.items()) {
      if (!overlap(layer.json, config::expand_dotted(Json{{path, values}}, source))) continue;
      problems.add(layer.source + ": " + path + " is what `tune` chooses");
    }
  }
  for (std::size_t i = 0; i < sources.size() && problems.empty(); ++i) {
    const ExperimentRow& row = experiment.rows[i];
    if (!row.is_tuned) continue;
    for (const auto& [path, values] : experiment.tune.grid.items()) {
      if (!overlap(sources[i].settings, config::expand_dotted(Json{{path, values}}, source))) continue;
      problems.add(source + ": row '" + row.label + "' sets " + path +
                   ", which `tune` chooses: leave it out there, or give the row \"tune\": false");
    }
    check_points(experiment, row, where, problems);
  }
}

void check_columns_of_file(const Experiment& experiment, const std::string& source, Problems& problems) {
  std::vector<Json> configurations;
  for (const ExperimentRow& row : experiment.rows) {
    configurations.push_back(config::Writer::write(row.config, config::Extent::expanded));
    for (const std::string& mistake : paper_mistakes(row.paper)) {
      problems.add(experiment.file.string() + ": row '" + row.name + "': " + mistake);
    }
  }
  const std::string where = source + ": table.settings";
  const std::vector<SettingColumn> settings = read_setting_columns(experiment.table.settings, where, problems);
  for (const std::string& mistake : setting_mistakes(settings, configurations)) problems.add(where + ": " + mistake);
}

void check_seeds(const std::vector<std::int64_t>& seeds, const std::string& source, Problems& problems) {
  if (seeds.empty()) problems.add(source + ": seeds: expected at least one");
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    const auto end = seeds.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(seeds.begin(), end, seeds[i]) != end) {
      problems.add(source + ": seeds: " + std::to_string(seeds[i]) + " stands there twice");
    }
  }
}

}  // namespace ablate::lab
