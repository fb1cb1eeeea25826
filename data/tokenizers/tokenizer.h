#pragma once
// Text to token ids and back. A tokenizer is trained on lines or loaded from the file that stores it, and is
// known by the content of that file. Whether source and target share one is for the caller to arrange.
//
// What each kind promises of decode(encode(line)):
//   bytes          line itself, whatever it holds
//   characters     line itself, newlines included, if every character is in the vocabulary
//   words          line with its whitespace made single spaces, if every word is in the vocabulary
//   sentencepiece  line after normalisation, if its characters are in the vocabulary or `byte_fallback` is
//                  on; `remove_extra_whitespaces`, its default, drops leading, trailing and repeated spaces,
//                  and U+2581, its own mark for a space, comes back as a space
//   byte_level_bpe line after normalisation, if the file asks for any: GPT-2's and Llama's ask for none
//   wordpiece      words with single spaces between them, in small letters and without accents if the file asks so
// What is not in the vocabulary becomes unk.
//
// A SentencePiece model of a published model that numbers its pieces in another way, or prepares text in another way,
// is read so if the files say so that come with it: Marian, Pegasus, T5, ALBERT (data/tokenizers/piece_layouts.h). Its
// special tokens are then found in text and left out of decoded text, unk among them.
//
// The last two are those of published models, and are read from the files in which these come: a `tokenizer.json`, or
// `vocab.json` with `merges.txt` (GPT-2), or `vocab.txt` (BERT). Ids and decoded text are those of the library
// `tokenizers` 0.23.3 without added special tokens (`add_special_tokens=False`, `skip_special_tokens=True`), for
// characters that ICU's version of Unicode knows; what of a file is not supported is an error.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "transformer/config/fields.h"

namespace ablate::data {

/// The `unk` of a tokenizer that can write everything.
inline constexpr std::int64_t nothing_unknown = -1;

/// Ids of the special symbols. Those of published models may coincide: GPT-2 has one symbol for bos and eos.
struct Specials {
  std::int64_t pad;
  std::int64_t bos;
  std::int64_t eos;
  std::int64_t unk;
  bool operator==(const Specials&) const = default;
};

/// Where training puts the special symbols unless the configuration says otherwise.
inline constexpr Specials default_specials{.pad = 0, .bos = 1, .eos = 2, .unk = 3};

/// All member functions may be called from several threads at once.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// Ids of a line, without bos and eos. Text that is not valid UTF-8 gives unknowns, or the ids of U+FFFD, never a
  /// failure. Special tokens of published models are found in text, too, as their users write them there.
  virtual std::vector<std::int32_t> encode(std::string_view line) const = 0;

  /// pad, bos and eos are skipped, of published models every special token; any other unk becomes a visible mark.
  /// Throws UserError if an id is outside the vocabulary.
  virtual std::string decode(std::span<const std::int32_t> ids) const = 0;

  /// One symbol as the vocabulary has it, for display. Throws UserError if the id is outside the vocabulary.
  virtual std::string piece(std::int32_t id) const = 0;

  /// Size of the vocabulary, special symbols included: ids are 0 ... size() - 1.
  virtual std::int64_t size() const = 0;

  virtual Specials specials() const = 0;

  /// The vocabulary's own symbol for a hidden token, if it has one.
  virtual std::optional<std::int64_t> mask() const { return std::nullopt; }

  /// Whether a symbol stands at the beginning of a word; the others go on with one.
  virtual bool begins_word(std::int32_t) const { return true; }

  /// The bytes of the file that stores this tokenizer; their SHA-256 identifies it.
  virtual std::string serialize() const = 0;

  /// ".model" (SentencePiece's own format), ".json" (a `tokenizer.json`) or ".vocab.json" (JSON of our own).
  virtual std::string extension() const = 0;
};

/// Puts the next training line into `line`; false at the end.
using NextLine = std::function<bool(std::string& line)>;

struct TokenizerConfig {
  std::string kind = "sentencepiece";
  bool joint = true;  ///< one vocabulary for source and target

  std::optional<std::string> model;         ///< file of an existing tokenizer, instead of training; bytes need none
  std::optional<std::string> target_model;  ///< the same for the target, where vocabularies are separate
  std::string model_type = "bpe";
  std::int64_t vocabulary_size = 8000;  ///< special symbols included
  std::optional<std::int64_t> target_vocabulary_size;
  double character_coverage = 1;
  std::string normalization = "identity";
  bool byte_fallback = false;
  bool remove_extra_whitespaces = true;
  bool add_dummy_prefix = true;
  std::optional<std::int64_t> sample_lines = 1'000'000;
  std::int64_t pad_id = default_specials.pad;
  std::int64_t bos_id = default_specials.bos;
  std::int64_t eos_id = default_specials.eos;
  std::int64_t unk_id = default_specials.unk;

  std::optional<bool> lowercase;  ///< wordpiece: what a `vocab.txt`, and no other file, does not tell

  std::optional<std::int64_t> max_vocabulary;  ///< words and characters; special symbols included
  std::int64_t min_count = 1;

  void describe(config::Fields& f);

  /// The configuration that the target's own tokenizer is trained with, if vocabularies are separate.
  TokenizerConfig for_target() const;

 private:
  void describe_existing_model(config::Fields& f);
  void describe_sentencepiece_training(config::Fields& f);
};

/// The kinds of tokenizers and what SentencePiece offers, for the catalogue.
config::Choices tokenizer_kinds();
config::Choices sentencepiece_model_types();
config::Choices sentencepiece_normalizations();

/// Trains a tokenizer on lines, or reads the one that `config.model` names (`lines` is not called then). The
/// same lines give the same tokenizer. Throws UserError if there is no text, if a vocabulary of that size
/// cannot be had from it, or if words or characters meet a line that is not valid UTF-8.
std::unique_ptr<Tokenizer> train_tokenizer(const TokenizerConfig& config, const NextLine& lines);

/// The bytes that serialize() gives of the tokenizer that `config.model` names, of kinds whose files tell them without
/// the work of building it: what is wrong with these is for train_tokenizer() to find. UserError as there.
std::string stored_tokenizer(const TokenizerConfig& config);

/// Reads the file that stores a tokenizer; its content, not its name, tells the kind. Of a folder, its
/// `tokenizer.json` or `vocab.json`. What the files beside a SentencePiece model say of its ids is heeded, see
/// piece_layouts.h. An existing model without a pad, bos or eos symbol gets one at the end of its
/// vocabulary, in this order. Throws UserError if the file cannot be read or holds no tokenizer.
std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& file);

/// Whether each id is the same piece in both, though they may cut text in different ways, as a Marian model's do.
bool have_one_vocabulary(const Tokenizer& a, const Tokenizer& b);

}  // namespace ablate::data
