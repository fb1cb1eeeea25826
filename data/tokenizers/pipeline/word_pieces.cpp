#include "data/tokenizers/pipeline/subword_model.h"
#include "data/tokenizers/pipeline/text.h"

namespace ablate::data {
namespace {

constexpr std::int32_t longest_word = 100;  ///< characters, unless the file says otherwise

std::int32_t characters_in(std::string_view text) {
  std::int32_t count = 0;
  for_each_code_point(text, [&](std::string_view, bool) { ++count; });
  return count;
}

class WordPieces final : public SubwordModel {
 public:
  explicit WordPieces(const JsonPart& model)
      : SubwordModel(read_piece_table(model.at("vocab"))),
        prefix_(model.text_if_given("continuing_subword_prefix").value_or("##")),
        longest_word_(model.has("max_input_chars_per_word") ? model.at("max_input_chars_per_word").id()
                                                            : longest_word) {
    model.check_keys({"type", "vocab", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word"});
    const std::string unknown = model.text_if_given("unk_token").value_or("[UNK]");
    const std::optional<std::int32_t> id = pieces().find(unknown);
    if (!id) model.fail("the vocabulary lacks '" + unknown + "', which unknown words become");
    unknown_ = *id;
  }

  void encode(std::string_view word, std::vector<std::int32_t>& ids) const override {
    const std::size_t before = ids.size();
    if (characters_in(word) <= longest_word_ && cover(word, ids)) return;
    ids.resize(before);
    ids.push_back(unknown_);
  }

  std::optional<std::int32_t> unknown() const override { return unknown_; }

 private:
  /// False if what is left of the word begins with no piece.
  bool cover(std::string_view word, std::vector<std::int32_t>& ids) const {
    std::string piece;
    for (std::size_t start = 0; start < word.size();) {
      const std::string_view prefix = start == 0 ? std::string_view() : prefix_;
      piece.assign(prefix).append(word.substr(start));
      std::optional<std::int32_t> id = pieces().find(piece);
      while (!id && piece.size() > prefix.size()) {
        drop_last_character(piece);
        if (piece.size() > prefix.size()) id = pieces().find(piece);
      }
      if (!id) return false;
      ids.push_back(*id);
      start += piece.size() - prefix.size();
    }
    return true;
  }

  static void drop_last_character(std::string& text) {
    while ((static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) text.pop_back();
    text.pop_back();
  }

  std::string prefix_;
  std::int32_t longest_word_;
  std::int32_t unknown_ = 0;
};

}  // namespace

std::unique_ptr<SubwordModel> read_word_pieces(const JsonPart& model) { return std::make_unique<WordPieces>(model); }

}  // namespace ablate::data
