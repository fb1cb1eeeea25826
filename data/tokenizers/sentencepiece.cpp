// SentencePiece (Kudo and Richardson 2018), in this process: models are trained, kept and stored in memory,
// as the bytes of SentencePiece's own file, which its other programs read.
#include <algorithm>
#include <exception>
#include <random>
#include <regex>
#include <unordered_map>
#include <utility>

#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "data/tokenizers/kinds.h"
#include "data/tokenizers/numbered_pieces.h"
#include "data/tokenizers/piece_layouts.h"
#include "data/tokenizers/vocabulary.h"
#include "transformer/core/code_points.h"
#include "transformer/core/error.h"

namespace ablate::data {
namespace {

namespace sp = ::sentencepiece;

class SentencePiece final : public Tokenizer {
 public:
  SentencePiece(std::string model, const std::string& source) : model_(std::move(model)) {
    if (const sp::util::Status status = processor_.LoadFromSerializedProto(model_); !status.ok()) {
      throw UserError(source + ": not a tokenizer: neither a SentencePiece model nor a vocabulary in JSON");
    }
    // The models of ALBERT have BERT's symbols, as control symbols without a role.
    const auto own_or_added = [this](int id, const char* bert_name, const std::string& piece) -> std::int64_t {
      if (id >= 0) return id;
      if (const int known = processor_.PieceToId(bert_name); processor_.IsControl(known)) return known;
      added_.push_back(piece);
      return size() - 1;
    };
    specials_.pad = own_or_added(processor_.pad_id(), "[PAD]", special_pieces()[default_specials.pad]);
    specials_.bos = own_or_added(processor_.bos_id(), "[CLS]", special_pieces()[default_specials.bos]);
    specials_.eos = own_or_added(processor_.eos_id(), "[SEP]", special_pieces()[default_specials.eos]);
    specials_.unk = processor_.unk_id();
  }

  std::vector<std::int32_t> encode(std::string_view line) const override {
    std::vector<int> ids;
    check(processor_.Encode(line, &ids), "encode");
    return {ids.begin(), ids.end()};
  }

  std::string decode(std::span<const std::int32_t> ids) const override {
    std::vector<int> text_ids;
    for (const std::int32_t id : ids) {
      check_id(id, size());
      if (!is_control(specials_, id)) text_ids.push_back(id);
    }
    std::string line;
    check(processor_.Decode(text_ids, &line), "decode");
    return line;
  }

  bool begins_word(std::int32_t id) const override {
    return is_control(specials_, id) || piece(id).starts_with("\u2581");
  }

  std::string piece(std::int32_t id) const override {
    check_id(id, size());
    const std::int32_t own = processor_.GetPieceSize();
    return id < own ? processor_.IdToPiece(id) : added_[static_cast<std::size_t>(id - own)];
  }

  std::int64_t size() const override { return processor_.GetPieceSize() + static_cast<std::int64_t>(added_.size()); }
  Specials specials() const override { return specials_; }
  std::optional<std::int64_t> mask() const override {
    const int id = processor_.PieceToId("[MASK]");
    return processor_.IsControl(id) ? std::optional<std::int64_t>(id) : std::nullopt;
  }
  const sp::SentencePieceProcessor& processor() const { return processor_; }
  std::string serialize() const override { return model_; }
  std::string extension() const override { return ".model"; }

 private:
  static void check(const sp::util::Status& status, const char* action) {
    if (status.ok()) return;
    throw RunError(std::string("SentencePiece could not ") + action + ": " + status.ToString());
  }

  std::string model_;
  sp::SentencePieceProcessor processor_;
  std::vector<std::string> added_;  ///< special symbols that the model lacks; their ids follow its own
  Specials specials_{};
};

/// Algorithm R (Vitter 1985): `wanted` lines, each with the same chance; all of them if there are fewer.
std::vector<std::string> draw_lines(const NextLine& lines, std::size_t wanted) {
  std::vector<std::string> drawn;
  std::mt19937_64 random(1);  // the same lines give the same tokenizer, whatever the seed of the run
  std::string line;
  for (std::size_t seen = 0; lines(line); ++seen) {
    if (drawn.size() < wanted) {
      drawn.push_back(line);
    } else if (const std::size_t place = random() % (seen + 1); place < wanted) {
      drawn[place] = line;
    }
  }
  return drawn;
}

/// SentencePiece's mark of a boundary between words, and its mark of an unknown character.
constexpr std::string_view boundary_mark = "\u2581";
constexpr std::string_view unknown_mark = "\u2585";

/// True if something is left of the line to learn from: a character that is neither white space, control nor
/// format (ICU, u_isgraph) nor one of SentencePiece's marks.
bool has_text(std::string_view line) {
  bool found = false;
  for_each_code_point(line, [&](std::string_view bytes, bool valid) {
    if (found || bytes == boundary_mark || bytes == unknown_mark) return;
    UChar32 code_point = 0;
    std::size_t at = 0;
    if (valid) U8_NEXT_UNSAFE(bytes.data(), at, code_point);
    found = !valid || u_isgraph(code_point);
  });
  return found;
}

/// The same lines; at their end a UserError if none had text: SentencePiece would ask for a vocabulary
/// smaller than any, or end the program.
NextLine with_some_text(const NextLine& lines) {
  return [&lines, any = false](std::string& line) mutable {
    const bool more = lines(line);
    any = any || (more && has_text(line));
    if (!more && !any) throw UserError("the training text of the tokenizer is empty");
    return more;
  };
}

/// Hands the training lines to SentencePiece. An exception of the source waits until SentencePiece is done.
class Lines final : public sp::SentenceIterator {
 public:
  explicit Lines(const NextLine& lines) : lines_(lines) { Next(); }

  bool done() const override { return done_; }
  const std::string& value() const override { return line_; }
  sp::util::Status status() const override {
    return failure_ ? sp::util::Status(sp::util::StatusCode::kAborted, "no more lines") : sp::util::Status();
  }

  void Next() override {
    try {
      done_ = !lines_(line_);
    } catch (...) {
      done_ = true;
      failure_ = std::current_exception();
    }
    if (done_) return;
    hide_reserved();
    cut_long_words();
  }
  void rethrow_failure() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  /// SentencePiece marks unknown characters by U+2585 and boundaries by a tab, and skips lines with either.
  void hide_reserved() {
    for (std::size_t at = 0; (at = line_.find(unknown_mark, at)) != std::string::npos;) {
      line_.replace(at, unknown_mark.size(), " ");
    }
    std::replace(line_.begin(), line_.end(), '\t', ' ');
  }

  /// `bpe` numbers the characters of a word with 16 bits, and crashes where normalisation makes more of them: one
  /// character becomes 18 at most (NFKC of U+FDFA). So what stands without a space for longer than any word gets one.
  void cut_long_words() {
    constexpr std::size_t longest = 1000;  // code points
    if (line_.size() <= longest) return;
    std::string cut;
    std::size_t in_word = 0;
    for_each_code_point(line_, [&](std::string_view bytes, bool) {
      in_word = bytes == " " ? 0 : in_word + 1;
      if (in_word > longest) {
        cut += ' ';
        in_word = 1;
      }
      cut += bytes;
    });
    line_ = std::move(cut);
  }

  const NextLine& lines_;
  std::string line_;
  bool done_ = false;
  std::exception_ptr failure_;
};

std::unordered_map<std::string, std::string> arguments(const TokenizerConfig& config) {
  const auto text = [](bool value) { return value ? "true" : "false"; };
  return {
      {"model_type", config.model_type},
      {"vocab_size", std::to_string(config.vocabulary_size)},
      {"character_coverage", std::to_string(config.character_coverage)},
      {"normalization_rule_name", config.normalization},
      {"byte_fallback", text(config.byte_fallback)},
      {"remove_extra_whitespaces", text(config.remove_extra_whitespaces)},
      {"add_dummy_prefix", text(config.add_dummy_prefix)},
      {"pad_id", std::to_string(config.pad_id)},
      {"bos_id", std::to_string(config.bos_id)},
      {"eos_id", std::to_string(config.eos_id)},
      {"unk_id", std::to_string(config.unk_id)},
      // The largest number that SentencePiece takes, in bytes: no line is too long to learn from.
      {"max_sentence_length", std::to_string(1 << 30)},
      // SentencePiece's own number, on every machine: the sums of `unigram` depend on it.
      {"num_threads", "16"},
      // Only what ends the program: all other failures come back as a status.
      {"minloglevel", "3"},
  };
}

/// SentencePiece's account of a failure, in terms of the configuration.
std::string explain(const std::string& message, const TokenizerConfig& config) {
  std::smatch found;
  if (std::regex_search(message, found, std::regex("size too high \\(\\d+\\)\\. Please set it to a value <= (\\d+)"))) {
    return "vocabulary_size " + std::to_string(config.vocabulary_size) +
           " is more than the training text allows for '" + config.model_type + "': set it to " + found[1].str() +
           " or less";
  }
  if (std::regex_search(message, found, std::regex("smaller than required_chars\\. \\d+ vs (\\d+)"))) {
    return "vocabulary_size " + std::to_string(config.vocabulary_size) +
           " is less than the characters of the training text: set it to " + found[1].str() +
           " or more, or lower character_coverage";
  }
  return "SentencePiece could not train the tokenizer: " + message;
}

}  // namespace

std::unique_ptr<Tokenizer> make_sentencepiece(const TokenizerConfig& config, const NextLine& lines) {
  if (config.model) {
    std::string bytes = read_tokenizer_file(*config.model);
    if (bytes.front() != '{') return read_sentencepiece(std::move(bytes), *config.model);
    if (auto numbered = restore_numbered_pieces(bytes, *config.model)) return numbered;
    throw UserError(*config.model + ": 'model' must name a SentencePiece model; JSON is that of the other kinds");
  }
  std::vector<std::string> drawn;
  NextLine source = lines;
  if (config.sample_lines) {
    drawn = draw_lines(lines, static_cast<std::size_t>(*config.sample_lines));
    source = [&drawn, next = std::size_t{0}](std::string& line) mutable {
      if (next == drawn.size()) return false;
      line = std::move(drawn[next++]);
      return true;
    };
  }
  const NextLine checked = with_some_text(source);
  Lines iterator(checked);
  std::string model;
  const sp::util::Status status = sp::SentencePieceTrainer::Train(arguments(config), &iterator, &model);
  iterator.rethrow_failure();
  if (!status.ok()) throw UserError(explain(status.ToString(), config));
  return std::make_unique<SentencePiece>(std::move(model), "the trained SentencePiece model");
}

std::unique_ptr<Tokenizer> read_sentencepiece(std::string model, const std::filesystem::path& file) {
  auto own = std::make_unique<SentencePiece>(std::move(model), file.string());
  if (auto layout = published_layout(own->processor(), file)) {
    return make_numbered_pieces(own->serialize(), std::move(*layout), file.string());
  }
  return own;
}

}  // namespace ablate::data
