#pragma once
// SentencePiece models whose pieces have other ids than the model itself gives them, or whose text is prepared in
// another way: a layer over SentencePiece for published models that were trained so. Which ones, and by which of their
// files one knows them, stands in piece_layouts.h.
//
// The file that stores such a tokenizer is JSON with the layout and the bytes of the SentencePiece model in it, these
// as the characters of byte_alphabet.h.
#include <memory>
#include <string>
#include <vector>

#include "data/tokenizers/tokenizer.h"

namespace ablate::data {

enum class TextReading {
  plain,           ///< as SentencePiece reads it
  language_codes,  ///< Marian: ">>de<< text" begins with a piece of its own, the language to translate into
  albert           ///< ALBERT: `` and '' become ", and a comma behind a digit is a piece of its own
};

/// Which piece has which id, and what is done to text beside cutting it.
struct PieceLayout {
  std::vector<std::string> pieces;   ///< by id; what SentencePiece finds in text and is none of them becomes unk
  std::vector<std::string> symbols;  ///< pieces that are found where a text says them, and left out of decoded text
  std::string pad{}, bos{}, eos{}, unk{};  ///< all among the pieces
  std::string mask{};                      ///< empty: none
  TextReading reading = TextReading::plain;
  bool strip_accents = false;  ///< NFKD first, then marks that stand on others are dropped
  bool lowercase = false;      ///< after that
};

/// The value of "kind" in the file of such a tokenizer.
inline constexpr const char* numbered_pieces_kind = "numbered_sentencepiece";

/// `model`: SentencePiece's serialized model; `source` names it in errors. Throws UserError if the layout has a piece
/// twice or names a symbol that is none of the pieces.
std::unique_ptr<Tokenizer> make_numbered_pieces(std::string model, PieceLayout layout, const std::string& source);

/// What serialize() of such a tokenizer wrote; null if `json` is the file of another kind. Throws UserError
/// "source: …" for what is no JSON and for a damaged file.
std::unique_ptr<Tokenizer> restore_numbered_pieces(const std::string& json, const std::string& source);

}  // namespace ablate::data
