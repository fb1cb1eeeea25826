#include "data/tokenizers/numbered_pieces.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <sentencepiece_processor.h>
#include <nlohmann/json.hpp>

#include "data/tokenizers/albert_text.h"
#include "data/tokenizers/pipeline/added_tokens.h"
#include "data/tokenizers/pipeline/byte_alphabet.h"
#include "data/tokenizers/pipeline/json_part.h"
#include "data/tokenizers/pipeline/text.h"
#include "data/tokenizers/vocabulary.h"
#include "transformer/config/json.h"
#include "transformer/core/error.h"

namespace ablate::data {
namespace {

constexpr std::pair<const char*, TextReading> reading_names[] = {
    {"plain", TextReading::plain},
    {"language_codes", TextReading::language_codes},
    {"albert", TextReading::albert},
};

const char* name_of(TextReading reading) {
  for (const auto& [name, value] : reading_names) {
    if (value == reading) return name;
  }
  throw RunError("a way of reading text has no name");
}

TextReading read_reading(const JsonPart& part) {
  const std::string text = part.text();
  for (const auto& [name, value] : reading_names) {
    if (text == name) return value;
  }
  part.fail("'" + text + "' is no way of reading text");
}

constexpr std::string_view word_boundary = "\u2581";  ///< SentencePiece's mark of a space

/// Without the white space at both ends, as Python's str.strip() has it.
std::string stripped(const std::string& text) {
  std::size_t start = text.size(), end = 0, at = 0;
  for_each_character(text, [&](UChar32 character, std::string_view bytes) {
    const bool is_space = u_isUWhiteSpace(character) != 0 || (character >= 0x1C && character <= 0x1F);
    if (!is_space) {
      start = std::min(start, at);
      end = at + bytes.size();
    }
    at += bytes.size();
  });
  return start < end ? text.substr(start, end - start) : "";
}

class NumberedPieces final : public Tokenizer {
 public:
  NumberedPieces(std::string model, PieceLayout layout, const std::string& source)
      : model_(std::move(model)), layout_(std::move(layout)) {
    if (const auto status = processor_.LoadFromSerializedProto(model_); !status.ok()) {
      throw UserError(source + ": holds no SentencePiece model");
    }
    for (const std::string& piece : layout_.pieces) {
      if (piece.empty()) throw UserError(source + ": a piece is empty");
      const bool is_new = ids_.emplace(piece, static_cast<std::int32_t>(ids_.size())).second;
      if (!is_new) throw UserError(source + ": the piece '" + piece + "' has two ids");
    }
    const auto known = [&](const std::string& symbol) {
      const auto found = ids_.find(symbol);
      if (found == ids_.end()) throw UserError(source + ": '" + symbol + "' is none of the pieces");
      return found->second;
    };
    specials_ = {
        .pad = known(layout_.pad), .bos = known(layout_.bos), .eos = known(layout_.eos), .unk = known(layout_.unk)};
    if (!layout_.mask.empty()) mask_ = known(layout_.mask);
    is_symbol_.assign(layout_.pieces.size(), false);
    for (const std::int64_t id : {specials_.pad, specials_.bos, specials_.eos}) {
      is_symbol_[static_cast<std::size_t>(id)] = true;
    }
    for (const std::string& symbol : layout_.symbols) {
      const std::int32_t id = known(symbol);
      is_symbol_[static_cast<std::size_t>(id)] = true;
      const AddedToken token{.id = id,
                             .content = symbol,
                             .single_word = false,
                             .lstrip = false,
                             .rstrip = false,
                             .normalized = false,
                             .special = true};
      symbols_.add(token, symbol);
    }
  }

  std::vector<std::int32_t> encode(std::string_view line) const override {
    std::vector<std::int32_t> ids;
    for (const Section& section : symbols_.split(line)) {
      if (section.id >= 0) {
        ids.push_back(section.id);
      } else {
        append_ids(section.text, ids);
      }
    }
    return ids;
  }

  std::string decode(std::span<const std::int32_t> ids) const override {
    std::vector<std::string> pieces;
    for (const std::int32_t id : ids) {
      check_id(id, size());
      if (!is_symbol_[static_cast<std::size_t>(id)]) pieces.push_back(layout_.pieces[static_cast<std::size_t>(id)]);
    }
    std::string line;
    check(processor_.Decode(pieces, &line), "decode");
    if (layout_.reading != TextReading::language_codes) return line;
    // Pieces of the other language's model, which shares the ids, come back as they stand.
    for (std::size_t at = 0; (at = line.find(word_boundary, at)) != std::string::npos;) {
      line.replace(at, word_boundary.size(), " ");
    }
    return stripped(line);
  }

  std::string piece(std::int32_t id) const override {
    check_id(id, size());
    return layout_.pieces[static_cast<std::size_t>(id)];
  }

  bool begins_word(std::int32_t id) const override {
    const std::string text = piece(id);
    return is_symbol_[static_cast<std::size_t>(id)] || text.starts_with(word_boundary);
  }

  std::int64_t size() const override { return static_cast<std::int64_t>(layout_.pieces.size()); }
  Specials specials() const override { return specials_; }
  std::optional<std::int64_t> mask() const override { return mask_; }
  std::string extension() const override { return ".vocab.json"; }

  std::string serialize() const override {
    const Json json = {{"kind", numbered_pieces_kind},
                       {"reading", name_of(layout_.reading)},
                       {"strip_accents", layout_.strip_accents},
                       {"lowercase", layout_.lowercase},
                       {"pad", layout_.pad},
                       {"bos", layout_.bos},
                       {"eos", layout_.eos},
                       {"unk", layout_.unk},
                       {"mask", layout_.mask},
                       {"symbols", layout_.symbols},
                       {"pieces", layout_.pieces},
                       {"model", bytes_to_characters(model_)}};
    return json.dump(1) + "\n";
  }

 private:
  static void check(const sentencepiece::util::Status& status, const char* action) {
    if (status.ok()) return;
    throw RunError(std::string("SentencePiece could not ") + action + ": " + status.ToString());
  }

  /// Symbols are found in text by name alone: SentencePiece may call a stretch of unknown letters the same.
  std::int32_t id_of(std::string_view piece) const {
    const auto found = ids_.find(piece);
    const bool is_piece = found != ids_.end() && !is_symbol_[static_cast<std::size_t>(found->second)];
    return is_piece ? found->second : static_cast<std::int32_t>(specials_.unk);
  }

  std::vector<std::string> cut(std::string_view text) const {
    std::vector<std::string> pieces;
    check(processor_.Encode(text, &pieces), "encode");
    return pieces;
  }

  void append_ids(std::string_view text, std::vector<std::int32_t>& ids) const {
    if (layout_.reading == TextReading::language_codes && text.starts_with(">>")) {
      if (const std::size_t end = text.find("<<"); end != std::string_view::npos) {
        ids.push_back(id_of(text.substr(0, end + 2)));
        text.remove_prefix(end + 2);
      }
    }
    const bool is_albert = layout_.reading == TextReading::albert;
    std::string prepared = is_albert ? with_plain_quotes(valid_utf8(text)) : std::string(text);
    if (layout_.strip_accents) prepared = without_accents(valid_utf8(prepared));
    if (layout_.lowercase) prepared = in_small_letters(valid_utf8(prepared));
    std::vector<std::string> pieces = cut(prepared);
    if (is_albert) pieces = with_commas_apart(pieces, [this](const std::string& number) { return cut(number); });
    for (const std::string& piece : pieces) ids.push_back(id_of(piece));
  }

  std::string model_;
  PieceLayout layout_;
  sentencepiece::SentencePieceProcessor processor_;
  StringMap<std::int32_t> ids_;
  TokenFinder symbols_;
  std::vector<bool> is_symbol_;  ///< by id; what decoding leaves out
  Specials specials_{};
  std::optional<std::int64_t> mask_;
};

std::vector<std::string> texts_of(const JsonPart& list) {
  std::vector<std::string> texts;
  for (const JsonPart& item : list.items()) texts.push_back(item.text());
  return texts;
}

}  // namespace

std::unique_ptr<Tokenizer> make_numbered_pieces(std::string model, PieceLayout layout, const std::string& source) {
  return std::make_unique<NumberedPieces>(std::move(model), std::move(layout), source);
}

std::unique_ptr<Tokenizer> restore_numbered_pieces(const std::string& json, const std::string& source) {
  const nlohmann::json parsed = parse_without_repeats(json, source);
  const auto kind = parsed.find("kind");
  if (kind == parsed.end() || !kind->is_string() || kind->get<std::string>() != numbered_pieces_kind) return nullptr;
  const JsonPart file(parsed, source);
  file.check_keys({"kind", "reading", "strip_accents", "lowercase", "pad", "bos", "eos", "unk", "mask", "symbols",
                   "pieces", "model"});
  std::string model;
  append_bytes_of(file.text("model"), model);
  return make_numbered_pieces(std::move(model),
                              {.pieces = texts_of(file.at("pieces")),
                               .symbols = texts_of(file.at("symbols")),
                               .pad = file.text("pad"),
                               .bos = file.text("bos"),
                               .eos = file.text("eos"),
                               .unk = file.text("unk"),
                               .mask = file.text("mask"),
                               .reading = read_reading(file.at("reading")),
                               .strip_accents = file.at("strip_accents").flag(),
                               .lowercase = file.at("lowercase").flag()},
                              source);
}

}  // namespace ablate::data
