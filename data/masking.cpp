#include "data/masking.h"

#include <algorithm>
#include <cmath>

namespace ablate::data {

MaskingVocabulary masking_vocabulary(const Tokenizer& tokenizer) {
  MaskingVocabulary vocabulary{tokenizer.size(), mask_id(tokenizer), {}, {}};
  const Specials specials = tokenizer.specials();
  vocabulary.is_special.assign(static_cast<std::size_t>(vocabulary.size), false);
  for (const std::int64_t id : {specials.pad, specials.bos, specials.eos, specials.unk, vocabulary.mask}) {
    if (id >= 0 && id < vocabulary.size) vocabulary.is_special[static_cast<std::size_t>(id)] = true;
  }
  for (std::int64_t id = 0; id < vocabulary.size; ++id) {
    vocabulary.begins_word.push_back(tokenizer.begins_word(static_cast<std::int32_t>(id)));
  }
  return vocabulary;
}

namespace {

/// Tokens that are hidden together.
struct Span {
  std::int64_t first, last;
};

std::vector<Span> spans_of(const std::int64_t* tokens, std::int64_t count, bool whole_words,
                           const MaskingVocabulary& vocabulary) {
  std::vector<Span> spans;
  bool goes_on = false;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto id = static_cast<std::size_t>(tokens[i]);
    // An unknown word is a word that nothing can be learnt of.
    if (vocabulary.is_special[id]) {
      goes_on = false;
    } else if (whole_words && goes_on && !vocabulary.begins_word[id]) {
      spans.back().last = i;
    } else {
      spans.push_back({i, i});
      goes_on = true;
    }
  }
  return spans;
}

std::int64_t random_token(const MaskingVocabulary& vocabulary, SplitMix64& random) {
  while (true) {
    const std::uint64_t id = random.below(static_cast<std::uint64_t>(vocabulary.size));
    if (!vocabulary.is_special[id]) return static_cast<std::int64_t>(id);
  }
}

}  // namespace

std::int64_t mask_row(std::int64_t* tokens, std::int64_t* said, std::int64_t count, const ObjectiveConfig& objective,
                      const MaskingVocabulary& vocabulary, SplitMix64& random) {
  std::fill(said, said + count, no_target);
  std::vector<Span> spans = spans_of(tokens, count, objective.whole_words, vocabulary);
  std::int64_t candidates = 0;
  for (const Span& span : spans) candidates += span.last - span.first + 1;
  if (candidates == 0) return 0;
  const auto wanted = std::max<std::int64_t>(1, std::llround(objective.mask_share * static_cast<double>(candidates)));
  random.shuffle(std::span(spans));
  std::int64_t hidden = 0;
  for (const Span& span : spans) {
    if (hidden >= wanted) break;
    for (std::int64_t i = span.first; i <= span.last; ++i) {
      said[i] = tokens[i];
      ++hidden;
      const double draw = random.uniform();
      if (draw < objective.masked) {
        tokens[i] = vocabulary.mask;
      } else if (draw < objective.masked + objective.replaced) {
        tokens[i] = random_token(vocabulary, random);
      }
    }
  }
  return hidden;
}

MaskedBatches::MaskedBatches(std::unique_ptr<Batches> inner, ObjectiveConfig objective, MaskingVocabulary vocabulary,
                             std::uint64_t seed)
    : ChangedBatches(std::move(inner), seed, 0x6d61736b),
      objective_(std::move(objective)),
      vocabulary_(std::move(vocabulary)) {}

Batch MaskedBatches::batch(std::int64_t epoch, std::int64_t i) {
  const Batch whole = read(epoch, i);
  Batch batch;
  batch.index = whole.index;
  batch.source = whole.target_input.clone();
  batch.target_output = at::full_like(batch.source, no_target);
  const Tensor row_lengths = lengths(whole);
  const auto* length = row_lengths.const_data_ptr<std::int64_t>();
  auto* tokens = batch.source.mutable_data_ptr<std::int64_t>();
  auto* said = batch.target_output.mutable_data_ptr<std::int64_t>();
  for (std::int64_t row = 0; row < batch.source.size(0); ++row) {
    SplitMix64 random = numbers_of(batch, row, epoch);
    batch.source_tokens += length[row];
    batch.target_tokens += mask_row(tokens, said, length[row], objective_, vocabulary_, random);
    tokens += batch.source.size(1);
    said += batch.source.size(1);
  }
  return batch;
}

}  // namespace ablate::data
