// Words between whitespace, as text that is tokenised already has them.
#include <algorithm>

#include "data/tokenizers/kinds.h"
#include "data/tokenizers/vocabulary.h"
#include "transformer/core/error.h"

namespace ablate::data {
namespace {

constexpr std::string_view whitespace = " \t\n\v\f\r";  // as std::isspace has it in the C locale

template <class Visit>
void for_each_word(std::string_view line, Visit visit) {
  for (std::size_t at = line.find_first_not_of(whitespace); at != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(whitespace, at), line.size());
    visit(line.substr(at, end - at));
    at = line.find_first_not_of(whitespace, end);
  }
}

class Words final : public VocabularyTokenizer {
 public:
  explicit Words(std::vector<std::string> pieces) : VocabularyTokenizer("words", std::move(pieces)) {}

  std::vector<std::int32_t> encode(std::string_view line) const override {
    std::vector<std::int32_t> ids;
    for_each_word(line, [&](std::string_view word) { ids.push_back(id_of(word)); });
    return ids;
  }

  std::string decode(std::span<const std::int32_t> ids) const override {
    std::string line;
    bool first = true;
    for (const std::int32_t id : ids) {
      if (is_control(specials(), id)) continue;
      if (!first) line += ' ';
      line += piece(id);
      first = false;
    }
    return line;
  }
};

}  // namespace

std::unique_ptr<Tokenizer> make_words(const TokenizerConfig& config, const NextLine& lines) {
  const std::string& unknown = special_pieces()[default_specials.unk];
  PieceCounts counts;
  for_each_line(lines, [&](std::string_view line) {
    for_each_word(line, [&](std::string_view word) {
      // Corpora write the unknown word so: it keeps its meaning.
      if (word != unknown) counts.add(word);
    });
  });
  return std::make_unique<Words>(counts.most_frequent(config));
}

std::unique_ptr<Tokenizer> restore_words(std::vector<std::string> pieces) {
  for (const std::string& word : pieces) {
    if (word.empty() || word.find_first_of(whitespace) != std::string::npos) {
      throw UserError("'" + word + "' is no word: it is empty or holds whitespace");
    }
  }
  return std::make_unique<Words>(std::move(pieces));
}

}  // namespace ablate::data
