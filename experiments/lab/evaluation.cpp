#include "experiments/lab/evaluation.h"

#include "ablate_commit.h"
#include "data/corruption.h"
#include "data/files/lines.h"
#include "data/tokenizers/labels.h"
#include "experiments/lab/identity.h"
#include "experiments/lab/interrupt.h"
#include "experiments/metrics/perplexity.h"
#include "experiments/metrics/score.h"
#include "transformer/core/atomic_file.h"
#include "transformer/core/code_points.h"
#include "transformer/training/checkpoint.h"

#include <cmath>

namespace ablate::lab {
namespace {

namespace fs = std::filesystem;

class SplitEvaluation {
 public:
  SplitEvaluation(const PreparedRow& row, std::int64_t seed, const SplitPart& part, Progress& progress)
      : row_(row),
        seed_(seed),
        name_(part.name()),
        pairs_(pairs_of(part, *row.corpus)),
        references_(lines_at(target_lines(row.corpus->split(part.split)), pairs_)),
        progress_(progress) {
    const RunConfig& config = row.row->config;
    data::BatchConfig batch;
    batch.tokens = config.evaluation.batch_tokens;
    data::EvaluationReach reach = evaluation_reach(config);
    reach.range = part.lengths.value_or(data::LengthRange{});
    plan_ = data::evaluation_batches(*row.corpus, part.split, config.objective, batch, reach);
    if (plan_->cut() > 0) {
      progress.message("warning: " + std::to_string(plan_->cut()) + " " + plan_->unit() + " of " + name_ +
                       " are longer than " + std::to_string(data::tokens_of_row(config.objective, reach.longest)) +
                       " tokens and are cut");
    }
  }

  Json loss(Transformer& model) {
    const SplitLoss loss = evaluate_loss(
        model, plan_->size(), [&](std::int64_t i) { return plan_->batch(0, i); }, row_.row->config.training.loss);
    if (row_.row->config.labels()) return label_loss(loss);
    const std::int64_t words = metrics::count_words(references_);
    Json entry = {{"loss", loss.loss},
                  {"nll", loss.nll},
                  {"perplexity", metrics::perplexity(loss.nll_sum, loss.tokens)},
                  {"accuracy", 100 * loss.accuracy},
                  {"nll_sum", loss.nll_sum},
                  {"tokens", loss.tokens},
                  {"words", words},
                  {"sentences", pairs_.size()},
                  {"cut_sentences", plan_->cut()}};
    // The nats of what was cut, or not asked for, are not known: they cannot be spread over the whole.
    if (plan_->cut() > 0) return entry;
    const ObjectiveFacts& facts = row_.row->config.facts();
    if (words > 0 && facts.measures("perplexity_per_word")) {
      entry["perplexity_per_word"] = metrics::perplexity(loss.nll_sum, words);
    }
    if (facts.measures("bits_per_byte")) entry.update(bits(loss.nll_sum));
    return entry;
  }

  /// Losses of texts as wholes.
  Json label_loss(const SplitLoss& loss) const {
    Json entry = {{"texts", loss.tokens}, {"sentences", pairs_.size()}, {"cut_sentences", plan_->cut()}};
    if (row_.corpus->content() == data::Content::numbers) {
      entry["squared_error"] = loss.nll;
    } else {
      entry["label_nll"] = loss.nll;
      entry["label_loss"] = loss.loss;
    }
    return entry;
  }

  const metrics::Lines& references() const { return references_; }

  /// Of a part, out of the lines of its whole split.
  metrics::Lines own(const metrics::Lines& of_split) const { return lines_at(of_split, pairs_); }

  /// The same nats over the characters and the bytes of the text: figures that do not depend on its tokens.
  Json bits(double nats) const {
    std::int64_t characters = 0, bytes = 0;
    for (const std::string& document : references_) {
      for_each_code_point(document, [&](std::string_view, bool) { ++characters; });
      bytes += static_cast<std::int64_t>(document.size());
    }
    return {{"characters", characters},
            {"bytes", bytes},
            {"bits_per_character", metrics::bits(nats, characters)},
            {"bits_per_byte", metrics::bits(nats, bytes)}};
  }

  /// Of a whole split.
  metrics::Lines hypotheses(Transformer& model) { return row_.row->config.labels() ? labels(model) : outputs(model); }

 private:
  metrics::Lines labels(Transformer& model) {
    const at::NoGradGuard no_grad;
    metrics::Lines lines(pairs_.size());
    for (std::int64_t i = 0; i < plan_->size(); ++i) {
      stop_if_interrupted("stopped while labelling " + name_ + ": the same command goes on");
      const Batch batch = plan_->batch(0, i);
      const std::vector<std::string> said = said_labels(model, batch, row_.corpus->target_tokenizer());
      for (std::size_t b = 0; b < said.size(); ++b) lines[static_cast<std::size_t>(batch.index[b])] = said[b];
    }
    return lines;
  }

  metrics::Lines outputs(Transformer& model) {
    metrics::Lines lines(pairs_.size());
    std::int64_t done = 0;
    for (std::int64_t i = 0; i < plan_->size(); ++i) {
      stop_if_interrupted("stopped while decoding " + name_ + ": the same command goes on");
      const Batch batch = plan_->batch(0, i);
      const std::vector<std::uint64_t> sentences(batch.index.begin(), batch.index.end());
      const Hypotheses found = decode(model, batch.source.to(model.device()), target_symbols(*row_.corpus),
                                      row_.row->config.decoding, derive_seeds(seed_).decoding, sentences);
      for (std::size_t b = 0; b < found.size(); ++b) {
        const std::vector<std::int64_t>& tokens = found[b].front().tokens;
        const std::vector<std::int32_t> ids(tokens.begin(), tokens.end());
        lines[static_cast<std::size_t>(batch.index[b])] = as_line(row_.corpus->target_tokenizer().decode(ids));
      }
      done += static_cast<std::int64_t>(found.size());
      progress_.decoding(name_, done, static_cast<std::int64_t>(pairs_.size()));
    }
    return lines;
  }

  const PreparedRow& row_;
  std::int64_t seed_;
  std::string name_;
  std::vector<std::int64_t> pairs_;
  metrics::Lines references_;
  Progress& progress_;
  std::unique_ptr<data::Batches> plan_;
};

Json score_json(const std::string& request, const metrics::Lines& hypotheses, const metrics::Lines& references) {
  const metrics::MetricRequest metric = metrics::parse_request(request);
  const metrics::Score score = metrics::score(metric.name, hypotheses, {references}, metric.options);
  return {{"value", score.value}, {"signature", score.signature}, {"text", score.text}};
}

void write_lines(const fs::path& file, const metrics::Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  write_file_atomically(file, text);
}

/// The entry of a part if it was made from the same data; else a fresh one.
Json entry_of(const Json& decoding, const PreparedRow& row, const SplitPart& part) {
  const Json found = decoding.value("splits", Json::object()).value(part.name(), Json::object());
  const std::string hash = row.corpus->split_hash(part.split);
  return found.value("data", "") == hash ? found : Json{{"data", hash}};
}

/// Whatever the loss is called, what it is the mean of is counted beside it.
bool has_loss(const Json& entry) { return entry.contains("tokens") || entry.contains("texts"); }

bool has_scores(const Json& entry, const EvaluationConfig& config) {
  for (const std::string& metric : config.metrics) {
    if (!entry.contains("scores") || !entry["scores"].contains(metric)) return false;
  }
  return true;
}

}  // namespace

data::EvaluationReach dev_reach(const RunConfig& config) {
  if (config.reads_windows()) return {config.longest_trained(), config.longest_trained()};
  data::EvaluationReach reach{config.model.max_length, config.model.max_length};
  if (config.labels()) return {config.longest_trained(), config.longest_trained()};
  if (config.training.max_length && config.seeks_outputs()) reach.range = {1, config.longest_trained()};
  return reach;
}

data::EvaluationReach evaluation_reach(const RunConfig& config) {
  if (config.labels()) return {config.longest_trained(), config.longest_trained()};
  if (!config.reads_windows()) return {config.model.max_length, config.model.max_length};
  const std::int64_t window = config.evaluation.window.value_or(config.longest_trained());
  return {window, config.evaluation.stride.value_or(window)};
}

std::optional<std::int64_t> text_start(const RunConfig& config, const data::Specials& specials) {
  if (!config.reads_windows()) return specials.bos;
  if (!config.model.stacks().decoder) return std::nullopt;  // windows of text as they are
  return config.objective.document_end ? std::optional(specials.eos) : std::nullopt;
}

std::vector<std::string> said_labels(Transformer& model, const Batch& batch, const data::Tokenizer& labels) {
  const bool is_number = head_table().at(model.head()->kind) == HeadKind::number;
  const Tensor scores = model.logits(model.forward(batch.to(model.device()))).squeeze(1);  // (B, classes or 1)
  const Tensor said = (is_number ? scores.squeeze(1).to(at::kFloat) : scores.argmax(1)).to(at::kCPU).contiguous();
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < said.size(0); ++i) {
    names.push_back(is_number ? data::number_text(said.const_data_ptr<float>()[i])
                              : labels.piece(static_cast<std::int32_t>(said.const_data_ptr<std::int64_t>()[i])));
  }
  return names;
}

metrics::Lines target_lines(const data::Split& split) {
  metrics::Lines lines;
  for (std::int64_t i = 0; i < split.size(); ++i) lines.emplace_back(split.target_text(i));
  return lines;
}

metrics::Lines read_lines(const fs::path& file) {
  metrics::Lines lines;
  data::LineReader reader(file);
  for (std::string line; reader.next(line);) lines.push_back(line);
  return lines;
}

std::string as_line(std::string_view text) {
  std::string line;
  for_each_code_point(text, [&](std::string_view character, bool valid) {
    const bool breaks = character == "\n" || character == "\r";
    line += breaks ? " " : valid ? character : "\xEF\xBF\xBD";
  });
  return line;
}

std::vector<fs::path> chosen_checkpoints(const EvaluationConfig& config, const Json& result, const fs::path& folder) {
  const CheckpointFolder checkpoints(folder, 1, 1);
  const CheckpointChoice choice = checkpoint_choice_table().at(config.checkpoint);
  const bool best = choice == CheckpointChoice::best || choice == CheckpointChoice::average_best;
  const bool one = choice == CheckpointChoice::best || choice == CheckpointChoice::last;
  const Json& kept = result.at("training").at(best ? "best" : "last");
  const auto count = static_cast<std::size_t>(one ? 1 : config.average);
  std::vector<fs::path> files;
  for (std::size_t i = 0; i < std::min(count, kept.size()); ++i) {
    files.push_back(checkpoints.file(kept[i].at("step").get<std::int64_t>()));
  }
  return files;
}

NamedTensors stored_weights(const std::vector<fs::path>& checkpoints, const NamedTensors& into) {
  return checkpoints.size() == 1 ? read_tensors(checkpoints.front(), into).tensors : average_weights(checkpoints);
}

std::shared_ptr<Transformer> load_model(const ModelConfig& config, const VocabularyInfo& vocabulary,
                                        const std::vector<fs::path>& checkpoints, at::Device device) {
  // No first values are drawn, and each weight is read into its place: a large model is in memory once.
  ParameterFactory factory(device);
  const auto model = std::make_shared<Transformer>(config, vocabulary, factory);
  load_weights(*model, stored_weights(checkpoints, weights_of(*model)), checkpoints.front().string());
  model->eval();
  return model;
}

bool is_evaluated(const PreparedRow& row, const Json& result) {
  const EvaluationConfig& config = row.row->config.evaluation;
  const std::string key = decoding_hash(row.row->config);
  const Json decodings = result.value("decodings", Json::object());
  if (!decodings.contains(key)) return false;
  return std::ranges::all_of(measured_parts(config, *row.corpus), [&](const MeasuredPart& part) {
    const Json entry = entry_of(decodings[key], row, part);
    return has_loss(entry) && (!part.is_scored || has_scores(entry, config));
  });
}

void evaluate_run(const PreparedRow& row, std::int64_t seed, const RunFolder& folder, const RunOptions& options,
                  Progress& progress, Json& result) {
  if (is_evaluated(row, result)) return;
  const RunConfig& config = row.row->config;
  const std::string key = decoding_hash(config);
  Json& decoding = result["decodings"][key];
  if (decoding.is_null()) {
    decoding = {{"checkpoint", config.evaluation.checkpoint}, {"commit", ABLATE_COMMIT}, {"splits", Json::object()}};
    if (config.seeks_outputs()) decoding["decoding"] = row.row->resolved.at("decoding");
    if (config.reads_windows()) {
      const data::EvaluationReach reach = evaluation_reach(config);
      decoding["window"] = data::tokens_of_row(config.objective, reach.longest);
      decoding["stride"] = data::corrupts(config.objective) ? decoding["window"] : Json(reach.stride);
    }
    const std::string said(config.objective.traits().said);
    if (!said.empty()) decoding["said"] = said;
  }
  const std::vector<fs::path> checkpoints = chosen_checkpoints(config.evaluation, result, folder.path());
  decoding["averaged"] = checkpoints.size();
  std::shared_ptr<Transformer> model;
  const auto loaded = [&]() -> Transformer& {
    if (!model) model = load_model(config.model, row.vocabulary, checkpoints, options.device);
    return *model;
  };
  for (const MeasuredPart& part : measured_parts(config.evaluation, *row.corpus)) {
    Json entry = entry_of(decoding, row, part);
    SplitEvaluation evaluation(row, seed, part, progress);
    if (!has_loss(entry)) entry.update(evaluation.loss(loaded()));
    if (part.is_scored && !has_scores(entry, config.evaluation)) {
      const fs::path file = folder.hypotheses_file(key, part.split);
      // The whole split comes before its parts, whose outputs are among its own; the file may have been deleted since.
      if (!fs::exists(file) || (!part.lengths && !entry.contains("hypotheses"))) {
        write_lines(file, SplitEvaluation(row, seed, {part.split, {}}, progress).hypotheses(loaded()));
      }
      if (!part.lengths) entry["hypotheses"] = file.filename().string();
      const metrics::Lines hypotheses = evaluation.own(read_lines(file));
      for (const std::string& metric : config.evaluation.metrics) {
        entry["scores"][metric] = score_json(metric, hypotheses, evaluation.references());
      }
    }
    decoding["splits"][part.name()] = std::move(entry);
    folder.write_result(result);
  }
}

}  // namespace ablate::lab
