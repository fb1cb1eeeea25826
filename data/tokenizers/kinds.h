#pragma once
// The kinds of tokenizers one by one; the table in tokenizer.cpp binds them to their names.
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/tokenizers/tokenizer.h"

namespace ablate::data {

/// `make_*` builds a kind from the training text, `restore_*` from what its file holds.
using MakeTokenizer = std::unique_ptr<Tokenizer> (*)(const TokenizerConfig& config, const NextLine& lines);
using RestoreTokenizer = std::unique_ptr<Tokenizer> (*)(std::vector<std::string> pieces);
/// What stored_tokenizer() says.
using StoredTokenizer = std::string (*)(const TokenizerConfig& config);

std::unique_ptr<Tokenizer> make_sentencepiece(const TokenizerConfig& config, const NextLine& lines);
/// `model`: SentencePiece's serialized model, the content of `file`. Ids and symbols are the model's own, or those that
/// the files of a published model beside it say, see piece_layouts.h.
std::unique_ptr<Tokenizer> read_sentencepiece(std::string model, const std::filesystem::path& file);

std::unique_ptr<Tokenizer> make_words(const TokenizerConfig& config, const NextLine& lines);
std::unique_ptr<Tokenizer> restore_words(std::vector<std::string> pieces);

std::unique_ptr<Tokenizer> make_characters(const TokenizerConfig& config, const NextLine& lines);
std::unique_ptr<Tokenizer> restore_characters(std::vector<std::string> pieces);

std::unique_ptr<Tokenizer> make_bytes(const TokenizerConfig& config, const NextLine& lines);
std::unique_ptr<Tokenizer> restore_bytes(std::vector<std::string> pieces);

/// They read the file that `config.model` names; data/tokenizers/pipeline/.
std::unique_ptr<Tokenizer> make_byte_level_bpe(const TokenizerConfig& config, const NextLine& lines);
std::unique_ptr<Tokenizer> make_wordpiece(const TokenizerConfig& config, const NextLine& lines);
std::string stored_pipeline(const TokenizerConfig& config);
/// `json`: the content of a `tokenizer.json`, of either kind; `source` names it in errors.
std::unique_ptr<Tokenizer> restore_pipeline(std::string json, const std::string& source);

/// The bytes of a file that holds a tokenizer. Throws UserError if it cannot be read or is empty.
std::string read_tokenizer_file(const std::filesystem::path& file);

}  // namespace ablate::data
