#include "experiments/lab/config.h"

#include "experiments/lab/noise.h"
#include "experiments/metrics/score.h"

#include <algorithm>

namespace ablate::lab {
namespace {

constexpr config::Variant<CheckpointChoice> checkpoint_rows[] = {
    {{"best", "the evaluation with the lowest dev nll", "", ""}, CheckpointChoice::best},
    {{"last", "the end of training", "", ""}, CheckpointChoice::last},
    {{"average_best", "the mean of the weights of the best k evaluations", "", "average"},
     CheckpointChoice::average_best},
    {{"average_last", "the mean of the weights of the last k evaluations", "Vaswani et al. 2017, section 6.1",
      "average"},
     CheckpointChoice::average_last},
};
constexpr config::VariantTable<CheckpointChoice> checkpoint_choices{"checkpoint", checkpoint_rows};

constexpr config::Variant<int> match_kinds[] = {
    {{"none", "rows are as they are written", "", ""}, 0},
    {{"parameters", "as many trained parameters as the baseline", "Shazeer 2020, section 3", ""}, 0},
    {{"flops", "as many FLOPs a target token, forward and backward, plain formulas", "", ""}, 0},
    {{"step_time",
      "as long an update, the median of measurements in turn with the baseline; kept in the folder of runs", "", ""},
     0},
};
constexpr config::VariantTable<int> matches{"match", match_kinds};

/// Without blanks around it, and without dots behind it, which say no more of a beginning.
std::string beginning_of_names(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  while (!text.empty() && blanks.find(text.front()) != std::string_view::npos) text.remove_prefix(1);
  while (!text.empty() && (text.back() == '.' || blanks.find(text.back()) != std::string_view::npos)) {
    text.remove_suffix(1);
  }
  return std::string(text);
}

void check_once(config::Fields& f, const char* key, const std::vector<std::string>& list) {
  for (auto item = list.begin(); item != list.end(); ++item) {
    f.check(std::find(list.begin(), item, *item) == item, key, "'" + *item + "' stands there twice");
  }
}

}  // namespace

const config::VariantTable<CheckpointChoice>& checkpoint_choice_table() { return checkpoint_choices; }

void VaryConfig::describe(config::Fields& f) {
  f.field("initialization", initialization, "the first weights");
  f.field("data_order", data_order, "the batches and their order");
  f.field("dropout", dropout, "what is dropped");
  f.check(initialization || data_order || dropout, "initialization", "something must differ between seeds");
}

std::optional<Renaming> parse_renaming(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || text.find('=', equals + 1) != std::string::npos) return std::nullopt;
  const std::string_view all = text;
  const Renaming renaming{beginning_of_names(all.substr(0, equals)), beginning_of_names(all.substr(equals + 1))};
  if (renaming.name.empty() || renaming.from.empty()) return std::nullopt;
  return renaming;
}

void InitializeFromConfig::describe(config::Fields& f) {
  f.field("run", run,
          "folder of a finished run, trained here or imported, relative to the experiment file or else to where the "
          "program is called; null: every weight is drawn");
  const bool begins = run.has_value();
  const std::string without_run = "has no effect without 'run'";
  const auto of_run = [&]() -> config::Fields& { return f.only_if(begins, without_run, "run"); };
  of_run().choice("checkpoint", checkpoint, checkpoint_choices.choices(),
                  "which weights of a run are taken; chosen on dev alone");
  const config::VariantInfo* const choice = checkpoint_choices.choices().find(checkpoint);
  const bool averages = choice != nullptr && choice->uses_option("average");
  f.only_if(begins && averages, begins ? "has no effect with checkpoint '" + checkpoint + "'" : without_run,
            begins ? "checkpoint" : "run")
      .field("average", average, "k, number of checkpoints whose weights are averaged", config::at_least_one);
  of_run().field("take", take,
                 "only parameters of this model whose names begin so, such as encoder; nothing given: all that the "
                 "run has, too");
  of_run().field("leave", leave, "not those whose names begin so: they are drawn, whatever the run has");
  of_run().field("rename", rename,
                 "beginnings of names of this model and what the run has there, such as \"decoder = encoder\"");
  of_run().field("strict", strict,
                 "an error if the run lacks a parameter that this model has, but for those that are not to be taken");
  of_run().field("content", content,
                 "SHA-256 of the run's weights, found out where it is not stated; an error if it is another");
  for (const auto& [key, list] : {std::pair{"take", &take}, {"leave", &leave}, {"rename", &rename}}) {
    check_once(f, key, *list);
    const auto is_empty = [](const std::string& text) { return beginning_of_names(text).empty(); };
    f.check(std::ranges::none_of(*list, is_empty), key, "an empty name is the beginning of none");
  }
  for (const std::string& text : rename) {
    f.check(parse_renaming(text).has_value(), "rename",
            "'" + text +
                "' is not of the form \"decoder = encoder\": a beginning of this model's names, and of the "
                "run's");
  }
}

void RunTrainingConfig::describe(config::Fields& f) {
  f.object("batch", batch, "how sentences become batches");
  f.object("vary", vary, "what differs between seeds; false: the same for all of them");
  f.object("initialize_from", initialize_from, "another run, with parameters of which training begins, by name");
  f.field("max_length", max_length,
          "pairs with more tokens than this on a side, </s> included, are neither learnt from nor part of the dev loss "
          "that training chooses by; documents and labelled texts are cut; windows of text have that length, or no "
          "side that is longer; null: model.max_length",
          config::at_least_one);
  TrainingConfig::describe(f);
}

void EvaluationConfig::describe(config::Fields& f) {
  f.field("metrics", metrics, "metrics of text with their options, such as bleu:tokenize=none; see `ablate variants`");
  f.field("splits", splits,
          "splits that are decoded and scored, of a language model read; nothing given: every test set, or dev if "
          "there is none");
  f.field("lengths", lengths,
          "upper bounds of lengths: every split that is scored is measured in parts too, such as test[1-20] and "
          "test[21-40] for [20, 40]; the length of a pair is that of its longer side in tokens, </s> included",
          config::at_least_one);
  f.field("window", window,
          "length of the windows in which text is measured, in tokens; the checkpoint is chosen at the length of "
          "training; null: that length",
          config::at_least_one);
  f.field("stride", stride,
          "windows of text: tokens from the beginning of one to that of the next, so that every token but the first "
          "ones has at least window - stride before it; null: they do not overlap",
          config::at_least_one);
  f.choice("checkpoint", checkpoint, checkpoint_choices.choices(), "which weights are evaluated; chosen on dev alone");
  const bool averages = checkpoint_choices.choices().find(checkpoint) != nullptr &&
                        checkpoint_choices.choices().find(checkpoint)->uses_option("average");
  f.only_if(averages, "has no effect with checkpoint '" + checkpoint + "'", "checkpoint")
      .field("average", average, "k, number of checkpoints whose weights are averaged", config::at_least_one);
  f.field("batch_tokens", batch_tokens, "tokens a side in a batch of evaluation; changes speed, not figures",
          config::at_least_one);
  for (const std::string& metric : metrics) {
    try {
      metrics::parse_request(metric);
    } catch (const std::invalid_argument& error) {
      f.check(false, "metrics", error.what());
    }
  }
  check_once(f, "metrics", metrics);
  check_once(f, "splits", splits);
  f.check(std::ranges::adjacent_find(lengths, std::greater_equal<>()) == lengths.end(), "lengths",
          "must grow from one bound to the next");
}

void RunConfig::describe(config::Fields& f) {
  const std::string standard_family = model.family;
  f.object("model", model, "the architecture");
  f.object("data", data, "the corpus and its tokenizers");
  // Only a reader changes the family on its way, and does so before it reads what follows from it.
  if (model.family != standard_family && !decodes()) set_standards();
  const std::string standard_objective = objective.kind;
  f.object("objective", objective, "what is learnt; by default what the family is for");
  follow_objective(standard_objective);
  f.object("training", training, "how the weights are found");
  f.only_if(decodes(), "the family '" + model.family + "' has no source to find outputs for")
      .object("decoding", decoding, "how outputs are found");
  f.object("evaluation", evaluation, "what is measured on which weights");
  check_objective(f);

  f.check(decoding.min_length < model.max_length, "decoding.min_length",
          "no target has so many tokens: model.max_length is " + std::to_string(model.max_length));
  const bool is_constant = decoding.max_length_factor == 0;
  f.check(!is_constant || decoding.min_length < decoding.max_length_constant, "decoding.min_length",
          "no target has so many tokens: with max_length_factor 0 all end after max_length_constant, " +
              std::to_string(decoding.max_length_constant));
  f.check(longest_trained() <= model.max_length, "training.max_length",
          std::to_string(longest_trained()) + " is more than model.max_length, " + std::to_string(model.max_length));
  f.check(evaluation.lengths.empty() || evaluation.lengths.back() <= model.max_length, "evaluation.lengths",
          "longer pairs than model.max_length, " + std::to_string(model.max_length) + ", are cut: raise that");
  const std::int64_t average = evaluation.average;
  const auto needs = [&](const char* choice, std::int64_t kept, const char* key) {
    f.check(evaluation.checkpoint != choice || kept >= average, "evaluation.average",
            std::to_string(average) + " checkpoints are averaged but training.checkpoints." + key + " keeps " +
                std::to_string(kept));
  };
  needs("average_best", training.checkpoints.keep_best, "keep_best");
  needs("average_last", training.checkpoints.keep_last, "keep_last");
}

namespace {

/// "'causal_lm' or 'prefix_lm'"
std::string quoted_names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "'" : " or '") + name + "'";
  return text;
}

/// Why windows of text begin where others have ended; "" if they need not.
std::string why_no_stride(const data::ObjectiveConfig& objective) {
  const data::ObjectiveTraits& traits = objective.traits();
  if (traits.change == data::RowChange::masked) {
    return "has no effect: what is hidden is said from both sides, so that windows need not overlap";
  }
  if (traits.says_whole_text || traits.content != data::Content::text) return "";
  std::vector<std::string> whole;
  for (const auto& row : data::objective_table().rows()) {
    if (row.value.says_whole_text) whole.emplace_back(row.info.name);
  }
  return "is of the objective " + quoted_names(whole) + ": '" + objective.kind +
         "' says a part of each window that was drawn, and windows that overlapped would say some tokens twice";
}

metrics::Subject subject_of(data::Content content) {
  return content == data::Content::classes   ? metrics::Subject::classes
         : content == data::Content::numbers ? metrics::Subject::numbers
                                             : metrics::Subject::text;
}

}  // namespace

void RunConfig::set_standards() {
  const ObjectiveFacts& standard = standard_objective(model);
  objective.kind = standard.name;
  evaluation.metrics.assign(standard.metrics.begin(), standard.metrics.end());
  if (!model.stacks().decoder) training.loss.label_smoothing = 0;  // as Devlin et al. 2019 learn
}

void RunConfig::follow_objective(const std::string& standard) {
  // Positions have to tell what stands ahead.
  model.decoder.reads_prefix = objective.traits().change == data::RowChange::prefix;
  if (objective.kind != standard && decodes() && reads_text()) evaluation.metrics.clear();
}

void RunConfig::check_objective(config::Fields& f) const {
  const bool is_pooled = !model.stacks().decoder && head_table().at(model.head.kind) == HeadKind::pooled;
  f.check(!is_pooled || !training.missing().empty(), "model.head.kind", "'pooled' says nothing that could be learnt");
  f.check(facts().fits(model), "objective.kind",
          "'" + objective.kind + "' is not for the family '" + model.family + "'" +
              (model.stacks().decoder ? "" : " with the head '" + model.head.kind + "'") + ", which learns " +
              quoted_names(fitting_objectives(model)));
  const data::Content content = objective.traits().content;
  const bool learns_text = content == data::Content::text;
  f.check(
      !learns_text || evaluation.metrics.empty(), "evaluation.metrics",
      "compare outputs with references: the objective '" + objective.kind + "' has none, losses are always measured");
  for (const std::string& metric : evaluation.metrics) {
    const std::string name = metric.substr(0, metric.find(':'));
    const metrics::MetricRow* const row = metrics::find_metric(name);
    f.check(row == nullptr || learns_text || row->subject == subject_of(content), "evaluation.metrics",
            "'" + name + "' is not for what the objective '" + objective.kind + "' says");
  }
  f.check(content == data::Content::pairs || evaluation.lengths.empty(), "evaluation.lengths",
          "are of pairs: what the objective '" + objective.kind + "' learns from has none");
  f.check(why_no_stride(objective).empty() || !evaluation.stride, "evaluation.stride", why_no_stride(objective));
  f.check(content != data::Content::numbers || training.loss.label_smoothing == 0, "training.loss.label_smoothing",
          "is of words and classes: a number has no others to spread it over");
  f.check(!evaluation.stride || reads_windows(), "evaluation.stride", "is of windows of text: there are none");
  f.check(!evaluation.window || reads_windows(), "evaluation.window", "is of windows of text: there are none");
  f.check(!evaluation.window || *evaluation.window <= model.max_length, "evaluation.window",
          std::to_string(evaluation.window.value_or(0)) + " is more than model.max_length, " +
              std::to_string(model.max_length));
  const std::int64_t measured = evaluation.window.value_or(longest_trained());
  f.check(!evaluation.stride || *evaluation.stride <= measured, "evaluation.stride",
          "tokens between windows of " + std::to_string(measured) + " would not be read");
  if (!reads_windows()) return;
  const data::BatchConfig& batch = training.batch;
  f.check(batch.sentences.value_or(1) * longest_trained() <= batch.tokens || !batch.sentences,
          "training.batch.sentences",
          std::to_string(batch.sentences.value_or(0)) + " windows of " + std::to_string(longest_trained()) +
              " tokens are more than training.batch.tokens, " + std::to_string(batch.tokens));
  f.check(batch.multiple == data::BatchConfig{}.multiple, "training.batch.multiple",
          "has no effect: windows are of one length, so that every batch has as many");
}

config::Choices match_choices() { return matches.choices(); }

void MatchConfig::describe(config::Fields& f) {
  f.choice("by", by, matches.choices(), "what every row is to have as much of as the baseline");
  const char* without = "has no effect with match.by 'none'";
  f.only_if(by != "none", without, "by")
      .field("adjust", adjust, "the setting, a whole number, that is solved for in every other row");
  f.only_if(by != "none", without, "by")
      .field("tolerance", tolerance,
             "largest difference to the baseline, as a share of it; null: 0.01, for step_time 0.05", config::positive);
  f.only_if(by != "none", without, "by")
      .field("multiple_of", multiple_of, "the setting is a multiple of this", config::at_least_one);
}

void TuneConfig::describe(config::Fields& f) {
  f.field(
      "grid", grid,
      "axes whose points every row is tried at: a path with a list of values for each; it is trained with those that "
      "give the lowest dev nll");
  const char* without = "has no effect without tune.grid";
  f.only_if(!grid.is_null(), without, "grid").field("seed", seed, "of the trials", config::not_negative);
  f.only_if(!grid.is_null(), without, "grid")
      .field("set", set, "settings of the trials alone, such as a smaller training.budget");
}

void StabilityConfig::describe(config::Fields& f) {
  f.field("figure", figure, "the figure in the cells, such as nll@dev; nothing given: no such table");
  f.only_if(!figure.empty(), "has no effect without table.stability.figure", "figure")
      .field("across", across, "the axis of the grid whose values are the columns");
  f.only_if(!figure.empty(), "has no effect without table.stability.figure", "figure")
      .field("diverged_beyond", diverged_beyond, "a worse figure than this is called diverged; null: none is");
  f.check(figure.empty() || !across.empty(), "across", "say which axis of the grid the columns are");
}

void TableConfig::describe(config::Fields& f) {
  f.field(
      "metrics", metrics,
      "columns, such as bleu@test, perplexity@dev, perplexity_per_word@test, accuracy@test, bits_per_character@test; "
      "nothing given: all scores and the dev perplexity, and where there are no scores every perplexity");
  f.field("caption", caption, "the sentence under the table");
  f.object("significance", significance, "tests of the differences between rows");
  f.field("differences", differences,
          "differences worth seeing, such as bleu@test=0.5: the table says how many seeds a row that takes");
  f.field("settings", settings,
          "settings as columns that show what differs from the baseline: a list of {path, heading}");
  f.object("stability", stability, "a grid of settings as a table of one figure, with `diverged` cells");
  for (const std::string& difference : differences) {
    try {
      parse_difference(difference);
    } catch (const std::invalid_argument& error) {
      f.check(false, "differences", error.what());
    }
  }
}

}  // namespace ablate::lab
