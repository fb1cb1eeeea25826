#pragma once
// Tokens that stand beside the vocabulary of a model and are found in text before anything else is done to it: the
// `added_tokens` of a `tokenizer.json`.
#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/tokenizers/pipeline/json_part.h"
#include "data/tokenizers/pipeline/normalizer.h"
#include "data/tokenizers/vocabulary.h"

namespace ablate::data {

struct AddedToken {
  std::int32_t id;
  std::string content;
  bool single_word;  ///< is found only where no character of a word stands beside it
  bool lstrip;       ///< takes the whitespace before it
  bool rstrip;       ///< takes the whitespace after it
  bool normalized;   ///< is found in the normalised text, as the normaliser makes it, not in the text itself
  bool special;      ///< is left out of decoded text
};

std::vector<AddedToken> read_added_tokens(const JsonPart& list);

/// Text between added tokens, or one of them.
struct Section {
  std::string text;
  std::int32_t id;  ///< -1: text
};

/// Finds tokens in a text: the first one, of those that begin there the longest, and so on behind it.
class TokenFinder {
 public:
  /// `content` is what is looked for. If it is that of an earlier token, that one is found.
  void add(const AddedToken& token, const std::string& content);

  std::vector<Section> split(std::string_view text) const;

 private:
  const AddedToken* longest_at(std::string_view text, std::size_t start, std::size_t& length) const;

  std::vector<AddedToken> tokens_;
  StringMap<std::size_t> by_content_;
  std::vector<std::size_t> lengths_;  ///< of the contents, each once, the longest first
  std::bitset<256> first_bytes_;
};

class AddedTokens {
 public:
  /// `normalizer` may be null. Throws UserError if it leaves nothing of a token.
  AddedTokens(const std::vector<AddedToken>& tokens, const Normalizer* normalizer, const JsonPart& place);

  /// Text comes normalised. Sections without text are left out.
  std::vector<Section> split(std::string_view line, const Normalizer* normalizer) const;

 private:
  TokenFinder in_text_;
  TokenFinder in_normalized_;
};

}  // namespace ablate::data
