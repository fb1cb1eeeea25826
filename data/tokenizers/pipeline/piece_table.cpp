#include "data/tokenizers/pipeline/piece_table.h"

namespace ablate::data {
namespace {

/// More than any vocabulary has: an id is not to ask for all the memory there is.
constexpr std::int32_t most_pieces = 1 << 24;

}  // namespace

void PieceTable::add(const std::string& piece, std::int32_t id, const JsonPart& place) {
  if (id >= most_pieces) place.fail("'" + piece + "' has the id " + std::to_string(id) + ", which is too large");
  const auto [entry, is_new] = ids_.emplace(piece, id);
  if (entry->second != id) {
    place.fail("'" + piece + "' has two ids: " + std::to_string(entry->second) + " and " + std::to_string(id));
  }
  if (!is_new) return;
  const auto index = static_cast<std::size_t>(id);
  if (index >= pieces_.size()) pieces_.resize(index + 1);
  if (pieces_[index]) {
    place.fail("the id " + std::to_string(id) + " has two pieces: '" + *pieces_[index] + "' and '" + piece + "'");
  }
  pieces_[index] = piece;
}

void PieceTable::check_complete(const JsonPart& place) const {
  if (pieces_.empty()) place.fail("the vocabulary is empty");
  for (std::size_t id = 0; id < pieces_.size(); ++id) {
    if (pieces_[id]) continue;
    place.fail("the vocabulary has a hole: no piece has the id " + std::to_string(id) + ", though ids go to " +
               std::to_string(pieces_.size() - 1));
  }
}

std::optional<std::int32_t> PieceTable::find(std::string_view piece) const {
  const auto found = ids_.find(piece);
  return found != ids_.end() ? std::optional(found->second) : std::nullopt;
}

PieceTable read_piece_table(const JsonPart& vocabulary) {
  if (!vocabulary.json().is_object()) vocabulary.fail("an object of pieces and ids is needed");
  PieceTable table;
  for (const auto& [piece, id] : vocabulary.json().items()) {
    table.add(piece, vocabulary.inner(id, "'" + piece + "'").id(), vocabulary);
  }
  return table;
}

}  // namespace ablate::data
