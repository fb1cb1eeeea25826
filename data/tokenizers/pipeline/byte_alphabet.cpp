#include "data/tokenizers/pipeline/byte_alphabet.h"

#include <array>

#include "data/tokenizers/pipeline/text.h"

namespace ablate::data {
namespace {

struct ByteAlphabet {
  std::array<std::string, 256> characters;
  std::array<int, 0x144> bytes;  ///< by character; -1: not of the alphabet
};

const ByteAlphabet& byte_alphabet() {
  static const ByteAlphabet alphabet = [] {
    ByteAlphabet made;
    made.bytes.fill(-1);
    UChar32 next = 0x100;
    for (int byte = 0; byte < 256; ++byte) {
      const bool prints = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
      const UChar32 character = prints ? byte : next++;
      append_character(made.characters[static_cast<std::size_t>(byte)], character);
      made.bytes[static_cast<std::size_t>(character)] = byte;
    }
    return made;
  }();
  return alphabet;
}

}  // namespace

std::string bytes_to_characters(std::string_view bytes) {
  const ByteAlphabet& alphabet = byte_alphabet();
  std::string characters;
  characters.reserve(bytes.size() + bytes.size() / 4);
  for (const char byte : bytes) characters += alphabet.characters[static_cast<unsigned char>(byte)];
  return characters;
}

void append_bytes_of(std::string_view piece, std::string& bytes) {
  const ByteAlphabet& alphabet = byte_alphabet();
  const std::size_t before = bytes.size();
  bool all_known = true;
  for_each_character(piece, [&](UChar32 character, std::string_view) {
    const auto index = static_cast<std::size_t>(character);
    const int byte = index < alphabet.bytes.size() ? alphabet.bytes[index] : -1;
    all_known = all_known && byte >= 0;
    bytes += static_cast<char>(byte);
  });
  if (all_known) return;
  bytes.resize(before);
  bytes += piece;
}

}  // namespace ablate::data
