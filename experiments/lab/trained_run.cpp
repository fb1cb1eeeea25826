#include "experiments/lab/trained_run.h"

#include "data/labelled.h"
#include "data/labelled_ids.h"
#include "data/objective_symbols.h"
#include "data/prefix_batches.h"
#include "data/tokenizers/labels.h"
#include "data/windows.h"
#include "experiments/lab/evaluation.h"
#include "experiments/lab/interrupt.h"
#include "experiments/lab/stored_run.h"
#include "transformer/config/reader.h"
#include "transformer/core/code_points.h"
#include "transformer/core/error.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <span>

namespace ablate::lab {
namespace {

namespace fs = std::filesystem;

/// A line's place in the input and its token ids.
struct Sentence {
  std::size_t line;
  std::vector<std::int32_t> ids;
};

/// Hands all rows to `run`, the longest first, as many at once as `batch_tokens` has room for; a row is as wide as the
/// longest one's ids and `symbols` more.
template <class Row, class Run>
void run_in_batches(std::vector<Row> rows, std::int64_t symbols, std::int64_t batch_tokens, Run run) {
  std::ranges::stable_sort(rows, std::greater<>(), [](const Row& row) { return row.ids.size(); });
  for (std::size_t start = 0; start < rows.size();) {
    stop_if_interrupted("stopped before the end of the input");
    const std::int64_t width = static_cast<std::int64_t>(rows[start].ids.size()) + symbols;
    const auto fits = static_cast<std::size_t>(std::max<std::int64_t>(1, batch_tokens / width));
    const std::size_t count = std::min(fits, rows.size() - start);
    run(std::span<const Row>(rows).subspan(start, count), width);
    start += count;
  }
}

}  // namespace

void check_decoding(const DecodingConfig& config) {
  DecodingConfig copy;
  config::read_strictly(copy, config::Writer::write(config), "decoding");
}

void check_generation(const GenerationConfig& config) {
  GenerationConfig copy;
  config::read_strictly(copy, config::Writer::write(config), "generation");
}

TrainedRun::TrainedRun(const fs::path& path, at::Device device) {
  const StoredRun run(path);
  config_ = run.config;
  vocabulary_ = run.vocabulary;
  source_ = run.source;
  target_ = run.target;
  marks_ = run.marks;
  reads_pairs_ = run.reads_pairs;
  const std::vector<fs::path> checkpoints = chosen_checkpoints(config_.evaluation, run.result, path);
  if (checkpoints.empty()) throw UserError(path.string() + ": the run diverged before it kept any weights");
  model_ = load_model(config_.model, vocabulary_, checkpoints, device);
}

const data::Tokenizer& TrainedRun::target_tokenizer() const {
  if (source_) return *target_;
  throw UserError("the model was imported without a tokenizer: it reads and writes no text");
}

const data::Tokenizer& TrainedRun::source_tokenizer() const {
  target_tokenizer();  // both sides have one, or none reads text
  return *source_;
}

Translation TrainedRun::translate(const std::vector<std::string>& lines, const TranslationOptions& options) {
  if (!config_.decodes()) {
    throw UserError("the run is of the family '" + config_.model.family + "', which has no source to translate");
  }
  target_tokenizer();  // both sides have one, or none has
  Translation translation;
  translation.lines.resize(lines.size());
  const auto longest = static_cast<std::size_t>(model_->max_length() - 1);
  std::vector<Sentence> sentences;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    Sentence sentence{i, data::encode_marked(*source_, marks_, lines[i])};
    if (sentence.ids.empty()) continue;
    if (sentence.ids.size() > longest) {
      sentence.ids.resize(longest);
      ++translation.cut;
    }
    sentences.push_back(std::move(sentence));
  }
  const data::Specials source = source_->specials();
  const data::Specials target = target_->specials();
  // Marks may stand behind the pieces, and are said.
  const auto pieces = marks_.empty() ? std::optional(target_->size()) : std::nullopt;
  const TargetSymbols symbols{target.bos, target.eos, target.pad, pieces};
  const auto translate_some = [&](std::span<const Sentence> some, std::int64_t width) {
    Tensor tokens = at::full({static_cast<std::int64_t>(some.size()), width}, source.pad, at::kLong);
    auto* row = tokens.mutable_data_ptr<std::int64_t>();
    std::vector<std::uint64_t> numbers;
    for (const Sentence& sentence : some) {
      *std::ranges::copy(sentence.ids, row).out = source.eos;
      numbers.push_back(sentence.line);
      row += width;
    }
    const Hypotheses found =
        decode(*model_, tokens.to(model_->device()), symbols, options.decoding, options.seed, numbers);
    for (std::size_t i = 0; i < some.size(); ++i) {
      for (const Hypothesis& hypothesis : found[i]) {
        const std::vector<std::int32_t> ids(hypothesis.tokens.begin(), hypothesis.tokens.end());
        translation.lines[some[i].line].hypotheses.push_back(
            {as_line(data::decode_marked(*target_, marks_, ids)), hypothesis.score});
      }
    }
  };
  run_in_batches(std::move(sentences), /*symbols=*/1, options.batch_tokens, translate_some);
  return translation;
}

Labelling TrainedRun::classify(const std::vector<std::string>& lines, std::int64_t batch_tokens) {
  if (!labels()) {
    throw UserError("the run's objective is '" + config_.objective.kind + "': it says neither classes nor numbers");
  }
  target_tokenizer();
  const at::NoGradGuard no_grad;
  const bool is_number = head_table().at(config_.model.head.kind) == HeadKind::number;
  const data::Specials specials = source_->specials();
  const data::BatchSymbols symbols{.source_pad = specials.pad,
                                   .source_eos = specials.eos,
                                   .target_pad = specials.pad,
                                   .target_bos = specials.bos,
                                   .target_eos = specials.eos,
                                   .source_bos = specials.bos};
  Labelling labelling;
  labelling.lines.resize(lines.size());
  std::vector<data::LabelledText> texts;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!reads_pairs_ && lines[i].find('\t') != std::string::npos) {
      throw UserError("line " + std::to_string(i + 1) +
                      ": two texts: the model was trained with two </s> between them, and they are read with one");
    }
    const std::vector<std::int32_t> ids = data::labelled_ids(*source_, lines[i]);
    const auto most = config_.longest_trained() - data::symbols_around_text;
    if (static_cast<std::int64_t>(ids.size()) > most) ++labelling.cut;
    texts.push_back(
        {data::cut_texts(ids, static_cast<std::int32_t>(specials.eos), most), 0, static_cast<std::int64_t>(i)});
  }
  const auto label_some = [&](std::span<const data::LabelledText> some, std::int64_t) {
    const Batch batch = data::collate_labelled(some, symbols, data::Content::classes).to(model_->device());
    const Tensor scores = model_->logits(model_->forward(batch)).squeeze(1).to(at::kCPU, at::kFloat).contiguous();
    for (std::size_t b = 0; b < some.size(); ++b) {
      const Tensor row = scores[static_cast<std::int64_t>(b)];  // (classes), or (1)
      LabelledLine& line = labelling.lines[static_cast<std::size_t>(some[b].index)];
      if (is_number) {
        line.label = data::number_text(row.item<float>());
        continue;
      }
      const auto [probabilities, order] = at::softmax(row, 0).sort(0, /*descending=*/true);
      for (std::int64_t k = 0; k < order.size(0); ++k) {
        line.probabilities.emplace_back(target_->piece(static_cast<std::int32_t>(order[k].item<std::int64_t>())),
                                        probabilities[k].item<double>());
      }
      line.label = line.probabilities.front().first;
    }
  };
  run_in_batches(std::move(texts), data::symbols_around_text, batch_tokens, label_some);
  return labelling;
}

void TrainedRun::check_continues() const {
  if (!model_->has_encoder()) return;
  throw UserError("the run is of the family '" + config_.model.family + "': " +
                  (translates() ? "it writes a target for a source, which `ablate translate` asks for"
                   : labels()   ? "it says what a text is, which `ablate classify` asks for"
                                : "it says hidden tokens from both sides and cannot go on with a text"));
}

/// What text begins with as the model was trained, and its tokens.
std::vector<std::int64_t> TrainedRun::text_ids(const std::string& text) const {
  const std::vector<std::int32_t> ids = target_tokenizer().encode(text);
  std::vector<std::int64_t> all(ids.begin(), ids.end());
  if (const auto start = text_start(config_, target_->specials())) all.insert(all.begin(), *start);
  return all;
}

std::vector<std::string> TrainedRun::generate(const std::vector<std::string>& prompts, const GenerationConfig& config,
                                              std::uint64_t seed, std::size_t samples) {
  check_continues();
  const data::Specials specials = target_tokenizer().specials();
  // What a text was never seen to end with cannot end it.
  const bool ends = !config_.reads_windows() || config_.objective.document_end;
  TextConditions conditions{
      .end = ends ? std::optional(specials.eos) : std::nullopt, .never = {}, .window = config_.longest_trained()};
  // Of published models one symbol may begin, end and pad.
  for (const std::int64_t id : {specials.bos, specials.pad}) {
    if (id != specials.eos) conditions.never.push_back(id);
  }
  if (!ends) conditions.never.push_back(specials.eos);
  for (std::int64_t id = target_->size(); id < vocabulary_.target_size; ++id) conditions.never.push_back(id);
  std::vector<std::vector<std::int64_t>> ids;
  for (const std::string& prompt : prompts) {
    ids.push_back(text_ids(prompt));
    if (!ids.back().empty()) continue;
    throw UserError("the prompt is empty, and the run's texts begin with nothing of their own: give it a first token");
  }
  const auto decoded = [this](const std::vector<std::int64_t>& tokens) {
    return target_->decode(std::vector<std::int32_t>(tokens.begin(), tokens.end()));
  };
  std::vector<std::string> texts;
  const std::vector<Continuation> found = ablate::generate(*model_, ids, conditions, config, seed, samples);
  for (std::size_t i = 0; i < found.size(); ++i) {
    // Together with the prompt: some tokenizers write the space between two tokens only between two tokens.
    std::vector<std::int64_t> whole = ids[i / samples];
    const std::string prompt = decoded(whole);
    whole.insert(whole.end(), found[i].tokens.begin(), found[i].tokens.end());
    const std::string text = decoded(whole);
    texts.push_back(text.starts_with(prompt) ? text.substr(prompt.size()) : decoded(found[i].tokens));
  }
  return texts;
}

std::vector<TextLikelihood> TrainedRun::likelihood(const std::vector<std::string>& texts) {
  check_continues();
  target_tokenizer();
  const bool ends = !config_.reads_windows() || config_.objective.document_end;
  const data::EvaluationReach reach = evaluation_reach(config_);
  data::BatchConfig batch;
  batch.tokens = config_.evaluation.batch_tokens;
  std::vector<TextLikelihood> all;
  for (const std::string& text : texts) {
    std::vector<std::int64_t> ids = text_ids(text);
    TextLikelihood& found = all.emplace_back();
    std::string told = text;
    // Where nothing stands before the first token, it is not told.
    if (!text_start(config_, target_->specials()) && !ids.empty()) {
      // An unknown first word comes back as its sign: then the text is counted whole.
      const std::string first = target_->decode(std::vector<std::int32_t>{static_cast<std::int32_t>(ids.front())});
      if (told.starts_with(first)) told.erase(0, first.size());
    }
    if (ends) ids.push_back(target_->specials().eos);
    // What a prefix holds is not told.
    if (!model_->reads_prefix()) {
      found.bytes = static_cast<std::int64_t>(told.size());
      for_each_code_point(told, [&](std::string_view, bool) { ++found.characters; });
    }
    if (ids.size() < 2) continue;
    std::unique_ptr<data::Batches> windows = std::make_unique<data::EvaluationWindows>(
        data::TokenStream("text", std::move(ids), target_->specials().pad), batch, reach.longest, reach.stride);
    if (model_->reads_prefix()) {
      windows = std::make_unique<data::PrefixBatches>(std::move(windows), static_cast<std::uint64_t>(all.size() - 1));
    }
    const auto next = [&](std::int64_t i) {
      stop_if_interrupted("stopped before the end of the input");
      return windows->batch(0, i);
    };
    const SplitLoss loss = evaluate_loss(*model_, windows->size(), next, {});
    found.nats = loss.nll_sum;
    found.tokens = loss.tokens;
  }
  return all;
}

std::vector<AttentionMap> TrainedRun::attention(const std::string& source, const std::string& target) {
  target_tokenizer();
  if (!model_->has_encoder() && text_ids(target).empty()) throw UserError("the text has no token");
  return attention_maps(*model_, *source_, *target_,
                        {source, target, text_start(config_, source_->specials()), config_.labels(),
                         config_.longest_trained() - 1, marks_});
}

}  // namespace ablate::lab
