#include "experiments/lab/report_data.h"

#include "ablate_commit.h"
#include "experiments/lab/evaluation.h"
#include "experiments/lab/figures.h"
#include "experiments/lab/flops.h"
#include "experiments/lab/render/render.h"
#include "experiments/lab/report_sentences.h"
#include "experiments/lab/results_table.h"
#include "experiments/lab/run_curves.h"
#include "experiments/lab/runner.h"
#include "experiments/lab/tuning.h"

#include <fstream>
#include <set>

namespace ablate::lab {
namespace {

constexpr std::size_t most_points = 2000;

/// Every n-th line of a long log, and the last one: a chart has no more pixels.
Curve thinned(const Curve& curve) {
  const std::size_t every = (curve.size() + most_points - 1) / most_points;
  if (every <= 1) return curve;
  Curve thin{curve.names, {}};
  for (const std::vector<double>& values : curve.values) {
    std::vector<double>& kept = thin.values.emplace_back();
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i % every == every - 1 || i + 1 == values.size()) kept.push_back(values[i]);
    }
  }
  return thin;
}

Json run_json(const PreparedRow& row, std::int64_t seed, const std::filesystem::path& out) {
  const RunFolder folder(out, row, seed);
  const RunState state = shown_state(row, folder);
  const bool exists = state != RunState::absent;
  Json json = {{"seed", seed}, {"state", name_of(state)}};
  json["folder"] = folder.path().filename().string();
  const Json result = exists ? folder.result() : Json::object();
  const Json training = result.value("training", Json::object());
  for (const char* key : {"reason", "seconds", "tokens_per_second", "peak_memory_bytes", "steps", "tokens"}) {
    json[key] = training.contains(key) ? training[key] : Json(nullptr);
  }
  if (result.contains("environment")) {
    json["commit"] = result["environment"].value("commit", "");
    json["machine"] = describe_environment(result["environment"]);
  }
  if (exists) {
    const std::optional<Failure> failure = read_failure(folder.path());
    if (failure && state == RunState::failed) json["reason"] = failure->message;
    const RunCurves curves = read_curves(folder.metrics_file());
    json["log"] = thinned(curves.log).json();
    json["evaluations"] = thinned(curves.evaluations).json();
  }
  return json;
}

Json shown(const Json& value) { return value.is_discarded() ? Json(nullptr) : value; }

Json row_json(const PreparedRow& prepared, const std::vector<std::int64_t>& seeds, const std::filesystem::path& out) {
  const ExperimentRow& row = *prepared.row;
  Json json = {{"label", row.label}, {"group", row.group}, {"is_baseline", row.is_baseline}};
  Json& changes = json["changes"] = Json::array();
  for (const config::Change& change : row.changes) {
    changes.push_back({{"path", change.path}, {"from", shown(change.before)}, {"to", shown(change.after)}});
  }
  json["parameters"] = count_parameters(row.config.model, prepared.vocabulary);
  json["loss_name"] = row.config.facts().value;
  json["loss_unit"] = row.config.facts().unit;
  json["flops_per_token"] = flops_per_token(prepared);
  Json& runs = json["runs"] = Json::array();
  for (const std::int64_t seed : seeds) runs.push_back(run_json(prepared, seed, out));
  return json;
}

/// A table all of whose cells are one figure, as a map of colours.
Json map_json(const Table& grid, const std::string& figure, const std::string& column_axis) {
  Json json = {{"figure", figure},
               {"row_axis", grid.row_heading},
               {"column_axis", column_axis},
               {"direction", name_of(grid.columns.front().direction)}};
  for (const Row& row : grid.rows) json["rows"].push_back(row.label);
  for (const Column& column : grid.columns) json["columns"].push_back(column.heading);
  for (const Row& row : grid.rows) {
    Json& line = json["cells"].emplace_back(Json::array());
    for (const Cell& cell : row.cells) {
      const Summary summary = summarize(cell);
      const auto number = [](const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); };
      line.push_back({{"state", name_of(summary.state)},
                      {"mean", number(summary.statistics.mean)},
                      {"sd", number(summary.statistics.sd)}});
    }
  }
  return json;
}

Json reproduce_json(const Experiment& experiment, const std::vector<PreparedRow>& rows,
                    const std::vector<std::int64_t>& seeds, const ReportOptions& options) {
  Json json = {{"command", options.command}};
  Json& files = json["files"] = Json::array();
  for (const config::Layer& layer : config::load_layers(experiment.file)) {
    std::ifstream in(layer.source, std::ios::binary);
    files.push_back({{"name", std::filesystem::path(layer.source).lexically_normal().string()},
                     {"text", std::string{std::istreambuf_iterator<char>(in), {}}}});
  }
  Json& configurations = json["configurations"] = Json::array();
  for (const PreparedRow& row : rows) {
    configurations.push_back({{"row", row.row->label}, {"json", row.row->resolved}});
  }
  Json& data = json["data"] = Json::array();
  std::set<std::string> known;
  for (const PreparedRow& row : rows) {
    for (const std::string& split : row.corpus->split_names()) {
      const std::string hash = row.corpus->split_hash(split);
      if (!known.insert(split + hash).second) continue;
      data.push_back({{"split", split}, {"sha256", hash}, {"sentences", row.corpus->split(split).size()}});
    }
  }
  std::set<std::string> environments;
  for (const PreparedRow& row : rows) {
    for (const std::int64_t seed : seeds) {
      const RunFolder folder(options.out, row, seed);
      const Json result = shown_state(row, folder) == RunState::absent ? Json::object() : folder.result();
      if (!result.contains("environment")) continue;
      environments.insert(describe_environment(result["environment"]) + ", commit " +
                          result["environment"].value("commit", ""));
    }
  }
  json["environments"] = environments;
  return json;
}

}  // namespace

Json report_data(const Experiment& experiment, const std::vector<PreparedRow>& rows,
                 const std::vector<std::int64_t>& seeds, const ReportOptions& options) {
  check_attention(rows, options);
  const Table table = results_table(experiment, rows, seeds, options.out, {});
  Json json = {{"title", table.title},
               {"caption", table.caption},
               {"version", ABLATE_VERSION},
               {"commit", ABLATE_COMMIT},
               {"table", Json::parse(render(table, "json"))},
               {"figure", nullptr}};
  for (const Column& column : table.columns) {
    const bool is_quality = column.content == Content::measurement && column.direction != Direction::none;
    if (is_quality && json["figure"].is_null()) json["figure"] = column.key;
  }
  Json& row_list = json["rows"] = Json::array();
  for (const PreparedRow& row : rows) row_list.push_back(row_json(row, seeds, options.out));
  json["stability"] = Json::array();
  if (const std::optional<Table> grid = stability_table(table, experiment, rows)) {
    json["stability"].push_back(map_json(*grid, experiment.table.stability.figure, experiment.table.stability.across));
  }
  json["tuning"] = Json::array();
  if (const std::optional<Table> trials = tuning_table(experiment, rows)) {
    json["tuning"].push_back(map_json(*trials, rows.front().row->config.facts().dev_name(), "row"));
  }
  json["lengths"] = lengths_json(rows, seeds, options.out);
  json["samples"] = samples_json(rows, seeds, options);
  json["attention"] = attention_json(rows, seeds, options);
  json["reproduce"] = reproduce_json(experiment, rows, seeds, options);
  return json;
}

}  // namespace ablate::lab
