// The 256 bytes, after the special symbols: nothing to train, nothing unknown.
#include <array>
#include <cstdio>

#include "data/tokenizers/kinds.h"
#include "data/tokenizers/vocabulary.h"
#include "transformer/core/error.h"

namespace ablate::data {
namespace {

class Bytes final : public Tokenizer {
 public:
  std::vector<std::int32_t> encode(std::string_view line) const override {
    std::vector<std::int32_t> ids;
    ids.reserve(line.size());
    for (const char byte : line) ids.push_back(first_byte() + static_cast<unsigned char>(byte));
    return ids;
  }

  std::string decode(std::span<const std::int32_t> ids) const override {
    std::string line;
    for (const std::int32_t id : ids) {
      check_id(id, size());
      if (is_control(specials(), id)) continue;
      // encode never gives unk, a model may
      line += id == specials().unk ? special_pieces()[default_specials.unk]
                                   : std::string(1, static_cast<char>(id - first_byte()));
    }
    return line;
  }

  std::string piece(std::int32_t id) const override {
    check_id(id, size());
    if (id < first_byte()) return special_pieces()[static_cast<std::size_t>(id)];
    const std::int32_t byte = id - first_byte();
    if (byte > ' ' && byte < 0x7F) return {static_cast<char>(byte)};
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "<0x%02X>", static_cast<unsigned>(byte));
    return text.data();
  }

  std::int64_t size() const override { return first_byte() + 256; }
  Specials specials() const override { return default_specials; }
  std::string serialize() const override { return serialize_vocabulary("bytes", {}); }
  std::string extension() const override { return ".vocab.json"; }

 private:
  static std::int32_t first_byte() { return static_cast<std::int32_t>(special_pieces().size()); }
};

}  // namespace

std::unique_ptr<Tokenizer> make_bytes(const TokenizerConfig&, const NextLine&) { return std::make_unique<Bytes>(); }

std::unique_ptr<Tokenizer> restore_bytes(std::vector<std::string> pieces) {
  if (!pieces.empty()) throw UserError("a tokenizer of bytes has no pieces of its own");
  return std::make_unique<Bytes>();
}

}  // namespace ablate::data
