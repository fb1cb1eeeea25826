// `ablate describe`: what an experiment file comes to, row by row, without training anything.
#include "experiments/cli/command.h"
#include "experiments/lab/module_tree.h"
#include "experiments/lab/number_format.h"
#include "experiments/lab/preparation.h"
#include "experiments/lab/starting_point.h"
#include "experiments/lab/text.h"
#include "transformer/model/cost.h"

#include <algorithm>
#include <iostream>

namespace ablate::cli {
namespace {

using lab::Experiment;
using lab::ExperimentRow;

/// A row as it would be trained, `match` included.
struct TrainedRow {
  ExperimentRow row;
  VocabularyInfo vocabulary;
  std::string tuning;                           ///< how the row stands to `tune`, "" if it is not tuned
  std::optional<lab::ParameterTransfer> start;  ///< what it takes over from another run
};

/// "chosen by `tune`: schedule.learning_rate=0.004"
std::string tuning_text(const Experiment& experiment, const lab::PreparedRow& row) {
  const std::vector<lab::TunePoint> points = lab::tune_points(experiment.tune);
  if (!row.row->is_tuned || points.empty()) return "";
  if (row.tuning && row.tuning->chosen) return "chosen by `tune`: " + lab::point_text(points[*row.tuning->chosen]);
  std::vector<std::string> tried;
  for (const lab::TunePoint& point : points) tried.push_back(lab::point_text(point));
  return "not tuned yet; `ablate run` tries:\n" + lab::joined(tried, "\n");
}

/// Sizes from `model.vocabulary` where it is given; else the corpus is prepared, as training would.
TrainedRow as_trained(const Experiment& experiment, const ExperimentRow& row, const std::filesystem::path& out) {
  if (row.config.model.vocabulary) {
    const std::string file = experiment.file.string();
    const VocabularyInfo vocabulary = lab::vocabulary_of(row.config.model, file);
    lab::StartingPoints points(experiment.file.parent_path(), out);
    const ExperimentRow matched =
        lab::match_without_data(experiment, lab::with_starting_point(experiment, row, points));
    std::optional<lab::ParameterTransfer> start;
    if (const auto& settings = matched.config.training.initialize_from; settings.run) {
      const std::string where = file + " (row '" + row.label + "')";
      start = lab::plan_start(*points.open(settings), matched.config, vocabulary, nullptr, where);
    }
    // Which trials are trained is known by their data alone.
    const std::string tuning =
        tuning_text(experiment, {std::make_shared<const ExperimentRow>(matched), nullptr, vocabulary});
    return {matched, vocabulary, tuning, std::move(start)};
  }
  // With the baseline, to which the differences are told: it may have been tuned as well.
  std::vector<const ExperimentRow*> rows = {&experiment.baseline()};
  if (!row.is_baseline) rows.push_back(&row);
  const lab::PreparedRow prepared = lab::prepare(experiment, rows, out, std::nullopt, [](const std::string& message) {
                                      std::cerr << message << "\n";
                                    }).back();
  return {*prepared.row, prepared.vocabulary, tuning_text(experiment, prepared), prepared.start};
}

std::string shown(const Json& value) { return value.is_discarded() ? "(none)" : value.dump(); }

void print_heading(const std::string& text) { std::cout << "\n## " << text << "\n\n"; }

void print_settings(const Experiment& experiment, const ExperimentRow& row) {
  print_heading("Settings");
  std::cout << row.resolved.dump(2) << "\n";
  if (!row.notes.empty()) {
    print_heading("Dropped");
    for (const std::string& note : row.notes) std::cout << note << "\n";
  }
  if (row.is_baseline) return;
  print_heading("Difference to the baseline '" + experiment.baseline().label + "'");
  for (const config::Change& change : row.changes) {
    std::cout << change.path << ": " << shown(change.before) << " -> " << shown(change.after) << "\n";
  }
}

void print_model(const Transformer& model, const ModelConfig& config) {
  print_heading("Modules and parameters");
  std::cout << lab::module_tree(model, "transformer");
  const std::int64_t all = count_parameters(model);
  const std::int64_t embeddings = count_parameters(model.embeddings());
  std::cout << "\nparameters: " << lab::with_commas(all) << " = " << lab::with_commas(embeddings) << " in embeddings ("
            << tying_table().choices().find(config.embedding.tying)->doc << ") + " << lab::with_commas(all - embeddings)
            << "\n";
}

/// An encoder by itself says a word for every token, or something of the text as a whole.
void print_cost_of_encoder(const ForwardCost& cost, std::int64_t length, bool says_words) {
  const double tokens = static_cast<double>(length), said = says_words ? tokens : 1;
  std::cout << "encoder        " << lab::compact(cost.encoder.flops / tokens) << " per token\n"
            << "output layer   " << lab::compact(cost.output.flops / said) << (says_words ? " per token" : " per text")
            << "\nall            " << lab::compact(cost.flops() / tokens) << " per token\n"
            << "\nMatrix products alone, 2 FLOPs per multiplication and addition; texts of " << length << " tokens.\n";
}

void print_cost(Transformer& model) {
  const std::int64_t length = std::min<std::int64_t>(SequenceLengths{}.source, model.max_length());
  const ForwardCost cost = forward_cost(model, 1, {length, length});
  const auto line = [length](const char* part, double flops, const char* side) {
    std::cout << part << lab::compact(flops / static_cast<double>(length)) << " per " << side << " token\n";
  };
  print_heading("Forward FLOPs");
  if (!model.has_decoder())
    return print_cost_of_encoder(cost, length, head_table().at(model.head()->kind) == HeadKind::words);
  if (model.has_encoder()) line("encoder        ", cost.encoder.flops, "source");
  line("decoder        ", cost.decoder.flops, "target");
  line("output layer   ", cost.output.flops, "target");
  line("all            ", cost.flops(), "target");
  std::cout << "\nMatrix products alone, 2 FLOPs per multiplication and addition; sentences of " << length;
  if (model.has_encoder()) std::cout << " source and " << length;
  std::cout << " target tokens.\n";
}

void print_row(const Experiment& experiment, const ExperimentRow& written, const std::filesystem::path& out) {
  // Before anything is printed: what is wrong with the data comes alone.
  const auto [row, vocabulary, tuning, start] = as_trained(experiment, written, out);
  const auto model = make_transformer(row.config.model, vocabulary, at::kMeta, 0);

  std::cout << "# " << experiment.title << ": " << row.label << (row.is_baseline ? " (baseline)" : "") << "\n";
  if (experiment.rows.size() > 1) {
    std::cout << "\nrows:";
    for (const ExperimentRow& other : experiment.rows) {
      std::cout << (&other == &experiment.rows.front() ? " '" : ", '") << other.label << "'";
    }
    std::cout << "\n";
  }
  print_settings(experiment, row);
  if (!tuning.empty()) {
    print_heading("Tuning");
    std::cout << tuning << "\n";
  }
  if (start) {
    print_heading("Begins from");
    std::cout << lab::start_text(row.config.training.initialize_from, lab::summary_of(*start)) << "\n";
    for (const std::string& note : start->notes) std::cout << note << "\n";
  }
  print_model(*model, row.config.model);
  print_cost(*model);
}

}  // namespace

int describe_command(const std::vector<std::string>& arguments) {
  Arguments options("describe FILE.json [--row NAME] [--set path=value]…",
                    "Shows what a row of an experiment comes to: its resolved settings, what differs from "
                    "the baseline, the modules\n"
                    "with their parameters, FLOPs of a forward pass. Trains nothing. Data is needed only "
                    "where `model.vocabulary` is\n"
                    "not given.",
                    "  ablate describe experiments/base/vaswani2017_base.json --set model.vocabulary=37000\n"
                    "  ablate describe experiments/multi30k/experiment.json --row SwiGLU");
  options.add_value("file", "experiment file", "FILE");
  options.add_value("row", "which row, by its name in the table (default: the baseline)", "NAME");
  options.add_list("set", "a setting on top of every row; may be given again", "path=value");
  options.add_value("out", "folder of runs, where prepared corpora are kept", "DIR", "runs");
  if (!options.parse(arguments, {"file"})) return success;
  const Experiment experiment = lab::load_experiment(options.required("file"), options.texts("set"));
  const ExperimentRow& row =
      options.has("row") ? *experiment.select({options.text("row")}).front() : experiment.baseline();
  print_row(experiment, row, options.text("out"));
  return success;
}

}  // namespace ablate::cli
