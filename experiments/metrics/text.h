// Unicode text for the metrics: decoding, white space, lower case. Every metric counts code points, and the
// rules are those of Python's `str`, because the figures of the field come from Python programs. No
// normalisation: two spellings of one character (NFC, NFD) stay different, as they do in those programs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ablate::metrics {

// The code points of UTF-8 text. Throws std::invalid_argument, naming the byte, for anything that is not
// well-formed UTF-8 (over-long forms, surrogates and cut sequences included).
std::u32string decode_utf8(std::string_view text);

// True for the 29 code points that Python's `str.split()` and `str.rstrip()` take as white space: the
// no-break spaces and the four information separators U+001C..U+001F among them, U+200B not.
constexpr bool is_space(char32_t c) {
  if (c < 0x80) return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

// The text without white space at its end. The view looks into `text`.
std::u32string_view strip_right(std::u32string_view text);

// The maximal runs of code points that are not white space. The views look into `text`.
std::vector<std::u32string_view> split(std::u32string_view text);

// Full Unicode lower-casing without a language (capital sigma at the end of a word becomes final sigma,
// U+0130 becomes i and U+0307), as Python's `str.lower()`; valid UTF-8 in and out. Code points younger than
// the installed ICU stay as they are.
std::string lower_case(std::string_view text);

}  // namespace ablate::metrics
