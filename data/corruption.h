#pragma once
// Rows of the objectives that change a text and learn from the change, span_corruption and denoising: how many tokens
// of the text a row has, so that neither of its sides is too long, and what becomes of them.
#include <cstdint>
#include <functional>
#include <span>

#include "data/objective.h"
#include "data/span_corruption.h"
#include "data/tokenizers/tokenizer.h"
#include "transformer/core/random.h"

namespace ablate::data {

/// Lengths of both sides of a row, </s> included.
struct CorruptedLengths {
  std::int64_t source, target;
};

/// Makes both sides of the tokens of a row.
using Corruption = std::function<CorruptedRow(std::span<const std::int32_t> tokens, SplitMix64& random)>;

/// What an objective does to a text that it changes.
struct CorruptionKind {
  /// What a row of so many tokens has on average, rounded.
  CorruptedLengths (*mean)(const ObjectiveConfig& objective, std::int64_t tokens);
  /// What it has at most.
  CorruptedLengths (*longest)(const ObjectiveConfig& objective, std::int64_t tokens);
  /// See make_corruption().
  Corruption (*make)(const Tokenizer& tokenizer, const ObjectiveConfig& objective, std::int64_t most);
};
extern const CorruptionKind cut_spans;    ///< span_corruption.h
extern const CorruptionKind added_noise;  ///< denoising.h

/// Tokens of text in a row whose sides may have `longest` tokens, </s> (or <s>) included: as many as leave no side
/// longer, which of span_corruption may be more than `longest` (Raffel et al. 2020, code); `longest` itself for an
/// objective that changes nothing. UserError if not a single one fits.
std::int64_t tokens_of_row(const ObjectiveConfig& objective, std::int64_t longest);

/// Lengths of both sides of a row of so many tokens: of denoising the mean, rounded. std::invalid_argument for an
/// objective that changes no text.
CorruptedLengths corrupted_lengths(const ObjectiveConfig& objective, std::int64_t tokens);

/// The corruption of an objective, for rows of at most `most` tokens. UserError if such a row has more spans than there
/// are sentinels for, and if sentences are to change places which no token of the vocabulary ends;
/// std::invalid_argument for an objective that changes no text.
Corruption make_corruption(const Tokenizer& tokenizer, const ObjectiveConfig& objective, std::int64_t most);

}  // namespace ablate::data
