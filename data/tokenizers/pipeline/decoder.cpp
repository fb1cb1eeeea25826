#include "data/tokenizers/pipeline/decoder.h"

#include <string_view>
#include <utility>

#include "data/tokenizers/pipeline/byte_alphabet.h"
#include "data/tokenizers/pipeline/component.h"
#include "data/tokenizers/pipeline/text.h"

namespace ablate::data {
namespace {

class ByteLevelDecoder final : public PieceDecoder {
 public:
  explicit ByteLevelDecoder(const JsonPart& part) {
    // The other settings are about the other direction.
    part.check_keys({"type", "add_prefix_space", "trim_offsets", "use_regex"});
  }
  std::string decode(const std::vector<std::string_view>& pieces) const override {
    std::string bytes;
    for (const std::string_view piece : pieces) append_bytes_of(piece, bytes);
    return valid_utf8(bytes);
  }
};

/// What WordPiece puts a space before is put back, each row in turn.
constexpr std::pair<std::string_view, std::string_view> clean_ups[] = {
    {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},    {" n't", "n't"},
    {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
};

void replace_all(std::string& text, std::string_view old, std::string_view replacement) {
  for (std::size_t at = 0; (at = text.find(old, at)) != std::string::npos; at += replacement.size()) {
    text.replace(at, old.size(), replacement);
  }
}

class WordPieceDecoder final : public PieceDecoder {
 public:
  explicit WordPieceDecoder(const JsonPart& part)
      : prefix_(part.text_if_given("prefix").value_or("##")), clean_up_(part.flag("cleanup", true)) {
    part.check_keys({"type", "prefix", "cleanup"});
  }
  std::string decode(const std::vector<std::string_view>& pieces) const override {
    std::string text;
    bool first = true;
    for (const std::string_view piece : pieces) {
      std::string word(piece);
      if (!first) word = piece.starts_with(prefix_) ? word.substr(prefix_.size()) : " " + word;
      // By piece: what goes over the border of two is left as it is.
      if (clean_up_) {
        for (const auto& [old, replacement] : clean_ups) replace_all(word, old, replacement);
      }
      text += word;
      first = false;
    }
    return text;
  }

 private:
  std::string prefix_;
  bool clean_up_;
};

constexpr ComponentRow<PieceDecoder> decoder_rows[] = {
    {"ByteLevel", make_component<ByteLevelDecoder>},
    {"WordPiece", make_component<WordPieceDecoder>},
};

}  // namespace

std::unique_ptr<PieceDecoder> read_decoder(const JsonPart& part) {
  return read_component<PieceDecoder>(part, decoder_rows);
}

}  // namespace ablate::data
