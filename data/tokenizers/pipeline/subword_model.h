#pragma once
// What cuts words into the pieces of a vocabulary: the `model` of a `tokenizer.json`.
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "data/tokenizers/pipeline/json_part.h"
#include "data/tokenizers/pipeline/piece_table.h"

namespace ablate::data {

class SubwordModel {
 public:
  explicit SubwordModel(PieceTable pieces) : pieces_(std::move(pieces)) {}
  virtual ~SubwordModel() = default;

  /// Adds the ids of a word, which is not empty. May be called from several threads at once.
  virtual void encode(std::string_view word, std::vector<std::int32_t>& ids) const = 0;

  /// What stands for a word, or a character, that the vocabulary cannot write; none if such are left out.
  virtual std::optional<std::int32_t> unknown() const = 0;

  /// The model's own pieces, without those that a file adds to them.
  const PieceTable& pieces() const { return pieces_; }

 private:
  PieceTable pieces_;
};

/// Byte-pair encoding (Sennrich et al. 2016): the neighbours that were merged first in training are merged first.
/// Supports merges as "a b" and as ["a", "b"], `unk_token` with `fuse_unk`, and `ignore_merges`; throws UserError for
/// dropout, `byte_fallback`, prefixes and suffixes of pieces.
std::unique_ptr<SubwordModel> read_byte_pairs(const JsonPart& model);

/// WordPiece (Schuster and Nakajima 2012; Devlin et al. 2019): from the start on, the longest piece of the vocabulary;
/// a word that is not covered so, or has more than `max_input_chars_per_word` characters, is unknown.
std::unique_ptr<SubwordModel> read_word_pieces(const JsonPart& model);

}  // namespace ablate::data
