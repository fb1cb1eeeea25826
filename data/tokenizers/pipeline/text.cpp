// `tokenizers` keeps tables of its own, of several versions of Unicode, and text must be cut as it is cut there. What
// follows are ICU's tables, reduced to the characters that those versions know and put right where a character has
// changed its category since. Checked for every code point against version 0.23.3 of `tokenizers` with ICU 72.
#include "data/tokenizers/pipeline/text.h"

#include <unicode/uniset.h>
#include <unicode/unistr.h>

#include "transformer/core/error.h"

namespace ablate::data {
namespace {

/// A set that is ready to be asked by several threads; `pattern` is in the notation of UnicodeSet.
icu::UnicodeSet frozen_set(const char* pattern) {
  UErrorCode status = U_ZERO_ERROR;
  icu::UnicodeSet set(icu::UnicodeString::fromUTF8(pattern), status);
  if (U_FAILURE(status) != 0) throw RunError(std::string("ICU: ") + u_errorName(status) + " in " + pattern);
  set.freeze();
  return set;
}

}  // namespace

std::string valid_utf8(std::string_view text) {
  if (is_utf8(text)) return std::string(text);
  std::string valid;
  for_each_character(text, [&](UChar32 character, std::string_view) { append_character(valid, character); });
  return valid;
}

bool is_punctuation(UChar32 character) {
  // Unicode 8: U+166D has become a symbol since, U+111C9 a mark.
  static const icu::UnicodeSet set = frozen_set("[[[:P:]&[:age=8.0:]]$+<=>\\^`|~\\u166D\\U000111C9]");
  return set.contains(character) != 0;
}

bool is_control_or_format(UChar32 character) {
  static const icu::UnicodeSet set = frozen_set("[[[:Cc:][:Cf:][:Co:]]&[:age=8.0:]]");
  return set.contains(character) != 0;
}

bool is_nonspacing_mark(UChar32 character) {
  // Unicode 8: U+1885 and U+1886 were letters, U+A9BD and U+1734 have changed places with spacing marks.
  static const icu::UnicodeSet set = frozen_set("[[[[:Mn:]&[:age=8.0:]]-[\\u1885\\u1886\\uA9BD\\U000111C9]]\\u1734]");
  return set.contains(character) != 0;
}

bool is_mark(UChar32 character) {
  // Unicode 9: U+1CF2 and U+1CF3 have become letters since, U+111C9 was punctuation.
  static const icu::UnicodeSet set = frozen_set("[[[[:M:]&[:age=9.0:]]-[\\U000111C9]]\\u1CF2\\u1CF3]");
  return set.contains(character) != 0;
}

bool is_word_character(UChar32 character) {
  constexpr std::uint32_t mask = U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK;
  return u_isUAlphabetic(character) != 0 || (U_GET_GC_MASK(character) & mask) != 0 ||
         u_hasBinaryProperty(character, UCHAR_JOIN_CONTROL) != 0;
}

}  // namespace ablate::data
