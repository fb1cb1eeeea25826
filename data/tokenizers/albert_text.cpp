#include "data/tokenizers/albert_text.h"

#include <unicode/bytestream.h>
#include <unicode/casemap.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>

#include "data/tokenizers/pipeline/text.h"
#include "transformer/core/error.h"

namespace ablate::data {
namespace {

constexpr std::string_view space_mark = "\u2581";

void check_icu(UErrorCode status, const char* action) {
  if (U_FAILURE(status) != 0) throw RunError(std::string("ICU could not ") + action + ": " + u_errorName(status));
}

bool is_digit(UChar32 character) {
  const std::int32_t type = u_getIntPropertyValue(character, UCHAR_NUMERIC_TYPE);
  return type == U_NT_DECIMAL || type == U_NT_DIGIT;
}

/// Whether the last two characters are a digit and a comma.
bool ends_in_digit_and_comma(std::string_view piece) {
  UChar32 before = 0, last = 0;
  for_each_character(piece, [&](UChar32 character, std::string_view) {
    before = last;
    last = character;
  });
  return last == ',' && is_digit(before);
}

std::string without_space_marks(std::string_view piece) {
  std::string text(piece);
  for (std::size_t at = 0; (at = text.find(space_mark, at)) != std::string::npos;) text.erase(at, space_mark.size());
  return text;
}

}  // namespace

std::string with_plain_quotes(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::string_view two = text.substr(at, 2);
    const bool is_quote = two == "``" || two == "''";
    plain += is_quote ? '"' : text[at];
    at += is_quote ? 1 : 0;
  }
  return plain;
}

std::string without_accents(const std::string& text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* decomposition = icu::Normalizer2::getNFKDInstance(status);
  check_icu(status, "normalise text");
  std::string decomposed;
  icu::StringByteSink<std::string> sink(&decomposed);
  decomposition->normalizeUTF8(0, text, sink, nullptr, status);
  check_icu(status, "normalise text");
  std::string plain;
  for_each_character(decomposed, [&](UChar32 character, std::string_view bytes) {
    if (u_getCombiningClass(character) == 0) plain += bytes;
  });
  return plain;
}

std::string in_small_letters(const std::string& text) {
  UErrorCode status = U_ZERO_ERROR;
  std::string small;
  icu::StringByteSink<std::string> sink(&small);
  icu::CaseMap::utf8ToLower("", 0, text, sink, nullptr, status);
  check_icu(status, "put text into small letters");
  return small;
}

std::vector<std::string> with_commas_apart(const std::vector<std::string>& pieces,
                                           const std::function<std::vector<std::string>(const std::string&)>& cut) {
  std::vector<std::string> apart;
  for (const std::string& piece : pieces) {
    if (!ends_in_digit_and_comma(piece)) {
      apart.push_back(piece);
      continue;
    }
    std::vector<std::string> number = cut(without_space_marks(std::string_view(piece).substr(0, piece.size() - 1)));
    // By itself the number is cut as one at the start of a text: as a word of its own, which it may not be here.
    if (!piece.starts_with(space_mark) && !number.empty() && number.front().starts_with(space_mark)) {
      number.front().erase(0, space_mark.size());
      if (number.front().empty()) number.erase(number.begin());
    }
    apart.insert(apart.end(), number.begin(), number.end());
    apart.emplace_back(",");
  }
  return apart;
}

}  // namespace ablate::data
