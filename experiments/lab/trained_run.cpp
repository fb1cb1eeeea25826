#include "experiments/lab/trained_run.h"

#include "experiments/lab/evaluation.h"
#include "experiments/lab/interrupt.h"
#include "transformer/config/reader.h"
#include "transformer/core/error.h"

#include <algorithm>
#include <numeric>

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

std::shared_ptr<const data::Tokenizer> load_side(const fs::path& folder, const std::string& stem) {
  for (const char* extension : {".model", ".vocab.json"}) {
    const fs::path file = folder / (stem + extension);
    if (fs::exists(file)) return data::load_tokenizer(file);
  }
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
  source_ = load_side(path, joint ? "tokenizer" : "source_tokenizer");
  target_ = joint ? source_ : load_side(path, "target_tokenizer");
  const VocabularyInfo vocabulary{source_->size(), target_->size(), source_->specials().pad};
  const std::vector<fs::path> checkpoints = chosen_checkpoints(config_.evaluation, result, path);
  if (checkpoints.empty()) throw UserError(path.string() + ": the run diverged before it kept any weights");
  model_ = load_model(config_.model, vocabulary, checkpoints, device);
}

Translation TrainedRun::translate(const std::vector<std::string>& lines, const TranslationOptions& options) {
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

std::vector<AttentionMap> TrainedRun::attention(const std::string& source, const std::string& target) {
  return attention_maps(*model_, *source_, *target_, source, target);
}

}  // namespace ablate::lab
