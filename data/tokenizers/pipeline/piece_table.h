#pragma once
// The vocabulary of a published model: pieces by id and ids by piece.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/tokenizers/pipeline/json_part.h"
#include "data/tokenizers/vocabulary.h"

namespace ablate::data {

class PieceTable {
 public:
  /// Takes the entry {piece: id}. The same again changes nothing; throws UserError "place: …" if the piece has another
  /// id already, or the id another piece.
  void add(const std::string& piece, std::int32_t id, const JsonPart& place);

  /// Throws UserError "place: …" if an id below the largest has no piece, or there is no piece at all.
  void check_complete(const JsonPart& place) const;

  std::optional<std::int32_t> find(std::string_view piece) const;
  const std::string& piece(std::int32_t id) const { return *pieces_[static_cast<std::size_t>(id)]; }
  std::int32_t size() const { return static_cast<std::int32_t>(pieces_.size()); }

 private:
  std::vector<std::optional<std::string>> pieces_;
  StringMap<std::int32_t> ids_;
};

/// The entries of {"piece": id, …}.
PieceTable read_piece_table(const JsonPart& vocabulary);

}  // namespace ablate::data
