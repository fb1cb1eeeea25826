#include "experiments/lab/preparation.h"

#include "data/masking.h"
#include "data/recipe.h"
#include "experiments/lab/evaluation.h"
#include "experiments/lab/figures.h"
#include "experiments/lab/flops.h"
#include "experiments/lab/results_table.h"
#include "experiments/lab/starting_point.h"
#include "experiments/lab/step_time.h"
#include "experiments/lab/tuning.h"
#include "transformer/config/suggest.h"
#include "transformer/core/atomic_file.h"
#include "transformer/core/error.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <stdexcept>

namespace ablate::lab {
namespace {

/// `path` names the row and the setting.
void check_stated(const std::string& path, std::optional<std::int64_t> stated, std::int64_t actual, const char* unit) {
  if (!stated || *stated == actual) return;
  throw UserError(path + ": " + std::to_string(*stated) + " is stated but the data has " + std::to_string(actual) +
                  " " + unit);
}

VocabularyInfo labelled_vocabulary(const VocabularyInfo& info, const RunConfig& config, const std::string& where) {
  check_stated(where + ": model.vocabulary", config.model.vocabulary, info.source_size, "types");
  check_stated(where + ": model.head.classes", config.model.head.classes, info.target_size, "classes");
  return info;
}

}  // namespace

VocabularyInfo vocabulary_of(const data::Corpus& corpus, const RunConfig& config, const std::string& where) {
  const ModelConfig& model = config.model;
  const data::Specials source = corpus.source_tokenizer().specials();
  const data::Specials target = corpus.target_tokenizer().specials();
  const VocabularyInfo info{data::vocabulary_size(corpus.source_tokenizer(), config.objective),
                            data::vocabulary_size(corpus.target_tokenizer(), config.objective), source.pad};
  if (config.labels()) return labelled_vocabulary(info, config, where);
  if (source.pad != target.pad) {
    throw UserError(where + ": data.tokenizer: padding has the id " + std::to_string(source.pad) +
                    " in the source vocabulary and " + std::to_string(target.pad) + " in the target vocabulary");
  }
  if (!corpus.joint() && tying_table().at(model.embedding.tying).shares_vocabulary() &&
      !data::have_one_vocabulary(corpus.source_tokenizer(), corpus.target_tokenizer())) {
    throw UserError(where + ": model.embedding.tying: '" + model.embedding.tying +
                    "' needs one vocabulary for both sides, but data.tokenizer.joint is false");
  }
  check_stated(where + ": model.vocabulary", model.vocabulary, info.source_size, "types");
  check_stated(where + ": model.target_vocabulary", model.target_vocabulary, info.target_size, "types");
  return info;
}

VocabularyInfo vocabulary_of(const ModelConfig& model, const std::string& where) {
  if (!model.vocabulary) throw UserError(where + ": model.vocabulary: say how many types there are, or name data");
  std::int64_t said = model.target_vocabulary.value_or(*model.vocabulary);
  if (!model.says_words()) {
    const bool has_classes = head_table().at(model.head.kind) == HeadKind::classes;
    if (has_classes && !model.head.classes) {
      throw UserError(where + ": model.head.classes: say how many classes there are, or name data");
    }
    said = model.head.classes.value_or(1);
  }
  return {*model.vocabulary, said, data::default_specials.pad};
}

TargetSymbols target_symbols(const data::Corpus& corpus) {
  const data::Specials specials = corpus.target_tokenizer().specials();
  return {specials.bos, specials.eos, specials.pad};
}

std::vector<std::string> evaluated_splits(const EvaluationConfig& config, const data::Corpus& corpus) {
  if (!config.splits.empty()) return config.splits;
  std::vector<std::string> tests;
  for (const std::string& name : corpus.split_names()) {
    if (name != "train" && name != "dev") tests.push_back(name);
  }
  return tests.empty() ? std::vector<std::string>{"dev"} : tests;
}

std::vector<MeasuredPart> measured_parts(const EvaluationConfig& config, const data::Corpus& corpus) {
  const std::vector<std::string> scored = evaluated_splits(config, corpus);
  std::vector<MeasuredPart> parts;
  if (std::ranges::find(scored, "dev") == scored.end()) parts.push_back({{"dev", {}}, false});
  for (const std::string& split : scored) {
    parts.push_back({{split, {}}});
    for (const SplitPart& part : parts_of(config, split)) parts.push_back({part});
  }
  return parts;
}

namespace {

/// UserError instead of the system's: a folder that cannot be is a wrong command, found before anything is trained.
void make_output_folder(const std::filesystem::path& out) {
  std::error_code ignored;
  if (std::filesystem::exists(out, ignored) && !std::filesystem::is_directory(out, ignored)) {
    throw UserError("--out: " + out.string() + " is a file, not a folder: name another");
  }
  try {
    make_folders(out);
  } catch (const RunError& error) {
    throw UserError(std::string("--out: ") + error.what());
  }
}

/// A column that no run will measure must not be found out when all are trained.
void check_columns(const Experiment& experiment, const std::vector<PreparedRow>& rows) {
  std::set<std::string> measured;
  for (const PreparedRow& row : rows) {
    for (const Figure& figure : figures_of(row)) measured.insert(figure.key());
  }
  // Of a part of the rows the others may measure it.
  if (rows.size() < experiment.rows.size()) return;
  for (const std::string& column : experiment.table.metrics) {
    if (column.find('@') == std::string::npos || measured.contains(column)) continue;
    throw UserError(experiment.file.string() + ": table.metrics: no row measures '" + column + "'" +
                    config::suggestion(column, {measured.begin(), measured.end()}));
  }
}

/// An objective of text learns nothing from pairs, and the other way round.
void check_content(const data::Corpus& corpus, const RunConfig& config, const std::string& where) {
  const data::Content wanted = config.objective.traits().content;
  if (corpus.content() == wanted) return;
  const auto named = [](data::Content content) -> std::string {
    switch (content) {
      case data::Content::pairs:
        return "pairs of texts";
      case data::Content::text:
        return "running text";
      case data::Content::classes:
        return "texts with the names of their classes";
      case data::Content::numbers:
        return "texts with numbers";
    }
    throw std::logic_error("a content without a name");
  };
  throw UserError(where + ": objective.kind: '" + config.objective.kind + "' learns from " + named(wanted) +
                  ", but the data holds " + named(corpus.content()) +
                  ": change data, the objective, or model.family ('" + config.model.family + "')");
}

/// Text needs a window to train on, and a token to say in every split.
void check_windows(const data::Corpus& corpus, const RunConfig& config, const std::string& where) {
  try {
    data::training_batches(corpus, "train", config.objective, config.training.batch, config.longest_trained(), 0);
    for (const MeasuredPart& part : measured_parts(config.evaluation, corpus)) {
      data::evaluation_batches(corpus, part.split, config.objective, {}, evaluation_reach(config));
    }
  } catch (const UserError& error) {
    throw UserError(where + ": " + error.what());
  }
}

/// Sentences beyond the longest are left out of training, and of dev where training has a length of its own: one must
/// be left.
void check_length(const data::Corpus& corpus, const RunConfig& config, const std::string& where) {
  const std::int64_t longest = config.longest_trained();
  if (config.labels()) return;  // longer texts are cut
  const bool is_own = config.training.max_length.has_value();
  for (const char* name : {"train", "dev"}) {
    const data::Split& split = corpus.split(name);
    std::int64_t shortest = std::numeric_limits<std::int64_t>::max();
    for (std::int64_t i = 0; i < split.size() && shortest > longest; ++i) {
      shortest = std::min(shortest, split.length(i));
    }
    if (shortest <= longest || (name == std::string_view("dev") && !is_own)) continue;
    throw UserError(where + ": " + (is_own ? "training" : "model") + ".max_length: " + std::to_string(longest) +
                    " is too short for every sentence of " + name + ": the shortest pair needs " +
                    std::to_string(shortest) + ", </s> included");
  }
}

/// Whole words differ from tokens where some token goes on with a word.
void check_whole_words(const data::Corpus& corpus, const data::ObjectiveConfig& objective, const std::string& where) {
  if (objective.traits().change != data::RowChange::masked || !objective.whole_words) return;
  const data::Tokenizer& tokenizer = corpus.target_tokenizer();
  for (std::int32_t id = 0; id < tokenizer.size(); ++id) {
    if (!tokenizer.begins_word(id)) return;
  }
  throw UserError(where + ": objective.whole_words: has no effect: every token of this tokenizer is a word by itself");
}

/// A part without a sentence would be a column without figures.
void check_parts(const data::Corpus& corpus, const EvaluationConfig& config, const std::string& where) {
  for (const MeasuredPart& part : measured_parts(config, corpus)) {
    if (!part.lengths || !pairs_of(part, corpus).empty()) continue;
    const data::Split& split = corpus.split(part.split);
    std::int64_t longest = 0;
    for (std::int64_t i = 0; i < split.size(); ++i) {
      longest = std::max(longest, split.length(i));
    }
    throw UserError(where + ": evaluation.lengths: no pair of '" + part.split + "' has " +
                    std::to_string(part.lengths->shortest) + " to " + std::to_string(part.lengths->longest) +
                    " tokens; its longest has " + std::to_string(longest));
  }
}

/// Figures of a part are compared between rows: all must mean the same pairs by it. Tokenizers of different kinds count
/// the same pair's tokens differently.
void check_same_parts(const Experiment& experiment, const std::vector<PreparedRow>& rows) {
  struct Known {
    std::string row;
    std::shared_ptr<const data::Corpus> corpus;
    std::vector<std::int64_t> pairs;
  };
  std::map<std::string, Known> known;
  for (const PreparedRow& row : rows) {
    for (const MeasuredPart& part : measured_parts(row.row->config.evaluation, *row.corpus)) {
      if (!part.lengths) continue;
      const auto [place, is_new] = known.try_emplace(part.name(), Known{row.row->label, row.corpus, {}});
      if (is_new) place->second.pairs = pairs_of(part, *row.corpus);
      if (is_new || place->second.corpus == row.corpus || place->second.pairs == pairs_of(part, *row.corpus)) continue;
      throw UserError(experiment.file.string() + ": evaluation.lengths: '" + part.name() +
                      "' would be other pairs in '" + place->second.row + "' than in '" + row.row->label +
                      "', whose data or tokenizers differ: lengths compare rows of one tokenizer");
    }
  }
}

/// Prepares rows one after the other, each corpus once.
class Preparation {
 public:
  Preparation(const Experiment& experiment, const std::filesystem::path& out, const data::Log& log)
      : experiment_(experiment),
        paths_{experiment.file.parent_path(), out / "corpora", data::data_root(), data::recipes_folder()},
        log_(log),
        starts_(experiment.file.parent_path(), out) {}

  PreparedRow prepare(const ExperimentRow& row) {
    const std::string where = experiment_.file.string() + " (row '" + row.label + "')";
    for (const std::string& missing : {row.config.training.missing(), row.config.data.missing()}) {
      if (!missing.empty()) throw UserError(where + ": " + missing);
    }
    std::shared_ptr<const data::Corpus>& corpus = corpora_[row.resolved.at("data").dump()];
    if (!corpus) corpus = std::make_shared<data::Corpus>(data::prepare_corpus(row.config.data, paths_, log_));
    if (!corpus->has_split("dev")) {
      throw UserError(where + ": data: there is no dev set, and all choosing happens on it");
    }
    for (const std::string& split : evaluated_splits(row.config.evaluation, *corpus)) corpus->split(split);
    check_content(*corpus, row.config, where);
    if (corpus->content() == data::Content::text) {
      check_windows(*corpus, row.config, where);
    } else {
      check_length(*corpus, row.config, where);
    }
    check_parts(*corpus, row.config.evaluation, where);
    check_whole_words(*corpus, row.config.objective, where);
    const VocabularyInfo vocabulary = vocabulary_of(*corpus, row.config, where);
    return {
        std::make_shared<const ExperimentRow>(with_starting_point(experiment_, row, starts_)), corpus, vocabulary, {}};
  }

  /// What a row takes over, as it is trained: with the widths that `match` and `tune` gave it.
  void find_start(PreparedRow& row) {
    const InitializeFromConfig& settings = row.row->config.training.initialize_from;
    if (!settings.run) return;
    // One whose settings are not known yet has to fit at every point that it is tried at.
    const auto tried = row.awaits_tuning() ? tuning_candidates(experiment_, row) : std::vector<PreparedRow>{row};
    for (const PreparedRow& one : tried) {
      const std::string where = experiment_.file.string() + " (row '" + one.row->label + "')";
      const auto start = starts_.open(settings);
      ParameterTransfer found = plan_start(*start, one.row->config, one.vocabulary, one.corpus.get(), where);
      if (!row.awaits_tuning()) row.start = std::move(found);
    }
  }

 private:
  const Experiment& experiment_;
  data::CorpusPaths paths_;
  const data::Log& log_;
  StartingPoints starts_;
  std::map<std::string, std::shared_ptr<const data::Corpus>> corpora_;
};

/// What `match` asks for, of a model alone: everything but the step time.
Amount amount_of_model(const MatchConfig& match, const VocabularyInfo& vocabulary, SequenceLengths lengths) {
  if (match.by == "flops") {
    return [vocabulary, lengths](const ExperimentRow& row) {
      return flops_per_token(row.config.model, vocabulary, lengths_learnt(row.config, lengths));
    };
  }
  return [vocabulary](const ExperimentRow& row) {
    return static_cast<double>(count_parameters(row.config.model, vocabulary));
  };
}

/// The amount of a row as `match` says, of the data and the vocabulary that `prepared` has.
Amount amount_of(const Experiment& experiment, const PreparedRow& prepared, const PreparedRow& baseline,
                 const std::filesystem::path& out, std::optional<at::Device> device) {
  if (experiment.match.by != "step_time") {
    // Only FLOPs depend on lengths, and their means cost a walk over the corpus.
    const SequenceLengths lengths = experiment.match.by == "flops" ? mean_lengths(prepared) : SequenceLengths{};
    return amount_of_model(experiment.match, prepared.vocabulary, lengths);
  }
  return [prepared, baseline, out, device](const ExperimentRow& row) {
    PreparedRow changed = prepared;
    changed.row = std::make_shared<const ExperimentRow>(row);
    return known_step_time_ratio(changed, baseline, device, out);
  };
}

/// Gives the rows that the experiment matches their widths.
void match_rows(const Experiment& experiment, std::vector<PreparedRow>& rows, Preparation& preparation,
                const std::filesystem::path& out, std::optional<at::Device> device, const data::Log& log) {
  if (std::ranges::none_of(rows, [&](const PreparedRow& row) { return is_matched(experiment, *row.row); })) return;
  const PreparedRow baseline = preparation.prepare(experiment.baseline());
  // Step times are ratios to the baseline already: measured against itself it would give its noise.
  const double target =
      experiment.match.by == "step_time" ? 1 : amount_of(experiment, baseline, baseline, out, device)(*baseline.row);
  for (PreparedRow& row : rows) {
    if (!is_matched(experiment, *row.row)) continue;
    if (experiment.match.by == "step_time" && device) log("measuring the step time of '" + row.row->label + "'");
    try {
      MatchedRow matched = match_row(experiment, *row.row, target, amount_of(experiment, row, baseline, out, device));
      // What it begins from is known of both.
      matched.row.changes = config::difference(baseline.row->resolved, matched.row.resolved);
      row.row = std::make_shared<const ExperimentRow>(std::move(matched.row));
      row.match = matched.outcome;
    } catch (const NotMeasured& missing) {
      log(missing.what());
    }
  }
}

}  // namespace

ExperimentRow match_without_data(const Experiment& experiment, const ExperimentRow& row) {
  if (!is_matched(experiment, row) || experiment.match.by == "step_time") return row;
  const auto amount_for = [&](const ExperimentRow& of) {
    return amount_of_model(experiment.match, vocabulary_of(of.config.model, experiment.file.string()), {});
  };
  const ExperimentRow& baseline = experiment.baseline();
  return match_row(experiment, row, amount_for(baseline)(baseline), amount_for(row)).row;
}

std::vector<PreparedRow> prepare(const Experiment& experiment, const std::vector<const ExperimentRow*>& rows,
                                 const std::filesystem::path& out, std::optional<at::Device> device,
                                 const data::Log& log) {
  make_output_folder(out);
  Preparation preparation(experiment, out, log);
  std::vector<PreparedRow> prepared;
  for (const ExperimentRow* row : rows) prepared.push_back(preparation.prepare(*row));
  check_columns(experiment, prepared);
  match_rows(experiment, prepared, preparation, out, device, log);
  prepared = with_tuned_values(experiment, prepared, out);
  for (PreparedRow& row : prepared) preparation.find_start(row);
  if (rows.size() == experiment.rows.size()) {
    // The tables without a run: what is wrong with their columns must not be found out when all are trained.
    stability_table(results_table(experiment, prepared, {}, out, {}), experiment, prepared);
    check_same_parts(experiment, prepared);
  }
  return prepared;
}

}  // namespace ablate::lab
