#pragma once
// What rendering has to know about characters. Internal to render. Ill-formed UTF-8 is read as U+FFFD.
#include <cstddef>
#include <string>
#include <string_view>

namespace ablate::lab {

std::u32string code_points(std::string_view utf8);
std::string to_utf8(std::u32string_view text);

/// The canonical decomposition of one character: é is e and U+0301; a character without one is itself.
std::u32string decomposed(char32_t character);

/// True for combining marks, which stand over or under the character before them.
bool is_combining(char32_t character);

/// Columns of a terminal: 2 for East Asian wide and full-width characters and for emoji, 0 for combining
/// marks, controls and invisible characters, 1 for all others (Unicode Standard Annex 11).
std::size_t display_width(std::string_view utf8);

/// The text on one line: every run of white space and control characters is one space, none at the ends.
std::u32string single_line(std::string_view utf8);

}  // namespace ablate::lab
