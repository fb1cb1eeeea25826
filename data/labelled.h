#pragma once
// Labelled texts as rows of a batch (Devlin et al. 2019, sections 3.2 and 4): <s> text </s>, or <s> text </s> second
// </s>, where <s> stands for the whole, as [CLS] does there. In a corpus the ids of a pair of texts are those of both
// with one </s> between.
#include <cstdint>
#include <span>
#include <vector>

#include "data/batching.h"

namespace ablate::data {

/// Symbols that a row has besides the ids of its text (or texts, with the </s> between).
inline constexpr std::int64_t symbols_around_text = 2;

/// The ids of a text, or of two around the first `eos`, so that at most `most` are left: the end of the longer one goes
/// first, as in the paper's code.
std::vector<std::int32_t> cut_texts(std::span<const std::int32_t> ids, std::int32_t eos, std::int64_t most);

/// One row: ids without <s> and the last </s>, and the label as the corpus has it.
struct LabelledText {
  std::vector<std::int32_t> ids;
  std::int32_t label = 0;
  std::int64_t index = 0;  ///< becomes Batch::index
};

/// source (B, S) = <s> ids </s>, padded on the right; source_types (B, S) = 1 behind the first </s> of a pair of texts,
/// else 0, and undefined where no row has two texts. Classes: target_output (B, 1). Numbers: values (B, 1).
/// Throws std::invalid_argument if there are no texts.
Batch collate_labelled(std::span<const LabelledText> texts, const BatchSymbols& symbols, Content content);

}  // namespace ablate::data
