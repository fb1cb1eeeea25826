#include "data/tokenizers/vocabulary.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "transformer/config/json.h"
#include "transformer/core/code_points.h"
#include "transformer/core/error.h"

namespace ablate::data {

const std::vector<std::string>& special_pieces() {
  static const std::vector<std::string> pieces = {"<pad>", "<s>", "</s>", "<unk>"};
  return pieces;
}

bool is_control(const Specials& specials, std::int32_t id) {
  return id == specials.pad || id == specials.bos || id == specials.eos;
}

void check_id(std::int32_t id, std::int64_t size) {
  if (id >= 0 && id < size) return;
  throw UserError("token id " + std::to_string(id) + " is outside the vocabulary: ids are 0 to " +
                  std::to_string(size - 1));
}

std::string serialize_vocabulary(const std::string& kind, std::span<const std::string> pieces) {
  Json json = {{"kind", kind}, {"pieces", Json::array()}};
  for (const std::string& piece : pieces) json["pieces"].push_back(piece);
  return json.dump(1) + "\n";
}

void for_each_line(const NextLine& lines, const std::function<void(std::string_view)>& visit) {
  std::int64_t number = 0;
  std::string line;
  while (lines(line)) {
    ++number;
    if (!is_utf8(line)) {
      throw UserError("line " + std::to_string(number) + " of the tokenizer's training text is not valid UTF-8");
    }
    visit(line);
  }
}

void PieceCounts::add(std::string_view piece) {
  const auto found = counts_.find(piece);
  if (found != counts_.end()) {
    ++found->second;
  } else {
    counts_.emplace(piece, 1);
  }
}

std::vector<std::string> PieceCounts::most_frequent(const TokenizerConfig& config) const {
  if (counts_.empty()) throw UserError("the training text of the tokenizer is empty");
  std::vector<std::pair<std::string_view, std::int64_t>> sorted;
  for (const auto& [piece, count] : counts_) {
    if (count >= config.min_count) sorted.emplace_back(piece, count);
  }
  if (sorted.empty()) {
    throw UserError("min_count " + std::to_string(config.min_count) +
                    " leaves no piece of the tokenizer's training text: set it lower");
  }
  // Bytes of UTF-8 compare as code points do.
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  if (config.max_vocabulary) {
    const auto room = static_cast<std::size_t>(*config.max_vocabulary) - special_pieces().size();
    sorted.resize(std::min(sorted.size(), room));
  }
  std::vector<std::string> pieces;
  for (const auto& [piece, count] : sorted) pieces.emplace_back(piece);
  return pieces;
}

VocabularyTokenizer::VocabularyTokenizer(std::string kind, std::vector<std::string> pieces)
    : kind_(std::move(kind)), pieces_(special_pieces()) {
  for (std::string& piece : pieces) {
    if (!ids_.emplace(piece, static_cast<std::int32_t>(pieces_.size())).second) {
      throw UserError("the vocabulary holds '" + piece + "' twice");
    }
    pieces_.push_back(std::move(piece));
  }
}

std::string VocabularyTokenizer::piece(std::int32_t id) const {
  check_id(id, size());
  return pieces_[static_cast<std::size_t>(id)];
}

std::int32_t VocabularyTokenizer::id_of(std::string_view piece) const {
  const auto found = ids_.find(piece);
  return found != ids_.end() ? found->second : static_cast<std::int32_t>(default_specials.unk);
}

std::string VocabularyTokenizer::serialize() const {
  return serialize_vocabulary(kind_, std::span(pieces_).subspan(special_pieces().size()));
}

}  // namespace ablate::data
