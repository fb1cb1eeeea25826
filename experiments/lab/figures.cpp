#include "experiments/lab/figures.h"

#include "experiments/lab/text.h"
#include "experiments/metrics/score.h"
#include "transformer/config/suggest.h"
#include "transformer/core/error.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <vector>

namespace ablate::lab {
namespace {

/// Figures of the model itself, beside the metrics of its text.
struct LossFigure {
  const char* name;
  const char* heading;
  const char* unit;
  Direction direction;
  int decimals;
  bool is_shown = false;          ///< on dev, where nothing is asked for
  bool is_of_any_tokens = false;  ///< spread over the text itself
};
constexpr LossFigure loss_figures[] = {
    {"nll", "NLL", "nats/token", Direction::lower, 3},
    {"perplexity", "PPL", "per token", Direction::lower, 2, /*is_shown=*/true},
    {"perplexity_per_word", "PPL", "per word", Direction::lower, 2, false, /*is_of_any_tokens=*/true},
    {"accuracy", "Accuracy", "% of tokens", Direction::higher, 2},
    {"loss", "Loss", "nats/token, smoothed", Direction::lower, 3},
    {"bits_per_character", "BPC", "bits/character", Direction::lower, 3, false, /*is_of_any_tokens=*/true},
    {"bits_per_byte", "BPB", "bits/byte", Direction::lower, 3, false, /*is_of_any_tokens=*/true},
    {"label_nll", "NLL", "nats/text", Direction::lower, 3, /*is_shown=*/true},
    {"label_loss", "Loss", "nats/text, smoothed", Direction::lower, 3},
    {"squared_error", "MSE", "", Direction::lower, 3, /*is_shown=*/true},
};

const LossFigure* find_loss_figure(const std::string& name) {
  for (const LossFigure& figure : loss_figures) {
    if (name == figure.name) return &figure;
  }
  return nullptr;
}

/// "1 update", "30 updates"
std::string counted(const Json& object, const char* key, const char* noun) {
  const std::int64_t count = object.value(key, std::int64_t{0});
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

/// JSON has no infinity: an overflow, such as exp(nll) of a model gone astray, is stored as null.
double number(const Json& value) {
  return value.is_null() ? std::numeric_limits<double>::infinity() : value.get<double>();
}

std::string settings_in_words(const Json& object) {
  std::string text;
  for (const auto& [key, value] : object.items()) {
    if (value.is_null()) continue;
    text += (text.empty() ? "" : ", ") + key + " " + (value.is_string() ? value.get<std::string>() : value.dump());
  }
  return text;
}

}  // namespace

bool is_of_any_tokens(const Figure& figure) {
  const LossFigure* const found = find_loss_figure(figure.metric);
  return found != nullptr && found->is_of_any_tokens;
}

std::vector<std::string> loss_figure_names() {
  std::vector<std::string> names;
  for (const LossFigure& figure : loss_figures) names.emplace_back(figure.name);
  return names;
}

void add_figures(std::vector<Figure>& figures, const std::vector<Figure>& more) {
  for (const Figure& figure : more) {
    if (std::ranges::find(figures, figure.key(), &Figure::key) == figures.end()) figures.push_back(figure);
  }
}

std::vector<Figure> figures_of(const PreparedRow& row) {
  const EvaluationConfig& config = row.row->config.evaluation;
  std::vector<Figure> figures;
  for (const MeasuredPart& part : measured_parts(config, *row.corpus)) {
    if (part.is_scored) {
      for (const std::string& metric : config.metrics) figures.push_back({metric, part.name()});
    }
    for (const LossFigure& figure : loss_figures) {
      if (row.row->config.facts().measures(figure.name)) figures.push_back({figure.name, part.name()});
    }
  }
  return figures;
}

std::vector<Figure> measured_figures(const std::vector<const Json*>& decodings) {
  std::vector<Figure> figures;
  for (const Json* decoding : decodings) {
    for (const auto& [split, entry] : (*decoding).at("splits").items()) {
      std::vector<Figure> measured;
      const Json scores = entry.value("scores", Json::object());
      for (const auto& [metric, score] : scores.items()) measured.push_back({metric, split});
      for (const LossFigure& figure : loss_figures) {
        if (entry.contains(figure.name)) measured.push_back({figure.name, split});
      }
      add_figures(figures, measured);
    }
  }
  return figures;
}

std::vector<Figure> choose_figures(const std::vector<Figure>& known, const std::vector<std::string>& asked) {
  std::vector<Figure> chosen;
  if (asked.empty()) {
    const auto is_score = [](const Figure& figure) { return find_loss_figure(figure.metric) == nullptr; };
    const bool has_scores = std::ranges::any_of(known, is_score);
    for (const Figure& figure : known) {
      const LossFigure* const loss = find_loss_figure(figure.metric);
      const bool is_shown = loss != nullptr && loss->is_shown && (figure.split == "dev" || !has_scores);
      if (loss == nullptr || is_shown) chosen.push_back(figure);
    }
    return chosen;
  }
  for (const std::string& wanted : asked) {
    std::vector<Figure> found;
    std::vector<std::string> keys;
    for (const Figure& figure : known) {
      if (wanted == figure.key() || wanted == figure.metric) found.push_back(figure);
      keys.push_back(figure.key());
    }
    if (found.empty()) throw UserError("no run measures '" + wanted + "'" + config::suggestion(wanted, keys));
    add_figures(chosen, found);
  }
  return chosen;
}

Column column_of(const Figure& figure) {
  Column column;
  column.key = figure.key();
  column.group = part_heading(figure.split);
  if (const LossFigure* loss = find_loss_figure(figure.metric)) {
    column.heading = loss->heading;
    column.unit = loss->unit;
    column.direction = loss->direction;
    column.decimals = loss->decimals;
    return column;
  }
  const std::string name = figure.metric.substr(0, figure.metric.find(':'));
  const std::string options = figure.metric.size() > name.size() ? " " + figure.metric.substr(name.size() + 1) : "";
  const metrics::MetricRow* const row = metrics::find_metric(name);
  column.heading = (row != nullptr ? std::string(row->heading) : name) + options;
  column.unit = row != nullptr ? row->unit : "";
  column.direction = row != nullptr && row->is_error ? Direction::lower : Direction::higher;
  return column;
}

std::optional<double> value_of(const Json& decoding, const Figure& figure) {
  const Json entry = decoding.at("splits").value(figure.split, Json::object());
  if (find_loss_figure(figure.metric) != nullptr) {
    return entry.contains(figure.metric) ? std::optional(number(entry[figure.metric])) : std::nullopt;
  }
  const Json score = entry.value("scores", Json::object()).value(figure.metric, Json::object());
  return score.contains("value") ? std::optional(number(score["value"])) : std::nullopt;
}

std::string signature_of(const Json& decoding, const Figure& figure) {
  const Json entry = decoding.at("splits").value(figure.split, Json::object());
  const Json score = entry.value("scores", Json::object()).value(figure.metric, Json::object());
  return score.contains("signature") ? figure.metric + ": " + score["signature"].get<std::string>() : "";
}

std::string describe_parts(const Json& decoding, const std::vector<Figure>& figures) {
  std::vector<std::string> parts;
  for (const Figure& figure : figures) {
    const std::string heading = part_heading(figure.split);
    const Json entry = decoding.at("splits").value(figure.split, Json::object());
    if (heading == figure.split || !entry.contains("sentences")) continue;
    const std::string part = heading + ": " + counted(entry, "sentences", "pair");
    if (std::ranges::find(parts, part) == parts.end()) parts.push_back(part);
  }
  return joined(parts, "; ");
}

std::string describe_decoding(const Json& decoding) {
  const auto averaged = decoding.value("averaged", 1);
  const std::string checkpoint = decoding.value("checkpoint", "");
  const bool chosen_on_dev = checkpoint == "best" || checkpoint == "average_best";
  std::string text = "Weights: " + checkpoint +
                     (averaged > 1 ? " (" + std::to_string(averaged) + " checkpoints averaged)" : "") +
                     (chosen_on_dev ? ", chosen on dev" : "");
  if (decoding.contains("decoding")) text += "; decoding: " + settings_in_words(decoding["decoding"]);
  if (decoding.contains("window")) {
    text += "; losses: windows of " + decoding["window"].dump() + " tokens, one every " + decoding["stride"].dump();
  }
  if (decoding.contains("said")) {
    text += (decoding.contains("window") ? ", of " : "; losses: of ") + decoding["said"].get<std::string>();
  }
  return text;
}

std::string describe_environment(const Json& environment) {
  return "Trained on " + environment.value("device", "") + ", " + counted(environment, "threads", "thread") + ", " +
         environment.value("precision", "") + ", torch " + environment.value("torch", "");
}

}  // namespace ablate::lab
