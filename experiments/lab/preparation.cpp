#include "experiments/lab/preparation.h"

#include "data/recipe.h"
#include "experiments/lab/figures.h"
#include "experiments/lab/flops.h"
#include "experiments/lab/step_time.h"
#include "transformer/config/suggest.h"
#include "transformer/core/atomic_file.h"
#include "transformer/core/error.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

namespace ablate::lab {

VocabularyInfo vocabulary_of(const data::Corpus& corpus, const ModelConfig& model, const std::string& where) {
  const data::Specials source = corpus.source_tokenizer().specials();
  const data::Specials target = corpus.target_tokenizer().specials();
  const VocabularyInfo info{corpus.source_tokenizer().size(), corpus.target_tokenizer().size(), source.pad};
  if (source.pad != target.pad) {
    throw UserError(where + ": data.tokenizer: padding has the id " + std::to_string(source.pad) +
                    " in the source vocabulary and " + std::to_string(target.pad) + " in the target vocabulary");
  }
  if (!corpus.joint() && tying_table().at(model.embedding.tying).shares_vocabulary()) {
    throw UserError(where + ": model.embedding.tying: '" + model.embedding.tying +
                    "' needs one vocabulary for both sides, but data.tokenizer.joint is false");
  }
  const auto check = [&](const char* key, std::optional<std::int64_t> stated, std::int64_t actual) {
    if (!stated || *stated == actual) return;
    throw UserError(where + ": model." + key + ": " + std::to_string(*stated) + " is stated but the data has " +
                    std::to_string(actual) + " types");
  };
  check("vocabulary", model.vocabulary, info.source_size);
  check("target_vocabulary", model.target_vocabulary, info.target_size);
  return info;
}

VocabularyInfo vocabulary_of(const ModelConfig& model, const std::string& where) {
  if (!model.vocabulary) throw UserError(where + ": model.vocabulary: say how many types there are, or name data");
  return {*model.vocabulary, model.target_vocabulary.value_or(*model.vocabulary), data::default_specials.pad};
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
  const std::vector<std::string> of_model = loss_figure_names();
  std::set<std::string> measured;
  for (const PreparedRow& row : rows) {
    std::vector<std::string> splits = evaluated_splits(row.row->config.evaluation, *row.corpus);
    for (const std::string& split : splits) {
      for (const std::string& metric : row.row->config.evaluation.metrics) measured.insert(metric + "@" + split);
    }
    splits.emplace_back("dev");
    for (const std::string& split : splits) {
      for (const std::string& figure : of_model) measured.insert(figure + "@" + split);
    }
  }
  for (const std::string& column : experiment.table.metrics) {
    if (column.find('@') == std::string::npos || measured.contains(column)) continue;
    throw UserError(experiment.file.string() + ": table.metrics: no row measures '" + column + "'" +
                    config::suggestion(column, {measured.begin(), measured.end()}));
  }
}

/// Sentences beyond the model's length are left out of training: one must be left.
void check_length(const data::Corpus& corpus, std::int64_t max_length, const std::string& where) {
  const data::Split& train = corpus.split("train");
  std::int64_t shortest = std::numeric_limits<std::int64_t>::max();
  for (std::int64_t i = 0; i < train.size() && shortest > max_length; ++i) {
    shortest = std::min(shortest, std::max(train.source_length(i), train.target_length(i)) + 1);
  }
  if (shortest <= max_length) return;
  throw UserError(where + ": model.max_length: " + std::to_string(max_length) +
                  " is too short for every training sentence: the shortest pair needs " + std::to_string(shortest) +
                  ", </s> included");
}

/// Prepares rows one after the other, each corpus once.
class Preparation {
 public:
  Preparation(const Experiment& experiment, const std::filesystem::path& out, const data::Log& log)
      : experiment_(experiment),
        paths_{experiment.file.parent_path(), out / "corpora", data::data_root(), data::recipes_folder()},
        log_(log) {}

  PreparedRow prepare(const ExperimentRow& row) {
    const std::string where = experiment_.file.string() + " (row '" + row.label + "')";
    if (const std::string missing = row.config.data.missing(); !missing.empty()) {
      throw UserError(where + ": data: " + missing);
    }
    std::shared_ptr<const data::Corpus>& corpus = corpora_[row.resolved.at("data").dump()];
    if (!corpus) corpus = std::make_shared<data::Corpus>(data::prepare_corpus(row.config.data, paths_, log_));
    if (!corpus->has_split("dev")) {
      throw UserError(where + ": data: there is no dev set, and all choosing happens on it");
    }
    for (const std::string& split : evaluated_splits(row.config.evaluation, *corpus)) corpus->split(split);
    check_length(*corpus, row.config.model.max_length, where);
    const VocabularyInfo vocabulary = vocabulary_of(*corpus, row.config.model, where);
    return {std::make_shared<const ExperimentRow>(row), corpus, vocabulary, {}};
  }

 private:
  const Experiment& experiment_;
  data::CorpusPaths paths_;
  const data::Log& log_;
  std::map<std::string, std::shared_ptr<const data::Corpus>> corpora_;
};

/// The amount of a row as `match` says, of the data and the vocabulary that `prepared` has.
Amount amount_of(const Experiment& experiment, const PreparedRow& prepared, const PreparedRow& baseline,
                 const std::filesystem::path& out, at::Device device) {
  const auto as_trained = [prepared](const ExperimentRow& row) {
    PreparedRow changed = prepared;
    changed.row = std::make_shared<const ExperimentRow>(row);
    return changed;
  };
  if (experiment.match.by == "flops") {
    return [as_trained](const ExperimentRow& row) { return flops_per_token(as_trained(row)); };
  }
  if (experiment.match.by == "step_time") {
    return [as_trained, baseline, out, device](const ExperimentRow& row) {
      return known_step_time_ratio(as_trained(row), baseline, device, out);
    };
  }
  return [prepared](const ExperimentRow& row) {
    const auto model = make_transformer(row.config.model, prepared.vocabulary, at::kMeta, 0);
    return static_cast<double>(count_parameters(*model));
  };
}

/// Gives the rows that the experiment matches their widths.
void match_rows(const Experiment& experiment, std::vector<PreparedRow>& rows, Preparation& preparation,
                const std::filesystem::path& out, at::Device device, const data::Log& log) {
  if (std::ranges::none_of(rows, [&](const PreparedRow& row) { return is_matched(experiment, *row.row); })) return;
  const PreparedRow baseline = preparation.prepare(experiment.baseline());
  // Step times are ratios to the baseline already: measured against itself it would give its noise.
  const double target =
      experiment.match.by == "step_time" ? 1 : amount_of(experiment, baseline, baseline, out, device)(*baseline.row);
  for (PreparedRow& row : rows) {
    if (!is_matched(experiment, *row.row)) continue;
    if (experiment.match.by == "step_time") log("measuring the step time of '" + row.row->label + "'");
    MatchedRow matched = match_row(experiment, *row.row, target, amount_of(experiment, row, baseline, out, device));
    row.row = std::make_shared<const ExperimentRow>(std::move(matched.row));
    row.match = matched.outcome;
  }
}

}  // namespace

ExperimentRow match_without_data(const Experiment& experiment, const ExperimentRow& row) {
  if (!is_matched(experiment, row) || experiment.match.by == "step_time") return row;
  const auto amount = [&](const ExperimentRow& candidate) {
    const ModelConfig& model = candidate.config.model;
    const VocabularyInfo vocabulary = vocabulary_of(model, experiment.file.string());
    if (experiment.match.by == "flops") return flops_per_token(model, vocabulary, {});
    return static_cast<double>(count_parameters(*make_transformer(model, vocabulary, at::kMeta, 0)));
  };
  return match_row(experiment, row, amount(experiment.baseline()), amount).row;
}

std::vector<PreparedRow> prepare(const Experiment& experiment, const std::vector<const ExperimentRow*>& rows,
                                 const std::filesystem::path& out, at::Device device, const data::Log& log) {
  make_output_folder(out);
  Preparation preparation(experiment, out, log);
  std::vector<PreparedRow> prepared;
  for (const ExperimentRow* row : rows) prepared.push_back(preparation.prepare(*row));
  check_columns(experiment, prepared);
  match_rows(experiment, prepared, preparation, out, device, log);
  return prepared;
}

}  // namespace ablate::lab
