#include "data/corruption.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "data/denoising.h"
#include "data/objective_symbols.h"
#include "transformer/core/error.h"

namespace ablate::data {
namespace {

Corruption make_span_corruption(const Tokenizer& tokenizer, const ObjectiveConfig& objective, std::int64_t most) {
  std::vector<std::int32_t> sentinels = sentinel_ids(tokenizer, objective);
  const std::int64_t needed = span_counts(most, objective).spans + 1;
  if (needed > static_cast<std::int64_t>(sentinels.size())) {
    throw UserError("objective.sentinels: a row of " + std::to_string(most) + " tokens needs " +
                    std::to_string(needed) + ", one for each span and one at the end, and there are " +
                    std::to_string(sentinels.size()) +
                    ": ask for more, if the tokenizer has none of its own, or for longer spans or shorter rows");
  }
  return [objective, sentinels = std::move(sentinels)](std::span<const std::int32_t> tokens, SplitMix64& random) {
    const std::vector<bool> noise = random_spans(static_cast<std::int64_t>(tokens.size()), objective, random);
    return corrupt_spans(tokens, noise, sentinels);
  };
}

/// Every row of so many tokens has the same.
CorruptedLengths lengths_of_spans(const ObjectiveConfig& objective, std::int64_t tokens) {
  const auto [noise, spans] = span_counts(tokens, objective);
  return {tokens - noise + spans + 1, noise + spans + 2};
}

Corruption make_noise(const Tokenizer& tokenizer, const ObjectiveConfig& objective, std::int64_t) {
  NoiseVocabulary vocabulary = noise_vocabulary(tokenizer);
  // </s> ends documents, not the sentences in them.
  std::vector<bool> in_text = vocabulary.ends_sentence;
  in_text.at(static_cast<std::size_t>(tokenizer.specials().eos)) = false;
  const bool has_sentences = std::find(in_text.begin(), in_text.end(), true) != in_text.end();
  if (objective.sentence_permutation > 0 && !has_sentences) {
    throw UserError(
        "objective.sentence_permutation: has no effect: no token of this tokenizer ends a sentence with . ! ? or a "
        "line end: set it to 0");
  }
  return [objective, vocabulary = std::move(vocabulary)](std::span<const std::int32_t> tokens, SplitMix64& random) {
    return CorruptedRow{add_noise(tokens, objective, vocabulary, random), {tokens.begin(), tokens.end()}};
  };
}

CorruptedLengths mean_with_noise(const ObjectiveConfig& objective, std::int64_t tokens) {
  const double kept = static_cast<double>(tokens) * (1 - objective.token_deletion);
  const double hidden = objective.text_infilling * kept;
  // A span has span_length tokens on average, those of none included, of which a row has no more than it loses tokens.
  const double masks = std::min(hidden, hidden / objective.span_length);
  return {static_cast<std::int64_t>(std::llround(kept - hidden + masks)) + 1, tokens + 1};
}

/// Noise never makes a row longer than its text.
CorruptedLengths longest_with_noise(const ObjectiveConfig&, std::int64_t tokens) { return {tokens + 1, tokens + 1}; }

const CorruptionKind& corruption_of(const ObjectiveConfig& objective) {
  const CorruptionKind* const found = objective.traits().corruption;
  if (found == nullptr) throw std::invalid_argument("the objective '" + objective.kind + "' changes no text");
  return *found;
}

}  // namespace

const CorruptionKind cut_spans{lengths_of_spans, lengths_of_spans, make_span_corruption};
const CorruptionKind added_noise{mean_with_noise, longest_with_noise, make_noise};

std::int64_t tokens_of_row(const ObjectiveConfig& objective, std::int64_t longest) {
  if (!corrupts(objective)) return longest;
  const CorruptionKind& corruption = corruption_of(objective);
  const auto fits = [&](std::int64_t tokens) {
    const CorruptedLengths lengths = corruption.longest(objective, tokens);
    return lengths.source <= longest && lengths.target <= longest;
  };
  std::int64_t tokens = 0;
  while (fits(tokens + 1)) ++tokens;
  if (tokens == 0) {
    throw UserError("objective.kind: no row of '" + objective.kind + "' has sides of " + std::to_string(longest) +
                    " tokens at most: raise training.max_length or model.max_length");
  }
  return tokens;
}

CorruptedLengths corrupted_lengths(const ObjectiveConfig& objective, std::int64_t tokens) {
  return corruption_of(objective).mean(objective, tokens);
}

Corruption make_corruption(const Tokenizer& tokenizer, const ObjectiveConfig& objective, std::int64_t most) {
  return corruption_of(objective).make(tokenizer, objective, most);
}

}  // namespace ablate::data
