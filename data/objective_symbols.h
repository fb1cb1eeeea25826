#pragma once
// Ids that an objective needs and that text does not bring with it: a mask, sentinels. They are those of the vocabulary
// if it has them, or lie behind its last id. In text of a user's they are written as marks.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/objective.h"
#include "data/tokenizers/tokenizer.h"

namespace ablate::data {

/// The mask's id: that of the vocabulary, or the one behind its last.
std::int64_t mask_id(const Tokenizer& tokenizer);

/// Ids of the sentinels of span_corruption, that of the first span first: the pieces <extra_id_0>, <extra_id_1>, … of
/// the vocabulary, or, if it has none, ids behind its last, counted downwards, so that the last id of all stands for
/// the first span (Raffel et al. 2020, code). UserError if more are asked for than the vocabulary has.
std::vector<std::int32_t> sentinel_ids(const Tokenizer& tokenizer, const ObjectiveConfig& objective);

/// How an id is written that the tokenizer neither reads nor writes: "<mask>", "<extra_id_0>".
struct Mark {
  std::string text;
  std::int32_t id;
};
using Marks = std::vector<Mark>;

/// What ObjectiveTraits::symbols chooses between: the mask alone, or the sentinels.
Marks mask_symbols(const Tokenizer& tokenizer, const ObjectiveConfig& objective);
Marks sentinel_symbols(const Tokenizer& tokenizer, const ObjectiveConfig& objective);

/// Types of the vocabulary that a model of an objective has: those of the tokenizer, and the mask, or the sentinels, if
/// it needs some that the tokenizer has not.
std::int64_t vocabulary_size(const Tokenizer& tokenizer, const ObjectiveConfig& objective);

/// The symbols of an objective whose sources hold them: the mask of denoising, the sentinels of span_corruption.
Marks marks_of(const Tokenizer& tokenizer, const ObjectiveConfig& objective);

/// Ids of a line in which marks may stand; what stands around them is read piece by piece.
std::vector<std::int32_t> encode_marked(const Tokenizer& tokenizer, const Marks& marks, std::string_view line);

/// Text of ids among which there may be those of marks, which are set apart by spaces. Ids beyond the vocabulary that
/// are no mark's are a UserError.
std::string decode_marked(const Tokenizer& tokenizer, const Marks& marks, std::span<const std::int32_t> ids);

/// Tokenizer::piece(), or the text of a mark.
std::string marked_piece(const Tokenizer& tokenizer, const Marks& marks, std::int32_t id);

}  // namespace ablate::data
