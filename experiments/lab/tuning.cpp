#include "experiments/lab/tuning.h"

#include "experiments/lab/dashboard.h"
#include "experiments/lab/row_label.h"
#include "experiments/lab/runner.h"
#include "experiments/lab/settings_columns.h"
#include "experiments/lab/text.h"

#include <algorithm>
#include <set>

namespace ablate::lab {
namespace {

ExperimentRow candidate_row(const Experiment& experiment, const ExperimentRow& row, const TunePoint& point) {
  ExperimentRow tried = with_settings(experiment, row, settings_of(point));
  if (experiment.tune.set.is_object()) tried = with_settings(experiment, tried, experiment.tune.set);
  // Chosen on dev alone: nothing of a test set is decoded, or even looked at.
  tried = with_settings(
      experiment, tried,
      {{"evaluation.metrics", Json::array()}, {"evaluation.splits", {"dev"}}, {"evaluation.lengths", Json::array()}});
  tried.label += ": " + point_text(point);
  tried.is_baseline = false;
  return tried;
}

TunedCandidate read_candidate(const PreparedRow& row, const TunePoint& point, std::int64_t seed,
                              const std::filesystem::path& out) {
  TunedCandidate candidate{point};
  const RunFolder folder(out, row, seed);
  candidate.hash = folder.hash();
  candidate.state = table_state(shown_state(row, folder));
  if (!candidate.is_trained()) return candidate;
  const Json training = folder.result().at("training");
  candidate.seconds = training.value("seconds", 0.0);
  candidate.flops = training.value("flops", 0.0);
  // Of the weights that evaluation.checkpoint names; where it averages, of the first of them.
  const CheckpointChoice choice = checkpoint_choice_table().at(row.row->config.evaluation.checkpoint);
  const bool is_best = choice == CheckpointChoice::best || choice == CheckpointChoice::average_best;
  const Json& kept = training.at(is_best ? "best" : "last");
  if (candidate.state == State::value && !kept.empty() && kept[0].at("dev_nll").is_number()) {
    candidate.nll = kept[0].at("dev_nll").get<double>();
  } else {
    candidate.state = State::diverged;
  }
  return candidate;
}

/// Where all diverged, the first.
std::size_t best_of(const std::vector<TunedCandidate>& candidates) {
  std::size_t best = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i].state != State::value) continue;
    if (candidates[best].state != State::value || candidates[i].nll < candidates[best].nll) best = i;
  }
  return best;
}

bool is_tuned_row(const PreparedRow& row) { return row.tuning.has_value(); }

/// "schedule.learning_rate: 0.001, 0.002; schedule.warmup: 50, 200"
std::string axes_text(const TuneConfig& config) {
  std::vector<std::string> axes;
  for (const auto& [path, values] : config.grid.items()) axes.push_back(short_path(path) + ": " + setting_text(values));
  return joined(axes, "; ");
}

/// Rows whose value of an axis is its least or its greatest: perhaps a better one lies beyond. Of two values each is at
/// an edge, which says nothing.
std::string edges_text(const TuneConfig& config, const std::vector<PreparedRow>& rows) {
  std::vector<std::string> parts;
  for (const auto& [path, values] : config.grid.items()) {
    const bool has_order = std::ranges::all_of(values, [](const Json& value) { return value.is_number(); });
    if (!has_order || values.size() < 3) continue;
    const auto [least, greatest] = std::ranges::minmax_element(values);
    std::vector<std::string> labels;
    for (const PreparedRow& row : rows) {
      if (!row.tuning || row.awaits_tuning()) continue;
      if (row.tuning->candidates[*row.tuning->chosen].state != State::value) continue;
      for (const auto& [axis, value] : row.tuning->candidates[*row.tuning->chosen].point) {
        if (axis == path && (value == *least || value == *greatest)) labels.push_back(row.row->label);
      }
    }
    if (!labels.empty()) parts.push_back(short_path(path) + " (" + joined(labels, ", ") + ")");
  }
  return parts.empty() ? ""
                       : "Best at an edge of the grid, so that a better value may lie beyond: " + joined(parts, "; ");
}

TunePoint points_of_settings(const Json& settings) {
  TunePoint point;
  for (const auto& [path, value] : settings.items()) point.emplace_back(path, value);
  return point;
}

std::string cost_text(const TuneConfig& config, const std::vector<PreparedRow>& rows) {
  std::size_t trained = 0, all = 0;
  double seconds = 0, flops = 0;
  std::set<std::string> waiting, diverged, counted;
  for (const PreparedRow& row : rows) {
    if (!row.tuning) continue;
    for (const TunedCandidate& candidate : row.tuning->candidates) {
      if (!counted.insert(candidate.hash).second) continue;
      ++all;
      if (candidate.is_trained()) ++trained;
      seconds += candidate.seconds;
      flops += candidate.flops;
    }
    if (row.awaits_tuning()) {
      waiting.insert(row.row->label);
    } else if (row.tuning->candidates[*row.tuning->chosen].state != State::value) {
      diverged.insert(row.row->label);
    }
  }
  std::string text = "Tuned for each row by the " + rows.front().row->config.facts().dev_name() + " of seed " +
                     std::to_string(config.seed) + ", " + axes_text(config) + ": " + std::to_string(trained) +
                     (trained < all ? " of " + std::to_string(all) : "") + " runs, " + format_duration(seconds) +
                     " of training, " + compact(flops) + " FLOPs";
  if (config.set.is_object() && !config.set.empty()) text += ", with " + point_text(points_of_settings(config.set));
  if (!diverged.empty()) text += "; all trials diverged: " + joined({diverged.begin(), diverged.end()}, ", ");
  if (!waiting.empty()) text += "; not tuned yet: " + joined({waiting.begin(), waiting.end()}, ", ");
  return text;
}

}  // namespace

std::vector<PreparedRow> tuning_candidates(const Experiment& experiment, const PreparedRow& row) {
  std::vector<PreparedRow> candidates;
  if (!row.row->is_tuned) return candidates;
  for (const TunePoint& point : tune_points(experiment.tune)) {
    PreparedRow candidate = row;
    candidate.row = std::make_shared<const ExperimentRow>(candidate_row(experiment, *row.row, point));
    candidate.tuning.reset();
    candidate.candidate = candidates.size();
    candidates.push_back(std::move(candidate));
  }
  return candidates;
}

std::vector<PreparedRow> with_tuned_values(const Experiment& experiment, const std::vector<PreparedRow>& rows,
                                           const std::filesystem::path& out) {
  std::vector<PreparedRow> tuned = rows;
  const std::vector<TunePoint> points = tune_points(experiment.tune);
  for (PreparedRow& row : tuned) {
    const std::vector<PreparedRow> candidates = tuning_candidates(experiment, row);
    if (candidates.empty()) continue;
    TuningOutcome& outcome = row.tuning.emplace();
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      outcome.candidates.push_back(read_candidate(candidates[i], points[i], experiment.tune.seed, out));
    }
    if (!std::ranges::all_of(outcome.candidates, &TunedCandidate::is_trained)) continue;
    outcome.chosen = best_of(outcome.candidates);
    const Json values = settings_of(points[*outcome.chosen]);
    row.row = std::make_shared<const ExperimentRow>(with_settings(experiment, *row.row, values));
  }
  const auto baseline = std::ranges::find_if(tuned, [](const PreparedRow& row) { return row.row->is_baseline; });
  if (points.empty() || baseline == tuned.end()) return tuned;
  const Json reference = baseline->row->resolved;
  for (PreparedRow& row : tuned) {
    ExperimentRow changed = *row.row;
    changed.changes = config::difference(reference, changed.resolved);
    row.row = std::make_shared<const ExperimentRow>(std::move(changed));
  }
  return tuned;
}

void add_tuning_columns(Table& table, const Experiment& experiment, const std::vector<PreparedRow>& rows) {
  if (std::ranges::none_of(rows, is_tuned_row)) return;
  for (const auto& [path, values] : experiment.tune.grid.items()) {
    Column column;
    column.key = "tuned:" + path;
    column.heading = short_path(path);
    column.group = "tuned";
    column.content = Content::text;
    column.is_numeric = std::ranges::all_of(values, [](const Json& value) { return value.is_number(); });
    table.columns.push_back(column);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!rows[i].tuning) {
        const Json* const own = setting_at(rows[i].row->resolved, path);
        table.rows[i].cells.push_back(text_cell(setting_text(own == nullptr ? Json() : *own) + " (not tuned)"));
        continue;
      }
      const bool is_known = !rows[i].awaits_tuning();
      table.rows[i].cells.push_back(
          is_known
              ? text_cell(setting_text(settings_of(rows[i].tuning->candidates[*rows[i].tuning->chosen].point)[path]))
              : Cell{});
    }
  }
  table.footnotes.push_back(cost_text(experiment.tune, rows));
  if (std::string text = edges_text(experiment.tune, rows); !text.empty()) table.footnotes.push_back(std::move(text));
}

std::optional<Table> tuning_table(const Experiment& experiment, const std::vector<PreparedRow>& rows) {
  if (std::ranges::none_of(rows, is_tuned_row)) return std::nullopt;
  Table table;
  table.title =
      "Tuning: " + rows.front().row->config.facts().dev_name() + " of seed " + std::to_string(experiment.tune.seed);
  std::vector<std::string> axes;
  for (const auto& [path, values] : experiment.tune.grid.items()) axes.push_back(short_path(path));
  table.row_heading = joined(axes, ", ");
  for (const TunePoint& point : tune_points(experiment.tune)) {
    std::vector<std::string> values;
    for (const auto& [path, value] : point) values.push_back(setting_text(value));
    table.rows.push_back({joined(values, ", "), "", false, {}});
  }
  for (const PreparedRow& row : rows) {
    if (!row.tuning) continue;
    Column column;
    column.key = "tuning:" + row.row->label;
    column.heading = row.row->label;
    column.direction = Direction::lower;
    column.decimals = 3;
    table.columns.push_back(column);
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
      const TunedCandidate& candidate = row.tuning->candidates[i];
      table.rows[i].cells.push_back(measurement_cell({{experiment.tune.seed, candidate.nll, candidate.state}}));
    }
  }
  return table;
}

}  // namespace ablate::lab
