#include "experiments/lab/trained_run.h"

#include "data/labelled.h"
#include "data/masking.h"
#include "data/tokenizers/labels.h"
#include "data/windows.h"
#include "experiments/lab/evaluation.h"
#include "experiments/lab/interrupt.h"
#include "transformer/config/reader.h"
#include "transformer/core/code_points.h"
#include "transformer/core/error.h"

#include <algorithm>
#include <numeric>
#include <span>

namespace ablate::lab {
namespace {

namespace fs = std::filesystem;

template <class Section>
void read_strictly(Section& section, const Json& json, const std::string& source) {
  config::Document document;
  document.add({json, source});
  config::Problems problems;
  config::Reader(document, problems).read(section);
  problems.throw_if_any();
}

/// The tokenizer of an imported model, whose own file says which symbols it begins, ends and pads with, and which may
/// have more rows for words than there are pieces.
class ImportedTokenizer final : public data::Tokenizer {
 public:
  ImportedTokenizer(std::shared_ptr<const data::Tokenizer> own, const Json& imported, std::int64_t vocabulary)
      : own_(std::move(own)), specials_(own_->specials()) {
    const auto given = [&](const char* key, std::int64_t fallback) {
      const Json id = imported.value(key, Json());
      return id.is_null() ? fallback : id.get<std::int64_t>();
    };
    const auto known = [&](std::int64_t id, std::int64_t fallback) { return id < vocabulary ? id : fallback; };
    specials_.eos = given("end", known(specials_.eos, 0));
    specials_.bos = given("start", known(specials_.bos, specials_.eos));
    // Where nothing is for padding, it is what ends a text, which every such model may say.
    specials_.pad = given("pad", known(specials_.pad, specials_.eos));
  }
  std::vector<std::int32_t> encode(std::string_view line) const override { return own_->encode(line); }
  std::string decode(std::span<const std::int32_t> ids) const override {
    std::vector<std::int32_t> pieces;
    for (const std::int32_t id : ids) {
      const bool is_special = id == specials_.bos || id == specials_.eos || id == specials_.pad;
      if (!is_special && id < own_->size()) pieces.push_back(id);
    }
    return own_->decode(pieces);
  }
  std::string piece(std::int32_t id) const override {
    return id < own_->size() ? own_->piece(id) : "#" + std::to_string(id);
  }
  std::int64_t size() const override { return own_->size(); }
  data::Specials specials() const override { return specials_; }
  std::string serialize() const override { return own_->serialize(); }
  std::string extension() const override { return own_->extension(); }

 private:
  std::shared_ptr<const data::Tokenizer> own_;
  data::Specials specials_;
};

std::shared_ptr<const data::Tokenizer> find_side(const fs::path& folder, const std::string& stem) {
  for (const char* extension : {".model", ".vocab.json", ".json"}) {
    const fs::path file = folder / (stem + extension);
    if (fs::exists(file)) return data::load_tokenizer(file);
  }
  return nullptr;
}

std::shared_ptr<const data::Tokenizer> load_side(const fs::path& folder, const std::string& stem) {
  if (auto found = find_side(folder, stem)) return found;
  throw UserError(folder.string() + ": the run's " + stem + " is missing");
}

/// A line's place in the input and its token ids.
struct Sentence {
  std::size_t line;
  std::vector<std::int32_t> ids;
};

}  // namespace

void check_decoding(const DecodingConfig& config) {
  DecodingConfig copy;
  read_strictly(copy, config::Writer::write(config), "decoding");
}

void check_generation(const GenerationConfig& config) {
  GenerationConfig copy;
  read_strictly(copy, config::Writer::write(config), "generation");
}

TrainedRun::TrainedRun(const fs::path& path, at::Device device) {
  const RunFolder folder(path);
  const Json stored = folder.config();
  const Json result = folder.result();
  const RunState state = state_of(result, true);
  if (state != RunState::finished && state != RunState::diverged) {
    throw UserError(path.string() + ": the run has not finished training: `ablate run` goes on with it");
  }
  try {
    read_strictly(config_, stored.at("config"), (path / "config.json").string());
  } catch (const UserError& error) {
    throw UserError(path.string() +
                    ": trained by a version of this program that knew other settings; train it again:\n" +
                    error.what());
  }
  const Json& sizes = stored.at("vocabulary");
  const bool joint = sizes.at("joint").get<bool>();
  if (stored.contains("imported")) {
    const auto size = sizes.at("target").get<std::int64_t>();
    vocabulary_ = {size, size, sizes.at("pad").get<std::int64_t>()};
    const auto imported_side = [&](const std::string& stem) -> std::shared_ptr<const data::Tokenizer> {
      auto own = find_side(path, stem);
      if (!own) return nullptr;
      return std::make_shared<ImportedTokenizer>(std::move(own), stored.at("imported"), size);
    };
    source_ = target_ = imported_side("tokenizer");
    if (!source_) {
      source_ = imported_side("source_tokenizer");
      target_ = imported_side("target_tokenizer");
    }
  } else {
    source_ = load_side(path, joint ? "tokenizer" : "source_tokenizer");
    target_ = joint ? source_ : load_side(path, "target_tokenizer");
    vocabulary_ = {data::vocabulary_size(*source_, config_.objective),
                   data::vocabulary_size(*target_, config_.objective), source_->specials().pad};
  }
  const std::vector<fs::path> checkpoints = chosen_checkpoints(config_.evaluation, result, path);
  if (checkpoints.empty()) throw UserError(path.string() + ": the run diverged before it kept any weights");
  model_ = load_model(config_.model, vocabulary_, checkpoints, device);
}

const data::Tokenizer& TrainedRun::target_tokenizer() const {
  if (target_) return *target_;
  throw UserError("the model was imported without a tokenizer: it reads and writes no text");
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
    Sentence sentence{i, source_->encode(lines[i])};
    if (sentence.ids.empty()) continue;
    if (sentence.ids.size() > longest) {
      sentence.ids.resize(longest);
      ++translation.cut;
    }
    sentences.push_back(std::move(sentence));
  }
  std::stable_sort(sentences.begin(), sentences.end(),
                   [](const Sentence& a, const Sentence& b) { return a.ids.size() > b.ids.size(); });
  const data::Specials source = source_->specials();
  const data::Specials target = target_->specials();
  for (std::size_t start = 0; start < sentences.size();) {
    stop_if_interrupted("stopped before the end of the input");
    const auto width = static_cast<std::int64_t>(sentences[start].ids.size()) + 1;
    const std::size_t fits = static_cast<std::size_t>(std::max<std::int64_t>(1, options.batch_tokens / width));
    const std::size_t end = std::min(sentences.size(), start + fits);
    Tensor tokens = at::full({static_cast<std::int64_t>(end - start), width}, source.pad, at::kLong);
    std::vector<std::uint64_t> numbers;
    for (std::size_t i = start; i < end; ++i) {
      const std::vector<std::int32_t>& ids = sentences[i].ids;
      auto* row = tokens.mutable_data_ptr<std::int64_t>() + static_cast<std::int64_t>(i - start) * width;
      std::copy(ids.begin(), ids.end(), row);
      row[ids.size()] = source.eos;
      numbers.push_back(sentences[i].line);
    }
    const Hypotheses found = decode(*model_, tokens.to(model_->device()), {target.bos, target.eos, target.pad},
                                    options.decoding, options.seed, numbers);
    for (std::size_t i = start; i < end; ++i) {
      for (const Hypothesis& hypothesis : found[i - start]) {
        const std::vector<std::int32_t> ids(hypothesis.tokens.begin(), hypothesis.tokens.end());
        translation.lines[sentences[i].line].hypotheses.push_back({as_line(target_->decode(ids)), hypothesis.score});
      }
    }
    start = end;
  }
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
    const std::vector<std::int32_t> ids = data::labelled_ids(*source_, lines[i]);
    const auto most = config_.longest_trained() - data::symbols_around_text;
    if (static_cast<std::int64_t>(ids.size()) > most) ++labelling.cut;
    texts.push_back(
        {data::cut_texts(ids, static_cast<std::int32_t>(specials.eos), most), 0, static_cast<std::int64_t>(i)});
  }
  std::ranges::stable_sort(texts, std::greater<>(), [](const data::LabelledText& text) { return text.ids.size(); });
  for (std::size_t start = 0; start < texts.size();) {
    stop_if_interrupted("stopped before the end of the input");
    const auto width = static_cast<std::int64_t>(texts[start].ids.size()) + data::symbols_around_text;
    const auto fits = static_cast<std::size_t>(std::max<std::int64_t>(1, batch_tokens / width));
    const auto some = std::span(texts).subspan(start, std::min(fits, texts.size() - start));
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
    start += some.size();
  }
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
    found.bytes = static_cast<std::int64_t>(told.size());
    for_each_code_point(told, [&](std::string_view, bool) { ++found.characters; });
    if (ids.size() < 2) continue;
    data::EvaluationWindows windows(data::TokenStream("text", std::move(ids), target_->specials().pad), batch,
                                    reach.longest, reach.stride);
    const auto next = [&](std::int64_t i) {
      stop_if_interrupted("stopped before the end of the input");
      return windows.batch(0, i);
    };
    const SplitLoss loss = evaluate_loss(*model_, windows.size(), next, {});
    found.nats = loss.nll_sum;
    found.tokens = loss.tokens;
  }
  return all;
}

std::vector<AttentionMap> TrainedRun::attention(const std::string& source, const std::string& target) {
  target_tokenizer();
  if (!model_->has_encoder() && text_ids(target).empty()) throw UserError("the text has no token");
  return attention_maps(
      *model_, *source_, *target_,
      {source, target, text_start(config_, source_->specials()), config_.labels(), config_.longest_trained() - 1});
}

}  // namespace ablate::lab
