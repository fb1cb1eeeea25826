#pragma once
// Cutting a text where something is found: by a pattern or by the class of a character, and what becomes of that which
// was found.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <unicode/uchar.h>

#include "data/tokenizers/pipeline/json_part.h"

namespace ablate::data {

/// A stretch of text in which something was found, or a stretch between two such. None is empty, and together they are
/// the whole text.
struct Stretch {
  std::string text;
  bool found;
};

/// What becomes of a stretch in which something was found.
enum class SplitBehavior {
  removed,               ///< dropped
  isolated,              ///< a word of its own
  merged_with_previous,  ///< the end of the word before it
  merged_with_next,      ///< the start of the word after it
  contiguous             ///< a word together with those found right beside it
};

SplitBehavior read_split_behavior(const JsonPart& part);

/// Adds what is left of the stretches to `words`.
void add_words(std::vector<Stretch> stretches, SplitBehavior behavior, std::vector<std::string>& words);

/// Finds each character of a class.
std::vector<Stretch> find_characters(std::string_view text, bool (*is_found)(UChar32));

/// A regular expression that may be searched for by several threads at once.
class Pattern {
 public:
  /// Throws RunError if ICU does not know the expression.
  explicit Pattern(std::string_view expression);
  ~Pattern();
  Pattern(Pattern&&) noexcept;

  std::vector<Stretch> find(std::string_view text) const;

 private:
  class Compiled;
  std::unique_ptr<Compiled> compiled_;
};

/// The expression of GPT-2, by which `ByteLevel` cuts.
extern const std::string_view gpt2_pattern;

/// Throws UserError that names the part and the models whose patterns are known, unless `part` is one of these: their
/// matches are known to be the same in ICU and in the library that `tokenizers` uses, others may differ.
Pattern read_pattern(const JsonPart& part);

}  // namespace ablate::data
