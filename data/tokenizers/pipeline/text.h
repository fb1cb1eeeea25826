#pragma once
// UTF-8 text character by character, and the properties of characters that tokenizers of published models ask for.
#include <cstdint>
#include <string>
#include <string_view>

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "transformer/core/code_points.h"

namespace ablate::data {

inline constexpr UChar32 replacement_code_point = 0xFFFD;

inline void append_character(std::string& text, UChar32 character) {
  char bytes[4];
  std::int32_t length = 0;
  U8_APPEND_UNSAFE(bytes, length, character);
  text.append(bytes, static_cast<std::size_t>(length));
}

/// Calls `visit(character, bytes)` for each code point; what is no UTF-8 comes as U+FFFD.
template <class Visit>
void for_each_character(std::string_view text, Visit visit) {
  for_each_code_point(text, [&](std::string_view bytes, bool valid) {
    UChar32 character = replacement_code_point;
    std::size_t at = 0;
    if (valid) U8_NEXT_UNSAFE(bytes.data(), at, character);
    visit(character, bytes);
  });
}

/// The text with U+FFFD in place of what is no UTF-8, one for each maximal subpart (Unicode 15, section 3.9).
std::string valid_utf8(std::string_view text);

/// General category P, and the other printing characters of ASCII that are no letters and digits.
bool is_punctuation(UChar32 character);
/// General categories Cc, Cf and Co.
bool is_control_or_format(UChar32 character);
/// General category Mn.
bool is_nonspacing_mark(UChar32 character);
/// General categories Mn, Mc and Me.
bool is_mark(UChar32 character);

/// What regular expressions call \w (Unicode technical standard 18, annex C).
bool is_word_character(UChar32 character);
/// General category N.
inline bool is_number(UChar32 character) { return (U_GET_GC_MASK(character) & U_GC_N_MASK) != 0; }

}  // namespace ablate::data
