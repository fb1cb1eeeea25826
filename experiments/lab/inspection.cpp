#include "experiments/lab/inspection.h"

#include "experiments/lab/budget_notes.h"
#include "experiments/lab/evaluation.h"
#include "experiments/lab/figures.h"
#include "experiments/lab/number_format.h"
#include "experiments/lab/objective_facts.h"
#include "experiments/lab/render/render.h"
#include "experiments/lab/results_table.h"
#include "experiments/lab/run_curves.h"
#include "experiments/lab/terminal_plot.h"
#include "experiments/lab/text.h"
#include "transformer/core/error.h"

#include <cmath>
#include <set>

namespace ablate::lab {
namespace {

std::string fixed_text(double value, int decimals) { return number_text(value, {}, Notation::fixed, decimals).mean; }

std::string run_name(const Json& config) {
  return config.at("label").get<std::string>() + ", seed " + std::to_string(config.at("seed").get<std::int64_t>());
}

/// Runs of a time when nothing else could be learnt do not say what they learnt.
const ObjectiveFacts& facts_of(const Json& stored) {
  return objective_facts(stored.at("config").value("objective", Json::object()).value("kind", "translation"));
}

PlottedCurve dev_curve(const RunFolder& run) {
  const RunCurves curves = read_curves(run.metrics_file());
  return {run_name(run.config()), curves.evaluations.of("step"), curves.evaluations.of("dev_nll")};
}

/// "best: update 600 of 700, dev nll 2.8120, perplexity 16.64"; "" before the first evaluation.
std::string best_step(const PlottedCurve& dev, const ObjectiveFacts& facts) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < dev.y.size(); ++i) {
    if (dev.y[i] < dev.y[best]) best = i;
  }
  if (dev.y.empty() || !std::isfinite(dev.y[best])) return "";
  return "best: update " + fixed_text(dev.x[best], 0) + " of " + fixed_text(dev.x.back(), 0) + ", " +
         facts.dev_text(dev.y[best]) + "\n";
}

/// The corpus that a run learnt from, out of the cache beside it; null if it is there no more.
std::shared_ptr<const data::Corpus> corpus_of(const RunFolder& run) {
  const std::filesystem::path cache = run.path().parent_path() / "corpora";
  if (!std::filesystem::is_directory(cache)) return nullptr;
  const std::string wanted = run.config().at("data_hash").get<std::string>();
  for (const auto& entry : std::filesystem::directory_iterator(cache)) {
    if (!entry.is_directory()) continue;
    try {
      auto corpus = std::make_shared<const data::Corpus>(entry.path());
      if (corpus->content_hash() == wanted) return corpus;
    } catch (const Error&) {
      // Another process may be building it, or may have been killed while it did: it is not the one we look for.
    }
  }
  return nullptr;
}

std::string shown_value(const Json& value) { return value.is_discarded() ? "–" : value.dump(); }

/// A line of every setting that some run has otherwise than the first one.
std::string differing_settings(const std::vector<Json>& configs) {
  std::vector<std::string> paths;
  std::set<std::string> known;
  for (const Json& config : configs) {
    for (const config::Change& change : config::difference(configs.front().at("config"), config.at("config"))) {
      if (known.insert(change.path).second) paths.push_back(change.path);
    }
  }
  if (paths.empty()) return "";
  Table table;
  table.row_heading = "Setting";
  for (std::size_t i = 0; i < configs.size(); ++i) {
    Column column;
    column.key = std::to_string(i + 1) + ": " + run_name(configs[i]);
    column.heading = run_name(configs[i]);
    column.content = Content::text;
    table.columns.push_back(std::move(column));
  }
  for (const std::string& path : paths) {
    // What the first run has stands in the difference of any run that has it otherwise.
    std::string first;
    std::vector<std::string> values(configs.size());
    for (std::size_t i = 0; i < configs.size(); ++i) {
      for (const config::Change& change : config::difference(configs.front().at("config"), configs[i].at("config"))) {
        if (change.path != path) continue;
        first = shown_value(change.before);
        values[i] = shown_value(change.after);
      }
    }
    Row row{path, "", false, {}};
    for (const std::string& value : values) row.cells.push_back(text_cell(value.empty() ? first : value));
    table.rows.push_back(std::move(row));
  }
  return render(table, "markdown");
}

}  // namespace

std::string inspect_run(const RunFolder& run) {
  const Json config = run.config();
  const Json result = run.result();
  std::string text = run_name(config) + ": " + std::string(name_of(run.state())) + "\n";
  text += run.path().string() + "\n";
  if (const std::optional<Failure> failure = read_failure(run.path())) text += "failed: " + failure->message + "\n";
  if (const Json start = run.initialization(); start.contains("summary")) {
    text += "began from " + start.value("run", "") + " (" + start.value("checkpoint", "") +
            "): " + start.at("summary").get<std::string>() + "\n";
  }
  if (result.contains("training")) {
    const Json& training = result["training"];
    const std::string parameters = compact(training.at("parameters").get<double>()) + " parameters";
    if (result.contains("imported")) {
      const Json& imported = result.at("imported");
      text += parameters + "\n" + training.at("reason").get<std::string>() + ", architecture " +
              imported.at("architecture").get<std::string>() + ": not trained here, so there is no curve\n";
    } else {
      text += parameters + ", " + fixed_text(training.at("tokens_per_second").get<double>(), 0) + " " +
              training.value("unit", "target token") + "s/s\n" + describe_training({&training}) + "\n";
    }
    if (state_of(result, true) == RunState::diverged) text += "diverged: " + training.value("reason", "") + "\n";
    text += describe_environment(result.at("environment")) + ", commit " +
            result.at("environment").value("commit", "") + "\n";
  }
  const PlottedCurve dev = dev_curve(run);
  const ObjectiveFacts& facts = facts_of(config);
  text += best_step(dev, facts);
  const std::string plot = plot_curves({{facts.dev_name() + " over updates", dev.x, dev.y}});
  if (!plot.empty()) text += "\n" + plot;
  return text;
}

std::string sample_outputs(const RunFolder& run, std::size_t count) {
  const Json decodings = run.result().value("decodings", Json::object());
  const std::shared_ptr<const data::Corpus> corpus = corpus_of(run);
  std::string text;
  for (const auto& [key, decoding] : decodings.items()) {
    for (const auto& [split, entry] : decoding.at("splits").items()) {
      const std::filesystem::path file = run.hypotheses_file(key, split);
      if (!entry.contains("hypotheses") || !std::filesystem::exists(file)) continue;
      const metrics::Lines outputs = read_lines(file);
      const data::Split* known =
          corpus && corpus->has_split(split) && corpus->split_hash(split) == entry.value("data", "")
              ? &corpus->split(split)
              : nullptr;
      text += "\n" + split + " (" + describe_decoding(decoding) + ")\n";
      const std::size_t shown = std::min(count, outputs.size());
      for (std::size_t i = 0; i < shown; ++i) {
        const std::size_t number = i * outputs.size() / shown;
        const auto line = static_cast<std::int64_t>(number);
        text += "\n  " + std::to_string(number) + "\n";
        if (known != nullptr) {
          text += "  source     " + as_line(known->source_text(line)) + "\n";
          text += "  reference  " + as_line(known->target_text(line)) + "\n";
        }
        text += "  output     " + outputs[number] + "\n";
      }
    }
  }
  return text;
}

std::string compare_runs(const std::vector<std::filesystem::path>& folders) {
  std::set<std::filesystem::path> known;
  std::vector<Json> configs;
  std::vector<PlottedCurve> curves;
  std::vector<std::string> values;
  for (const std::filesystem::path& folder : folders) {
    const RunFolder run(folder);
    if (!known.insert(std::filesystem::canonical(folder)).second) {
      throw UserError(folder.string() + ": stands there twice");
    }
    configs.push_back(run.config());
    curves.push_back(dev_curve(run));
    const std::string value = facts_of(configs.back()).dev_name();
    if (!is_among(values, value)) values.push_back(value);
  }
  std::string text = render(runs_table(folders, "", {}), "markdown");
  const std::string settings = differing_settings(configs);
  text += "\n" + (settings.empty() ? "The runs have the same settings.\n" : settings);
  if (const std::string plot = plot_curves(curves); !plot.empty()) {
    text += "\n" + joined(values, " or ") + " over updates\n\n" + plot;
  }
  return text;
}

}  // namespace ablate::lab
