#pragma once
// Which tokens of a `tokenizer.json` are pad, bos, eos and unk: the file does not say so in one place.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "data/tokenizers/pipeline/json_part.h"

namespace ablate::data {

/// What the `post_processor` puts around a text.
struct Surroundings {
  std::optional<std::string> before;
  std::optional<std::string> after;
};

/// Supported types: TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel, and Sequence of these. Throws
/// UserError that names the part for others, and if more than one token stands on a side.
Surroundings read_surroundings(const JsonPart& post_processor);

enum class SpecialRole { pad, bos, eos, unk };

/// The id of the first well-known name of the role that `find` knows: <s>, [CLS], <|begin_of_text|> …
std::optional<std::int32_t> find_well_known(SpecialRole role,
                                            const std::function<std::optional<std::int32_t>(std::string_view)>& find);

}  // namespace ablate::data
