#include "data/tokenizers/tokenizer.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "data/tokenizers/kinds.h"
#include "data/tokenizers/labels.h"
#include "data/tokenizers/numbered_pieces.h"
#include "data/tokenizers/pipeline/published_files.h"
#include "transformer/config/document.h"
#include "transformer/core/error.h"

namespace ablate::data {
namespace {

struct Kind {
  MakeTokenizer make;
  RestoreTokenizer restore;          ///< nullptr: its file is not a list of pieces
  StoredTokenizer stored = nullptr;  ///< nullptr: the bytes come of building it
};

constexpr config::Variant<Kind> kind_rows[] = {
    {{"sentencepiece", "subwords of raw text, spaces included", "Kudo and Richardson 2018",
      "model target_model model_type vocabulary_size target_vocabulary_size character_coverage normalization "
      "byte_fallback remove_extra_whitespaces add_dummy_prefix sample_lines pad_id bos_id eos_id unk_id"},
     {make_sentencepiece, nullptr}},
    {{"words", "what stands between whitespace", "", "model target_model max_vocabulary min_count"},
     {make_words, restore_words}},
    {{"characters", "Unicode code points, spaces and newlines included", "",
      "model target_model max_vocabulary min_count"},
     {make_characters, restore_characters}},
    {{"bytes", "the 256 bytes; nothing to train", "Xue et al. 2022", ""}, {make_bytes, restore_bytes}},
    {{"byte_level_bpe", "pairs of bytes, merged: reads a published model's tokenizer.json or vocab.json and merges.txt",
      "Radford et al. 2019, section 2.2", "model target_model"},
     {make_byte_level_bpe, nullptr, stored_pipeline}},
    {{"wordpiece", "the longest pieces of each word: reads a published model's tokenizer.json or vocab.txt",
      "Devlin et al. 2019", "model target_model lowercase"},
     {make_wordpiece, nullptr, stored_pipeline}},
};
constexpr config::VariantTable<Kind> kinds{"tokenizer", kind_rows};

struct NoValue {};

constexpr config::Variant<NoValue> model_type_rows[] = {
    {{"bpe", "merges the most frequent pair of neighbours, again and again", "Sennrich et al. 2016", ""}, {}},
    {{"unigram", "prunes a large vocabulary by the likelihood of a unigram language model", "Kudo 2018", ""}, {}},
    {{"char", "single characters", "", ""}, {}},
    {{"word", "words between spaces", "", ""}, {}},
};
constexpr config::VariantTable<NoValue> model_types{"SentencePiece model type", model_type_rows};

constexpr config::Variant<NoValue> normalization_rows[] = {
    {{"identity", "the text as it is", "", ""}, {}},
    {{"nmt_nfkc", "NFKC, control characters removed, all kinds of spaces and line ends to a space", "", ""}, {}},
    {{"nfkc", "Unicode normalisation form KC: compatibility characters composed", "Unicode annex 15", ""}, {}},
    {{"nmt_nfkc_cf", "nmt_nfkc, then case folding", "", ""}, {}},
    {{"nfkc_cf", "nfkc, then case folding", "", ""}, {}},
};
constexpr config::VariantTable<NoValue> normalizations{"SentencePiece normalisation", normalization_rows};

constexpr config::Range vocabulary_range{5, 1 << 30};  // four special symbols and something to write with
constexpr config::Range coverage_range{0.98, 1};       // what SentencePiece accepts
constexpr config::Range id_range{0, 1 << 30};

std::unique_ptr<Tokenizer> restore_vocabulary(const std::string& bytes, const std::string& source) {
  const Json json = config::parse_json(bytes, source);
  const auto kind = json.find("kind");
  if (kind != json.end() && *kind == numbered_pieces_kind) return restore_numbered_pieces(bytes, source);
  const auto pieces = json.find("pieces");
  const bool well_formed =
      json.size() == 2 && kind != json.end() && kind->is_string() && pieces != json.end() && pieces->is_array();
  if (!well_formed) throw UserError(source + ": not a tokenizer: expected {\"kind\": text, \"pieces\": list}");
  std::vector<std::string> texts;
  for (const Json& piece : *pieces) {
    if (!piece.is_string()) throw UserError(source + ": not a tokenizer: a piece is " + piece.dump());
    texts.push_back(piece.get<std::string>());
  }
  try {
    const auto name = kind->get<std::string>();
    // Labels are made of a corpus, never chosen.
    if (name == "labels") return restore_labels(std::move(texts));
    if (name == "numbers") return restore_numbers(std::move(texts));
    const RestoreTokenizer restore = kinds.at(name).restore;
    if (restore == nullptr) throw UserError("the kind '" + name + "' is not stored as a list");
    return restore(std::move(texts));
  } catch (const UserError& error) {
    throw UserError(source + ": " + error.what());
  }
}

/// The list of pieces that `config.model` names.
std::unique_ptr<Tokenizer> read_vocabulary(const TokenizerConfig& config) {
  const std::string bytes = read_tokenizer_file(*config.model);
  const Json json = bytes.front() == '{' ? config::parse_json(bytes, *config.model) : Json::object();
  const auto kind = json.find("kind");
  if (kind == json.end() || !kind->is_string() || kind->get<std::string>() != config.kind) {
    throw UserError(*config.model + ": 'model' must name a vocabulary of the kind '" + config.kind +
                    "', as it lies in the folder of a run or as `ablate tokenizer train` writes it");
  }
  return restore_vocabulary(bytes, *config.model);
}

}  // namespace

config::Choices tokenizer_kinds() { return kinds.choices(); }
config::Choices sentencepiece_model_types() { return model_types.choices(); }
config::Choices sentencepiece_normalizations() { return normalizations.choices(); }

void TokenizerConfig::describe(config::Fields& f) {
  f.variant(kind, tokenizer_kinds(), "how text is cut into tokens");
  f.field("joint", joint, "one vocabulary for source and target");
  describe_existing_model(f);
  describe_sentencepiece_training(f);
  const char* const is_trained = "has no effect: 'model' names a vocabulary that is there already";
  f.only_if(!model, is_trained, "model")
      .field("max_vocabulary", max_vocabulary, "keep the most frequent, special symbols included; null: keep all",
             vocabulary_range);
  f.only_if(!model, is_trained, "model")
      .field("min_count", min_count, "leave out what occurs less often", config::at_least_one);
}

void TokenizerConfig::describe_existing_model(config::Fields& f) {
  f.field("model", model, "file of an existing tokenizer of this kind, instead of training one");
  const bool reads_a_file = kind == "byte_level_bpe" || kind == "wordpiece";
  f.check(!reads_a_file || model, "model",
          "needed: '" + kind + "' is not trained; it reads the file of a published model, which this names");
  f.only_if(model.has_value() && !joint, "has an effect only with 'model' and with 'joint' false")
      .field("target_model", target_model, "the existing model of the target's own vocabulary");
  f.check(!model || joint || target_model, "target_model",
          "needed: 'joint' is false and 'model' is the source's; name the target's, or set 'joint' to true");
  f.field("lowercase", lowercase, "put text into small letters: for a vocab.txt, which does not tell; no other file");
}

void TokenizerConfig::describe_sentencepiece_training(config::Fields& f) {
  const auto trained = [&]() -> config::Fields& {
    return f.only_if(!model, "has no effect: 'model' names a model that is trained already", "model");
  };
  trained().choice("model_type", model_type, sentencepiece_model_types(), "algorithm");
  trained().field("vocabulary_size", vocabulary_size,
                  "number of pieces, special symbols included; for 'char' the most there may be", vocabulary_range);
  f.only_if(!model && !joint, "has an effect only with 'joint' false and without 'model'", "model")
      .field("target_vocabulary_size", target_vocabulary_size, "vocabulary_size of the target, if another",
             vocabulary_range);
  trained().field("character_coverage", character_coverage, "share of the text that its kept characters make up",
                  coverage_range);
  trained().choice("normalization", normalization, sentencepiece_normalizations(), "what is done to text first");
  trained().field("byte_fallback", byte_fallback, "unknown characters become bytes; takes 256 pieces");
  trained().field("remove_extra_whitespaces", remove_extra_whitespaces, "drop leading, trailing and repeated spaces");
  trained().field("add_dummy_prefix", add_dummy_prefix, "treat a word at the start of a line as one after a space");
  trained().field(
      "sample_lines", sample_lines,
      "train on that many lines drawn at random, on all if there are fewer; null: on all, which memory must hold",
      config::at_least_one);
  trained().field("pad_id", pad_id, "id of the padding symbol", id_range);
  trained().field("bos_id", bos_id, "id of the symbol before a sentence", id_range);
  trained().field("eos_id", eos_id, "id of the symbol after a sentence", id_range);
  trained().field("unk_id", unk_id, "id of what is not in the vocabulary", id_range);
  const std::set<std::int64_t> ids{pad_id, bos_id, eos_id, unk_id};
  f.check(ids.size() == 4, "pad_id", "pad_id, bos_id, eos_id and unk_id must be four different ids");
  f.check(*ids.rbegin() < std::min(vocabulary_size, target_vocabulary_size.value_or(vocabulary_size)), "pad_id",
          "pad_id, bos_id, eos_id and unk_id must be below the size of the vocabulary");
}

TokenizerConfig TokenizerConfig::for_target() const {
  TokenizerConfig target = *this;
  if (target_model) target.model = target_model;
  if (target_vocabulary_size) target.vocabulary_size = *target_vocabulary_size;
  return target;
}

std::unique_ptr<Tokenizer> train_tokenizer(const TokenizerConfig& config, const NextLine& lines) {
  const Kind kind = kinds.at(config.kind);
  return config.model && kind.restore != nullptr ? read_vocabulary(config) : kind.make(config, lines);
}

std::string read_tokenizer_file(const std::filesystem::path& file) {
  if (std::filesystem::is_directory(file)) throw UserError(file.string() + ": a folder, not a tokenizer's file");
  std::ifstream in(file, std::ios::binary);
  if (!in) throw UserError(file.string() + ": the tokenizer cannot be read: " + std::strerror(errno));
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (bytes.empty()) throw UserError(file.string() + ": the tokenizer's file is empty");
  return bytes;
}

std::string stored_tokenizer(const TokenizerConfig& config) {
  if (const StoredTokenizer stored = kinds.at(config.kind).stored) return stored(config);
  return train_tokenizer(config, [](std::string&) { return false; })->serialize();
}

std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& file_or_folder) {
  const std::filesystem::path file = published_file(file_or_folder);
  std::string bytes = read_tokenizer_file(file);
  if (auto json = published_json(bytes, file, std::nullopt)) return restore_pipeline(std::move(*json), file.string());
  // A SentencePiece model is a protocol buffer, whose first byte 0x0A announces the first piece.
  if (bytes.front() == '{') return restore_vocabulary(bytes, file.string());
  return read_sentencepiece(std::move(bytes), file);
}

bool have_one_vocabulary(const Tokenizer& a, const Tokenizer& b) {
  if (a.size() != b.size() || a.specials() != b.specials()) return false;
  for (std::int64_t id = 0; id < a.size(); ++id) {
    if (a.piece(static_cast<std::int32_t>(id)) != b.piece(static_cast<std::int32_t>(id))) return false;
  }
  return true;
}

}  // namespace ablate::data
