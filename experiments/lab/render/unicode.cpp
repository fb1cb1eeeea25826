#include "experiments/lab/render/unicode.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

namespace ablate::lab {
namespace {

std::size_t width_of(char32_t character) {
  const auto c = static_cast<UChar32>(character);
  const auto type = u_charType(c);
  if (is_combining(character) || type == U_FORMAT_CHAR || type == U_CONTROL_CHAR) return 0;
  const int width = u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);
  return width == U_EA_WIDE || width == U_EA_FULLWIDTH ? 2 : 1;
}

bool is_blank(char32_t character) {
  if (character == 0xA0) return false;  // a no-break space is meant
  const auto c = static_cast<UChar32>(character);
  return u_isUWhiteSpace(c) || u_charType(c) == U_CONTROL_CHAR;
}

}  // namespace

std::u32string code_points(std::string_view utf8) {
  std::u32string result;
  const auto length = static_cast<std::int32_t>(utf8.size());
  for (std::int32_t i = 0; i < length;) {
    UChar32 c = 0;
    U8_NEXT_OR_FFFD(utf8.data(), i, length, c);
    result.push_back(static_cast<char32_t>(c));
  }
  return result;
}

std::string to_utf8(std::u32string_view text) {
  std::string result;
  for (const char32_t character : text) {
    icu::UnicodeString(static_cast<UChar32>(character)).toUTF8String(result);
  }
  return result;
}

std::u32string decomposed(char32_t character) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* form = icu::Normalizer2::getNFDInstance(error);
  icu::UnicodeString parts;
  if (U_FAILURE(error) || !form->getDecomposition(static_cast<UChar32>(character), parts)) {
    return std::u32string(1, character);
  }
  std::string utf8;
  return code_points(parts.toUTF8String(utf8));
}

bool is_combining(char32_t character) {
  const auto type = u_charType(static_cast<UChar32>(character));
  return type == U_NON_SPACING_MARK || type == U_ENCLOSING_MARK;
}

std::size_t display_width(std::string_view utf8) {
  std::size_t width = 0;
  for (const char32_t character : code_points(utf8)) width += width_of(character);
  return width;
}

std::u32string single_line(std::string_view utf8) {
  std::u32string line;
  bool gap = false;
  for (const char32_t character : code_points(utf8)) {
    if (is_blank(character)) {
      gap = !line.empty();
      continue;
    }
    if (gap) line.push_back(U' ');
    gap = false;
    line.push_back(character);
  }
  return line;
}

}  // namespace ablate::lab
