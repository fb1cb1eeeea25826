#pragma once
// Tokens as text on one line, for `ablate tokenizer`: ids, or the pieces of the vocabulary, divided by single
// spaces.
#include "data/tokenizers/tokenizer.h"

#include <unordered_map>

namespace ablate::cli {

/// "17 4 1032"
std::string ids_to_text(const std::vector<std::int32_t>& ids);
/// UserError for what is not a whole number.
std::vector<std::int32_t> text_to_ids(const std::string& line);

/// Pieces as the vocabulary has them, but for a space and a line break, which become <0x20> and <0x0A>.
class PieceText {
 public:
  explicit PieceText(const data::Tokenizer& tokenizer);

  std::string show(const std::vector<std::int32_t>& ids) const;
  /// UserError for what is no piece of the vocabulary.
  std::vector<std::int32_t> read(const std::string& line) const;

 private:
  std::vector<std::string> pieces_;  ///< by id
  std::unordered_map<std::string, std::int32_t> ids_;
};

}  // namespace ablate::cli
