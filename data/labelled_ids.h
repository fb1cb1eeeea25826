#pragma once
// Labelled texts as token ids, the same in a corpus and in what a trained run is asked about.
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "data/tokenizers/tokenizer.h"

namespace ablate::data {

/// The ids of a text, or of two with one </s> between them.
std::vector<std::int32_t> source_ids(const Tokenizer& tokenizer, std::string_view text,
                                     std::optional<std::string_view> second);

/// The same of a line, which has a tab between two texts.
std::vector<std::int32_t> labelled_ids(const Tokenizer& tokenizer, std::string_view line);

}  // namespace ablate::data
