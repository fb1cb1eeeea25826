#pragma once
// Pieces to text: the `decoder` of a `tokenizer.json`.
#include <memory>
#include <string>
#include <vector>

#include "data/tokenizers/pipeline/json_part.h"

namespace ablate::data {

class PieceDecoder {
 public:
  virtual ~PieceDecoder() = default;
  virtual std::string decode(const std::vector<std::string_view>& pieces) const = 0;
};

/// Supported types: ByteLevel (what is no UTF-8 becomes U+FFFD) and WordPiece. Throws UserError that names the part for
/// all others.
std::unique_ptr<PieceDecoder> read_decoder(const JsonPart& part);

}  // namespace ablate::data
