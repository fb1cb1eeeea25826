#pragma once
// Labels as tokens, so that a corpus of labelled texts is stored, hashed and read back as one of pairs is: the target
// of a text is one id. Neither kind has special symbols: all four are -1.
//   labels   the name of a class <-> its number, 0 … size() - 1 in the order of code points
//   numbers  a number <-> the bits of its 32-bit float, which is all of it that a model learns from
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "data/tokenizers/tokenizer.h"

namespace ablate::data {

inline constexpr Specials no_specials{-1, -1, -1, -1};

/// UserError for fewer than two names.
std::unique_ptr<Tokenizer> make_labels(const std::set<std::string>& names);
std::unique_ptr<Tokenizer> make_numbers();

/// What a file of theirs holds, as RestoreTokenizer in kinds.h.
std::unique_ptr<Tokenizer> restore_labels(std::vector<std::string> pieces);
std::unique_ptr<Tokenizer> restore_numbers(std::vector<std::string> pieces);

/// The number that an id of `numbers` is.
float number_of(std::int32_t id);
/// As short as a 32-bit float can be written and read back.
std::string number_text(float number);

}  // namespace ablate::data
