#include "experiments/cli/tokenizer_pieces.h"

#include "transformer/core/error.h"

#include <charconv>
#include <sstream>

namespace ablate::cli {
namespace {

std::vector<std::string> split_at_spaces(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; std::getline(stream, word, ' ');) {
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

/// Spaces divide pieces and line ends divide lines, so a piece is shown without either.
std::string visible(const std::string& piece) {
  std::string shown;
  for (const char byte : piece) shown += byte == ' ' ? "<0x20>" : byte == '\n' ? "<0x0A>" : std::string(1, byte);
  return shown;
}

}  // namespace

std::string ids_to_text(const std::vector<std::int32_t>& ids) {
  std::string line;
  for (const std::int32_t id : ids) line += (line.empty() ? "" : " ") + std::to_string(id);
  return line;
}

std::vector<std::int32_t> text_to_ids(const std::string& line) {
  std::vector<std::int32_t> ids;
  for (const std::string& word : split_at_spaces(line)) {
    std::int32_t id = 0;
    const char* end = word.data() + word.size();
    const auto [stop, error] = std::from_chars(word.data(), end, id);
    if (error != std::errc() || stop != end) throw UserError("'" + word + "' is not a token id");
    ids.push_back(id);
  }
  return ids;
}

PieceText::PieceText(const data::Tokenizer& tokenizer) {
  const data::Specials specials = tokenizer.specials();
  const auto is_special = [&](std::int64_t id) {
    return id == specials.pad || id == specials.bos || id == specials.eos || id == specials.unk;
  };
  for (std::int64_t id = 0; id < tokenizer.size(); ++id) {
    pieces_.push_back(visible(tokenizer.piece(static_cast<std::int32_t>(id))));
    // A word may be written like a special symbol; what stands in a text is the word.
    const auto [entry, is_new] = ids_.emplace(pieces_.back(), static_cast<std::int32_t>(id));
    if (!is_new && is_special(entry->second)) entry->second = static_cast<std::int32_t>(id);
  }
}

std::string PieceText::show(const std::vector<std::int32_t>& ids) const {
  std::string line;
  for (const std::int32_t id : ids) line += (line.empty() ? "" : " ") + pieces_.at(static_cast<std::size_t>(id));
  return line;
}

std::vector<std::int32_t> PieceText::read(const std::string& line) const {
  std::vector<std::int32_t> ids;
  for (const std::string& word : split_at_spaces(line)) {
    const auto found = ids_.find(word);
    if (found == ids_.end()) throw UserError("'" + word + "' is no piece of the vocabulary");
    ids.push_back(found->second);
  }
  return ids;
}

}  // namespace ablate::cli
