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

Corruption make_noise(const Tokenizer& tokenizer, const ObjectiveConfig& objective) {
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

}  // namespace

CorruptedLengths corrupted_lengths(const ObjectiveConfig& objective, std::int64_t tokens) {
  if (objective.kind == "span_corruption") {
    const auto [noise, spans] = span_counts(tokens, objective);
    return {tokens - noise + spans + 1, noise + spans + 2};
  }
  const double kept = static_cast<double>(tokens) * (1 - objective.token_deletion);
  const double hidden = objective.text_infilling * kept;
  // A span has span_length tokens on average, those of none included, of which a row has no more than it loses tokens.
  const double masks = std::min(hidden, hidden / objective.span_length);
  return {static_cast<std::int64_t>(std::llround(kept - hidden + masks)) + 1, tokens + 1};
}

std::int64_t tokens_of_row(const ObjectiveConfig& objective, std::int64_t longest) {
  if (!corrupts(objective)) return longest;
  const auto fits = [&](std::int64_t tokens) {
    // Noise never makes a row longer than its text.
    if (objective.kind == "denoising") return tokens + 1 <= longest;
    const CorruptedLengths lengths = corrupted_lengths(objective, tokens);
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

Corruption make_corruption(const Tokenizer& tokenizer, const ObjectiveConfig& objective, std::int64_t most) {
  if (objective.kind == "span_corruption") return make_span_corruption(tokenizer, objective, most);
  if (objective.kind == "denoising") return make_noise(tokenizer, objective);
  throw std::invalid_argument("the objective '" + objective.kind + "' changes no text");
}

}  // namespace ablate::data
