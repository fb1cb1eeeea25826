// Unicode code points, every one of them: spaces and newlines too.
#include "data/tokenizers/kinds.h"
#include "data/tokenizers/vocabulary.h"
#include "transformer/core/code_points.h"
#include "transformer/core/error.h"

namespace ablate::data {
namespace {

constexpr std::string_view replacement_character = "\xEF\xBF\xBD";  // U+FFFD

class Characters final : public VocabularyTokenizer {
 public:
  explicit Characters(std::vector<std::string> pieces) : VocabularyTokenizer("characters", std::move(pieces)) {}

  std::vector<std::int32_t> encode(std::string_view line) const override {
    std::vector<std::int32_t> ids;
    ids.reserve(line.size());
    for_each_code_point(line, [&](std::string_view character, bool) { ids.push_back(id_of(character)); });
    return ids;
  }

  std::string decode(std::span<const std::int32_t> ids) const override {
    std::string line;
    for (const std::int32_t id : ids) {
      if (is_control(specials(), id)) continue;
      line += id == specials().unk ? std::string(replacement_character) : piece(id);
    }
    return line;
  }
};

bool is_one_character(std::string_view piece) {
  int characters = 0;
  for_each_code_point(piece, [&](std::string_view, bool) { ++characters; });
  return characters == 1;
}

}  // namespace

std::unique_ptr<Tokenizer> make_characters(const TokenizerConfig& config, const NextLine& lines) {
  PieceCounts counts;
  for_each_line(lines, [&](std::string_view line) {
    for_each_code_point(line, [&](std::string_view character, bool) { counts.add(character); });
  });
  return std::make_unique<Characters>(counts.most_frequent(config));
}

std::unique_ptr<Tokenizer> restore_characters(std::vector<std::string> pieces) {
  for (const std::string& piece : pieces) {
    if (!is_one_character(piece)) throw UserError("'" + piece + "' is not one character");
  }
  return std::make_unique<Characters>(std::move(pieces));
}

}  // namespace ablate::data
