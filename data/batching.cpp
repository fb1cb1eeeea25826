#include "data/batching.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "data/labelled.h"
#include "transformer/core/error.h"
#include "transformer/core/random.h"

namespace ablate::data {
namespace {

/// A (B, longest + 1) tensor of padding, and access to its rows.
class Padded {
 public:
  Padded(std::size_t rows, std::size_t columns, std::int64_t pad)
      : tensor_(at::full({static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)}, pad, at::kLong)),
        cells_(tensor_.mutable_data_ptr<std::int64_t>()),
        columns_(columns) {}
  std::int64_t* row(std::size_t i) { return cells_ + i * columns_; }
  Tensor tensor() const { return tensor_; }

 private:
  Tensor tensor_;
  std::int64_t* cells_;
  std::size_t columns_;
};

}  // namespace

void BatchConfig::describe(config::Fields& f) {
  f.field("tokens", tokens, "most tokens of a batch on each side, padding included", config::at_least_one);
  f.field("sentences", sentences, "most sentences (documents, windows of text) of a batch; null: as many as fit",
          config::at_least_one);
  f.field("multiple", multiple, "make the number of sentences a multiple of this where more fit", config::at_least_one);
}

BatchSymbols batch_symbols(const Corpus& corpus) {
  const Specials source = corpus.source_tokenizer().specials();
  const Specials target = corpus.target_tokenizer().specials();
  const bool has_source = corpus.content() != Content::text;
  return {source.pad, source.eos, target.pad, target.bos, target.eos, has_source, source.bos};
}

Batch collate(std::span<const Example> examples, const BatchSymbols& symbols) {
  if (examples.empty()) throw std::invalid_argument("collate: a batch needs at least one example");
  std::vector<std::int64_t> source_lengths;
  std::vector<std::int64_t> target_lengths;
  Batch batch;
  for (const Example& example : examples) {
    source_lengths.push_back(static_cast<std::int64_t>(example.source.size()) + 1);
    target_lengths.push_back(static_cast<std::int64_t>(example.target.size()) + (example.goes_on ? 0 : 1));
    batch.index.push_back(example.index);
  }
  const auto longest_source = static_cast<std::size_t>(std::ranges::max(source_lengths));
  const auto longest_target = static_cast<std::size_t>(std::ranges::max(target_lengths));
  Padded source(examples.size(), longest_source, symbols.source_pad);
  Padded target_input(examples.size(), longest_target, symbols.target_pad);
  Padded target_output(examples.size(), longest_target, no_target);
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const Example& example = examples[i];
    *std::ranges::copy(example.source, source.row(i)).out = symbols.source_eos;
    *target_input.row(i) = symbols.target_bos;
    const auto read = example.goes_on ? example.target.first(example.target.size() - 1) : example.target;
    std::ranges::copy(read, target_input.row(i) + 1);
    const auto end = std::ranges::copy(example.target, target_output.row(i)).out;
    if (!example.goes_on) *end = symbols.target_eos;
  }
  if (symbols.has_source) batch.source = source.tensor();
  batch.target_input = target_input.tensor();
  batch.target_output = target_output.tensor();
  if (symbols.has_source) batch.source_tokens = std::reduce(source_lengths.begin(), source_lengths.end());
  batch.target_tokens = std::reduce(target_lengths.begin(), target_lengths.end());
  return batch;
}

BatchPlan BatchPlan::training(const Corpus& corpus, const std::string& split, const BatchConfig& config,
                              LengthLimits limits, std::uint64_t seed) {
  return BatchPlan(corpus, split, config, limits, {}, Purpose::training, seed);
}

BatchPlan BatchPlan::evaluation(const Corpus& corpus, const std::string& split, const BatchConfig& config,
                                LengthLimits limits, LengthRange range) {
  return BatchPlan(corpus, split, config, limits, range, Purpose::evaluation, 0);
}

BatchPlan::BatchPlan(const Corpus& corpus, const std::string& split, const BatchConfig& config, LengthLimits limits,
                     LengthRange range, Purpose purpose, std::uint64_t seed)
    : split_(&corpus.split(split)),
      content_(corpus.content()),
      symbols_(batch_symbols(corpus)),
      purpose_(purpose),
      seed_(seed) {
  collect(limits, range);
  if (kept_.empty()) {
    throw UserError("the split '" + split + "' has no sentence within the limits of " + std::to_string(limits.source) +
                    " source and " + std::to_string(limits.target) + " target tokens, </s> included");
  }
  SplitMix64 random(seed_, 0);
  sort_sentences(random);
  divide(config);
}

bool LengthRange::holds(const Split& split, std::int64_t pair) const {
  const std::int64_t length = split.length(pair);
  return shortest <= length && length <= longest;
}

void BatchPlan::collect(LengthLimits limits, LengthRange range) {
  kept_.reserve(static_cast<std::size_t>(split_->size()));
  for (std::int64_t i = 0; i < split_->size(); ++i) {
    if (!range.holds(*split_, i)) continue;
    // Without a source, or with a label for a target, one side alone has a length.
    const std::int64_t source = is_text() ? 0 : split_->source_length(i) + (has_labels() ? symbols_around_text : 1);
    const std::int64_t target = has_labels() ? 1 : split_->target_length(i) + 1;
    const bool too_long = source > limits.source || target > limits.target;
    if (too_long && purpose_ == Purpose::training && content_ == Content::pairs) {
      ++skipped_;
      continue;
    }
    if (too_long) ++cut_;
    kept_.push_back({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(std::min(source, limits.source)),
                     static_cast<std::uint32_t>(std::min(target, limits.target))});
    source_tokens_ += kept_.back().source;
    target_tokens_ += kept_.back().target;
  }
}

void BatchPlan::sort_sentences(SplitMix64& random) {
  sorted_ = kept_;
  if (purpose_ == Purpose::training) random.shuffle(std::span(sorted_));
  std::ranges::stable_sort(sorted_, {},
                           [](const Sentence& sentence) { return std::pair(sentence.source, sentence.target); });
}

std::size_t BatchPlan::end_of_batch(std::size_t begin, const BatchConfig& config) {
  std::uint32_t longest = 0;
  std::size_t end = begin;
  for (; end < sorted_.size(); ++end) {
    longest = std::max({longest, sorted_[end].source, sorted_[end].target});
    const auto count = static_cast<std::int64_t>(end - begin) + 1;
    const bool fits = count * longest <= config.tokens && count <= config.sentences.value_or(count);
    if (!fits && count > 1) break;
  }
  const auto count = static_cast<std::int64_t>(end - begin);
  const bool may_shrink = end < sorted_.size() && count > config.multiple;
  return may_shrink ? end - static_cast<std::size_t>(count % config.multiple) : end;
}

void BatchPlan::divide(const BatchConfig& config) {
  starts_ = {0};
  while (starts_.back() < sorted_.size()) {
    const std::size_t begin = starts_.back();
    starts_.push_back(end_of_batch(begin, config));
    const auto rows = std::span(sorted_).subspan(begin, starts_.back() - begin);
    const auto longest_source = std::ranges::max(rows, {}, &Sentence::source).source;
    const auto longest_target = std::ranges::max(rows, {}, &Sentence::target).target;
    cells_ += static_cast<std::int64_t>(rows.size()) * (std::int64_t{longest_source} + longest_target);
  }
}

void BatchPlan::arrange(std::int64_t epoch) {
  if (epoch < 0 || (purpose_ == Purpose::evaluation && epoch != 0)) {
    throw std::out_of_range("epoch " + std::to_string(epoch) + " of a batch plan");
  }
  if (epoch == epoch_) return;
  SplitMix64 random(seed_, static_cast<std::uint64_t>(epoch));
  sort_sentences(random);
  order_.resize(starts_.size() - 1);
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  if (purpose_ == Purpose::training) random.shuffle(std::span(order_));
  epoch_ = epoch;
}

std::span<const BatchPlan::Sentence> BatchPlan::rows(std::int64_t epoch, std::int64_t i) {
  if (i < 0 || i >= size()) throw std::out_of_range("batch " + std::to_string(i) + " of " + std::to_string(size()));
  arrange(epoch);
  const std::size_t batch = order_[static_cast<std::size_t>(i)];
  return std::span(sorted_).subspan(starts_[batch], starts_[batch + 1] - starts_[batch]);
}

std::vector<std::int64_t> BatchPlan::sentences(std::int64_t epoch, std::int64_t i) {
  std::vector<std::int64_t> indices;
  for (const Sentence& sentence : rows(epoch, i)) indices.push_back(sentence.index);
  return indices;
}

Batch BatchPlan::labelled_batch(std::span<const Sentence> rows) const {
  const auto eos = static_cast<std::int32_t>(symbols_.source_eos);
  std::vector<LabelledText> texts;
  for (const Sentence& row : rows) {
    texts.push_back({cut_texts(split_->source(row.index), eos, row.source - symbols_around_text),
                     split_->target(row.index).front(), row.index});
  }
  return collate_labelled(texts, symbols_, content_);
}

std::string BatchPlan::unit() const { return is_text() ? "documents" : has_labels() ? "texts" : "sentences"; }

Batch BatchPlan::batch(std::int64_t epoch, std::int64_t i) {
  if (has_labels()) return labelled_batch(rows(epoch, i));
  std::vector<Example> examples;
  for (const Sentence& sentence : rows(epoch, i)) {
    // A document that is cut goes on behind its last token; a target that is cut ends there.
    const bool goes_on = is_text() && split_->target_length(sentence.index) >= sentence.target;
    examples.push_back({split_->source(sentence.index).first(is_text() ? 0 : sentence.source - 1),
                        split_->target(sentence.index).first(sentence.target - (goes_on ? 0 : 1)), sentence.index,
                        goes_on});
  }
  return collate(examples, symbols_);
}

double BatchPlan::padding_share() const {
  return static_cast<double>(cells_ - source_tokens_ - target_tokens_) / static_cast<double>(cells_);
}

}  // namespace ablate::data
