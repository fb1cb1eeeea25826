#pragma once
// A vocabulary of counted pieces: four special symbols, then words or characters from the most frequent on.
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "data/tokenizers/tokenizer.h"

namespace ablate::data {

/// Lets a map of strings be searched without making a string.
struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
template <class Value>
using StringMap = std::unordered_map<std::string, Value, StringHash, std::equal_to<>>;

/// How often each piece of the training text occurs.
class PieceCounts {
 public:
  void add(std::string_view piece);

  /// The pieces that occur `min_count` times at least, by falling count, ties in the order of code points; no
  /// more than fit into `max_vocabulary` beside the special symbols.
  std::vector<std::string> most_frequent(const TokenizerConfig& config) const;

 private:
  StringMap<std::int64_t> counts_;
};

/// Calls `visit(line)` for every training line. Throws UserError on a line that is not valid UTF-8 and if
/// there is none.
void for_each_line(const NextLine& lines, const std::function<void(std::string_view)>& visit);

/// What the kinds with a vocabulary of counted pieces share. Its file is JSON: {"kind": …, "pieces": […]}.
class VocabularyTokenizer : public Tokenizer {
 public:
  /// `pieces` without the special symbols; throws UserError if one of them stands there twice.
  VocabularyTokenizer(std::string kind, std::vector<std::string> pieces);

  std::string piece(std::int32_t id) const override;
  std::int64_t size() const override { return static_cast<std::int64_t>(pieces_.size()); }
  Specials specials() const override { return default_specials; }
  std::string serialize() const override;
  std::string extension() const override { return ".vocab.json"; }

 protected:
  std::int32_t id_of(std::string_view piece) const;  ///< unk if it is not in the vocabulary

 private:
  std::string kind_;
  std::vector<std::string> pieces_;  ///< by id, special symbols included
  StringMap<std::int32_t> ids_;      ///< without special symbols: text cannot ask for them
};

/// The names under which the special symbols are shown, by id of default_specials.
const std::vector<std::string>& special_pieces();

/// True for pad, bos and eos, which decoding skips.
bool is_control(const Specials& specials, std::int32_t id);

/// The file of a tokenizer with a vocabulary of its own.
std::string serialize_vocabulary(const std::string& kind, std::span<const std::string> pieces);

/// Throws UserError unless 0 <= id < size.
void check_id(std::int32_t id, std::int64_t size);

}  // namespace ablate::data
