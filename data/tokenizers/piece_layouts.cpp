#include "data/tokenizers/piece_layouts.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <sentencepiece_processor.h>
#include <nlohmann/json.hpp>

#include "data/tokenizers/kinds.h"
#include "data/tokenizers/pipeline/json_part.h"
#include "data/tokenizers/pipeline/piece_table.h"
#include "data/tokenizers/vocabulary.h"
#include "transformer/core/error.h"

namespace ablate::data {
namespace fs = std::filesystem;
namespace {

/// More than any model has: a number is not to ask for all the memory there is.
constexpr std::int32_t most_symbols = 1 << 20;

struct PublishedModel {
  const sentencepiece::SentencePieceProcessor& processor;
  fs::path file;
  JsonPart config;  ///< `tokenizer_config.json`
};

bool holds(const std::vector<std::string>& pieces, const std::string& piece) {
  return std::find(pieces.begin(), pieces.end(), piece) != pieces.end();
}

void add_if_missing(std::vector<std::string>& pieces, const std::string& piece) {
  if (!holds(pieces, piece)) pieces.push_back(piece);
}

/// "text", or {"content": "text", …}.
std::string symbol_text(const JsonPart& part) { return part.json().is_object() ? part.text("content") : part.text(); }

std::string symbol_named(const JsonPart& config, const char* key, const char* otherwise) {
  return config.has(key) ? symbol_text(config.at(key)) : otherwise;
}

std::int32_t count_named(const JsonPart& config, const char* key, std::int32_t otherwise) {
  if (!config.has(key)) return otherwise;
  const std::int32_t count = config.at(key).id();
  if (count > most_symbols) config.at(key).fail(std::to_string(count) + " is too large");
  return count;
}

/// The model's own pieces from the id `first` on.
void append_own(const PublishedModel& model, int first, std::vector<std::string>& pieces) {
  for (int id = first; id < model.processor.GetPieceSize(); ++id) pieces.push_back(model.processor.IdToPiece(id));
}

/// Padding, the end of a text and the unknown, under the names that all but ALBERT's files give them unless they say
/// otherwise.
void take_common_symbols(const JsonPart& config, PieceLayout& layout) {
  layout.pad = symbol_named(config, "pad_token", "<pad>");
  layout.eos = symbol_named(config, "eos_token", "</s>");
  layout.unk = symbol_named(config, "unk_token", "<unk>");
  layout.symbols = {layout.pad, layout.eos, layout.unk};
}

PieceTable marian_ids(const PublishedModel& model, bool is_target) {
  const bool separate = model.config.flag("separate_vocabs", false);
  const fs::path file = model.file.parent_path() / (is_target && separate ? "target_vocab.json" : "vocab.json");
  if (!fs::exists(file)) {
    throw UserError(model.file.string() + ": the ids of its pieces stand in " + file.string() +
                    ", which is missing; a SentencePiece model with ids of its own goes by another name");
  }
  const nlohmann::json json = parse_without_repeats(read_tokenizer_file(file), file.string());
  const JsonPart place(json, file.string());
  PieceTable table = read_piece_table(place);
  table.check_complete(place);
  return table;
}

PieceLayout marian_layout(const PublishedModel& model) {
  const std::string name = model.file.filename().string();
  if (name != "source.spm" && name != "target.spm") {
    throw UserError(model.file.string() + ": of a Marian model source.spm or target.spm is needed");
  }
  if (model.config.has("sp_model_kwargs") && !model.config.at("sp_model_kwargs").json().empty()) {
    model.config.at("sp_model_kwargs").fail("settings of SentencePiece are not supported: encoding would be random");
  }
  const PieceTable table = marian_ids(model, name == "target.spm");
  PieceLayout layout;
  for (std::int32_t id = 0; id < table.size(); ++id) layout.pieces.push_back(table.piece(id));
  take_common_symbols(model.config, layout);
  if (!table.find(layout.unk)) {
    throw UserError(model.file.string() + ": the vocabulary beside it has no '" + layout.unk +
                    "', which stands for what is not in it");
  }
  add_if_missing(layout.pieces, layout.eos);
  add_if_missing(layout.pieces, layout.pad);
  layout.reading = TextReading::language_codes;
  return layout;
}

PieceLayout pegasus_layout(const PublishedModel& model) {
  const JsonPart& config = model.config;
  PieceLayout layout;
  take_common_symbols(config, layout);
  const std::int32_t offset = count_named(config, "offset", 103);
  const std::string mask = symbol_named(config, "mask_token", "<mask_2>");
  layout.pieces = {layout.pad, layout.eos};
  if (offset > 0) {
    const bool hides_no_sentences = config.json().contains("mask_token_sent") && !config.has("mask_token_sent");
    if (offset == 1 || hides_no_sentences) {
      config.fail("'offset' must be 0, or 2 at least with a 'mask_token_sent': ids would not be those of the pieces");
    }
    layout.pieces.push_back(symbol_named(config, "mask_token_sent", "<mask_1>"));
    layout.pieces.push_back(mask);
    for (std::int32_t i = 2; i < offset; ++i) layout.pieces.push_back("<unk_" + std::to_string(i) + ">");
    for (const std::string& piece : layout.pieces) add_if_missing(layout.symbols, piece);
  }
  append_own(model, 2, layout.pieces);  // its <pad> and </s> stand in front
  if (holds(layout.pieces, mask)) {
    layout.mask = mask;
    add_if_missing(layout.symbols, mask);
  }
  return layout;
}

PieceLayout t5_layout(const PublishedModel& model) {
  constexpr std::string_view sentinel = "<extra_id_";
  PieceLayout layout;
  append_own(model, 0, layout.pieces);
  take_common_symbols(model.config, layout);
  // Some models have learnt them as pieces of their own.
  std::int32_t left = holds(layout.pieces, "<extra_id_0>") ? 0 : count_named(model.config, "extra_ids", 100);
  while (left > 0) layout.pieces.push_back(std::string(sentinel) + std::to_string(--left) + ">");
  for (const std::string& piece : layout.pieces) {
    if (piece.starts_with(sentinel)) layout.symbols.push_back(piece);
  }
  return layout;
}

PieceLayout albert_layout(const PublishedModel& model) {
  const JsonPart& config = model.config;
  PieceLayout layout;
  append_own(model, 0, layout.pieces);
  layout.pad = symbol_named(config, "pad_token", "<pad>");
  layout.bos = symbol_named(config, "cls_token", "[CLS]");
  layout.eos = symbol_named(config, "sep_token", "[SEP]");
  layout.unk = symbol_named(config, "unk_token", "<unk>");
  layout.mask = symbol_named(config, "mask_token", "[MASK]");
  layout.symbols = {layout.pad, layout.bos, layout.eos, layout.unk, layout.mask};
  layout.reading = TextReading::albert;
  layout.strip_accents = !config.flag("keep_accents", false);
  layout.lowercase = config.flag("do_lower_case", true);
  return layout;
}

struct LayoutRow {
  std::string_view tokenizer_class;
  std::string_view model_type;
  PieceLayout (*make)(const PublishedModel& model);
};

constexpr LayoutRow layout_rows[] = {
    {"MarianTokenizer", "marian", marian_layout},
    {"PegasusTokenizer", "pegasus", pegasus_layout},
    {"T5Tokenizer", "t5", t5_layout},
    {"AlbertTokenizer", "albert", albert_layout},
};

/// The content of a file of settings; of one that is not there an empty object.
nlohmann::json read_settings(const fs::path& file) {
  if (!fs::exists(file)) return nlohmann::json::object();
  nlohmann::json json = parse_without_repeats(read_tokenizer_file(file), file.string());
  if (!json.is_object()) throw UserError(file.string() + ": an object is needed");
  return json;
}

/// The class that a file names. "TokenizersBackend" and the like stand for any.
std::string class_in(const JsonPart& settings) {
  std::string name = settings.text_if_given("tokenizer_class").value_or("");
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  return name == "TokenizersBackend" || name == "PreTrainedTokenizer" ? "" : name;
}

const LayoutRow* find_row(const fs::path& file, const JsonPart& tokenizer_config) {
  const std::string name = file.filename().string();
  const fs::path config_file = file.parent_path() / "config.json";
  std::string named = class_in(tokenizer_config), model_type;
  if (name == "source.spm" || name == "target.spm") {
    named = "MarianTokenizer";
  } else if (named.empty()) {
    const nlohmann::json json = read_settings(config_file);
    const JsonPart config(json, config_file.string());
    named = class_in(config);
    if (named.empty()) model_type = config.text_if_given("model_type").value_or("");
  }
  for (const LayoutRow& row : layout_rows) {
    if (row.tokenizer_class == named || row.model_type == model_type) return &row;
  }
  return nullptr;
}

/// Symbols that the settings name beside those with a role.
void take_more_symbols(const JsonPart& config, PieceLayout& layout) {
  for (const char* key : {"additional_special_tokens", "extra_special_tokens"}) {
    if (!config.has(key)) continue;
    const JsonPart list = config.at(key);
    for (const nlohmann::json& item : list.json()) {
      const std::string symbol = symbol_text(list.inner(item, "[]"));
      add_if_missing(layout.pieces, symbol);
      add_if_missing(layout.symbols, symbol);
    }
  }
}

/// {"id": {"content": "text", …}, …}: what of it does not say again what is known is an error.
void check_added_tokens(const JsonPart& config, const PieceLayout& layout) {
  if (!config.has("added_tokens_decoder")) return;
  const JsonPart tokens = config.at("added_tokens_decoder");
  for (const auto& [id, token] : tokens.json().items()) {
    const JsonPart part = tokens.inner(token, id);
    const std::string symbol = symbol_text(part);
    const auto found = std::find(layout.pieces.begin(), layout.pieces.end(), symbol);
    if (found == layout.pieces.end() || std::to_string(found - layout.pieces.begin()) != id) {
      part.fail("'" + symbol + "' has not this id in the vocabulary: tokens added to it are not supported");
    }
    if (!holds(layout.symbols, symbol)) {
      part.fail("'" + symbol + "' is an ordinary piece: to find it in text as a whole is not supported");
    }
  }
}

}  // namespace

std::optional<PieceLayout> published_layout(const sentencepiece::SentencePieceProcessor& processor,
                                            const fs::path& file) {
  const fs::path config_file = file.parent_path() / "tokenizer_config.json";
  const nlohmann::json settings = read_settings(config_file);
  const JsonPart config(settings, config_file.string());
  const LayoutRow* row = find_row(file, config);
  if (row == nullptr) return std::nullopt;
  PieceLayout layout = row->make({processor, file, config});
  take_more_symbols(config, layout);
  check_added_tokens(config, layout);
  if (layout.bos.empty()) {
    const int own = processor.bos_id();
    layout.bos = own >= 0 ? processor.IdToPiece(own) : special_pieces()[default_specials.bos];
    add_if_missing(layout.pieces, layout.bos);
  }
  return layout;
}

}  // namespace ablate::data
