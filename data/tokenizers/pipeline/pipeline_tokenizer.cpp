// A line goes through the parts of a `tokenizer.json` in turn: added tokens are cut out, the text between them is
// normalised, cut into words, and the words into pieces of the vocabulary.
#include <map>
#include <set>
#include <utility>

#include "data/tokenizers/kinds.h"
#include "data/tokenizers/pipeline/added_tokens.h"
#include "data/tokenizers/pipeline/decoder.h"
#include "data/tokenizers/pipeline/normalizer.h"
#include "data/tokenizers/pipeline/pipeline_specials.h"
#include "data/tokenizers/pipeline/pre_tokenizer.h"
#include "data/tokenizers/pipeline/published_files.h"
#include "data/tokenizers/pipeline/subword_model.h"
#include "data/tokenizers/pipeline/text.h"
#include "data/tokenizers/vocabulary.h"
#include "transformer/core/error.h"

namespace ablate::data {
namespace {

constexpr std::string_view byte_level_kind = "byte_level_bpe";
constexpr std::string_view word_piece_kind = "wordpiece";

/// ICU counts with 32 bits, and normalising may make a text longer.
constexpr std::size_t longest_line = std::size_t{1} << 30;  // bytes

/// The kind of tokenizer whose model the file has. Older files do not name its type.
std::string_view kind_of_model(const JsonPart& model) {
  if (!model.json().is_object()) model.fail("an object is needed");
  const std::string type = model.text_if_given("type").value_or(
      model.has("merges") ? "BPE" : (model.has("max_input_chars_per_word") ? "WordPiece" : ""));
  if (type == "BPE") return byte_level_kind;
  if (type == "WordPiece") return word_piece_kind;
  model.fail("the type '" + type + "' is not supported; supported are BPE and WordPiece. If the file was made from a " +
             "SentencePiece model, name that one");
}

class PipelineTokenizer final : public Tokenizer {
 public:
  PipelineTokenizer(std::string bytes, const JsonPart& file) : bytes_(std::move(bytes)) {
    file.check_keys({"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
                     "post_processor", "decoder", "model"});
    file.check_unset("truncation", "text would be cut; set it to null");
    file.check_unset("padding", "batches are padded apart; set it to null");
    const JsonPart model = file.at("model");
    is_word_piece_ = kind_of_model(model) == word_piece_kind;
    model_ = is_word_piece_ ? read_word_pieces(model) : read_byte_pairs(model);
    if (file.has("normalizer")) normalizer_ = read_normalizer(file.at("normalizer"));
    if (file.has("pre_tokenizer")) pre_tokenizer_ = read_pre_tokenizer(file.at("pre_tokenizer"));
    decoder_ = read_decoder(file.at("decoder"));
    take_added_tokens(file);
    take_specials(file, is_word_piece_);
  }

  std::vector<std::int32_t> encode(std::string_view line) const override {
    if (line.size() > longest_line) throw UserError("a line of more than 1 GiB is too long for the tokenizer");
    std::vector<std::int32_t> ids;
    for (Section& section : added_->split(valid_utf8(line), normalizer_.get())) {
      if (section.id >= 0) {
        ids.push_back(section.id);
        continue;
      }
      std::vector<std::string> words;
      words.push_back(std::move(section.text));
      if (pre_tokenizer_) pre_tokenizer_->apply(words);
      for (const std::string& word : words) model_->encode(word, ids);
    }
    return ids;
  }

  std::string decode(std::span<const std::int32_t> ids) const override {
    std::vector<std::string_view> pieces;
    for (const std::int32_t id : ids) {
      check_id(id, size());
      if (is_control(specials_, id)) continue;
      const auto found = normalized_.find(id);
      const std::string& piece = found != normalized_.end() ? found->second : pieces_.piece(id);
      if (!special_names_.contains(piece)) pieces.push_back(piece);
    }
    return decoder_->decode(pieces);
  }

  std::string piece(std::int32_t id) const override {
    check_id(id, size());
    return id < pieces_.size() ? pieces_.piece(id) : symbols_[static_cast<std::size_t>(id - pieces_.size())];
  }

  /// BERT's [MASK], or the <mask> of RoBERTa and BART.
  std::optional<std::int64_t> mask() const override {
    for (const char* name : {"[MASK]", "<mask>"}) {
      const auto id = pieces_.find(name);
      if (id && special_names_.contains(name)) return *id;
    }
    return std::nullopt;
  }

  /// Pieces of WordPiece that go on with a word begin with ##; the bytes of a space begin a word of the others.
  bool begins_word(std::int32_t id) const override {
    const std::string text = piece(id);
    if (special_names_.contains(text) || is_control(specials_, id)) return true;
    if (is_word_piece_) return !text.starts_with("##");
    return text.starts_with("\u0120") || text.starts_with("\u010a") || text.starts_with("\u0109");
  }

  std::int64_t size() const override { return pieces_.size() + static_cast<std::int64_t>(symbols_.size()); }
  Specials specials() const override { return specials_; }
  std::string serialize() const override { return bytes_; }
  std::string extension() const override { return ".json"; }

 private:
  void take_added_tokens(const JsonPart& file) {
    std::vector<AddedToken> tokens;
    pieces_ = model_->pieces();
    if (file.has("added_tokens")) {
      const JsonPart list = file.at("added_tokens");
      tokens = read_added_tokens(list);
      for (const AddedToken& token : tokens) pieces_.add(token.content, token.id, list);
    }
    pieces_.check_complete(file);
    added_.emplace(tokens, normalizer_.get(), file);
    for (const AddedToken& token : tokens) {
      if (token.special) special_names_.insert(token.content);
      if (token.normalized && normalizer_) normalized_[token.id] = normalizer_->normalize(token.content);
    }
  }

  void take_specials(const JsonPart& file, bool is_word_piece) {
    const auto find_special = [&](std::string_view name) -> std::optional<std::int32_t> {
      const auto id = pieces_.find(name);
      // Byte-level models may have learnt an ordinary piece of such a name; WordPiece cuts text at brackets.
      return is_word_piece || special_names_.contains(std::string(name)) ? id : std::nullopt;
    };
    const auto own_or_added = [&](SpecialRole role, const std::optional<std::string>& told,
                                  std::int64_t name) -> std::int64_t {
      if (told) {
        if (const auto id = pieces_.find(*told)) return *id;
        file.at("post_processor").fail("'" + *told + "' is not in the vocabulary");
      }
      if (const auto id = find_well_known(role, find_special)) return *id;
      symbols_.push_back(special_pieces()[static_cast<std::size_t>(name)]);
      return size() - 1;
    };
    Surroundings around;
    if (file.has("post_processor")) around = read_surroundings(file.at("post_processor"));
    specials_.pad = own_or_added(SpecialRole::pad, std::nullopt, default_specials.pad);
    specials_.bos = own_or_added(SpecialRole::bos, around.before, default_specials.bos);
    specials_.eos = own_or_added(SpecialRole::eos, around.after, default_specials.eos);
    const auto unknown = model_->unknown() ? model_->unknown() : find_well_known(SpecialRole::unk, find_special);
    specials_.unk = unknown ? *unknown : nothing_unknown;
  }

  bool is_word_piece_ = false;
  std::string bytes_;
  std::unique_ptr<SubwordModel> model_;
  std::unique_ptr<Normalizer> normalizer_;       ///< may be null
  std::unique_ptr<PreTokenizer> pre_tokenizer_;  ///< may be null
  std::unique_ptr<PieceDecoder> decoder_;
  std::optional<AddedTokens> added_;
  PieceTable pieces_;                               ///< the model's and the added tokens
  std::set<std::string> special_names_;             ///< what is left out of decoded text
  std::map<std::int32_t, std::string> normalized_;  ///< added tokens that are found, and decoded, in normalised text
  std::vector<std::string> symbols_;  ///< pad, bos and eos, if the file lacks them; their ids follow its own
  Specials specials_{};
};

/// `kind`: the one that the file must hold; empty: any.
std::unique_ptr<Tokenizer> read_pipeline(std::string bytes, const std::string& source, std::string_view kind) {
  const nlohmann::json json = parse_without_repeats(bytes, source);
  const JsonPart file(json, source);
  const std::string_view found = kind_of_model(file.at("model"));
  if (!kind.empty() && kind != found) {
    throw UserError(source + ": data.tokenizer.kind must be '" + std::string(found) + "' for this file, not '" +
                    std::string(kind) + "'");
  }
  return std::make_unique<PipelineTokenizer>(std::move(bytes), file);
}

std::unique_ptr<Tokenizer> make_pipeline(const TokenizerConfig& config, std::string_view kind) {
  if (!config.model) throw UserError("data.tokenizer.model: names no file, which '" + std::string(kind) + "' reads");
  const std::filesystem::path file = published_file(*config.model);
  std::optional<std::string> json = published_json(read_tokenizer_file(file), file, config.lowercase);
  if (json) return read_pipeline(std::move(*json), file.string(), kind);
  throw UserError(file.string() + ": no tokenizer of the kind '" + std::string(kind) +
                  "': neither a tokenizer.json nor a vocab.json nor a vocab.txt with [UNK]");
}

}  // namespace

std::unique_ptr<Tokenizer> make_byte_level_bpe(const TokenizerConfig& config, const NextLine&) {
  return make_pipeline(config, byte_level_kind);
}

std::unique_ptr<Tokenizer> make_wordpiece(const TokenizerConfig& config, const NextLine&) {
  return make_pipeline(config, word_piece_kind);
}

std::string stored_pipeline(const TokenizerConfig& config) {
  const std::filesystem::path file = published_file(*config.model);
  std::string bytes = read_tokenizer_file(file);
  std::optional<std::string> json = published_json(bytes, file, config.lowercase);
  return json ? std::move(*json) : std::move(bytes);
}

std::unique_ptr<Tokenizer> restore_pipeline(std::string json, const std::string& source) {
  return read_pipeline(std::move(json), source, {});
}

}  // namespace ablate::data
