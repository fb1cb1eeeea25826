#include "experiments/metrics/text.h"

#include <unicode/bytestream.h>
#include <unicode/casemap.h>
#include <unicode/stringpiece.h>
#include <unicode/utf8.h>

#include <cstdint>
#include <stdexcept>

namespace ablate::metrics {

std::u32string decode_utf8(std::string_view text) {
  std::u32string result;
  result.reserve(text.size());
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto length = static_cast<std::int64_t>(text.size());
  for (std::int64_t next = 0; next < length;) {
    const std::int64_t start = next;
    UChar32 code_point = 0;
    U8_NEXT(bytes, next, length, code_point);
    if (code_point < 0) {
      throw std::invalid_argument("invalid UTF-8 at byte " + std::to_string(start + 1));
    }
    result.push_back(static_cast<char32_t>(code_point));
  }
  return result;
}

std::u32string_view strip_right(std::u32string_view text) {
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::u32string_view> split(std::u32string_view text) {
  std::vector<std::u32string_view> words;
  for (std::size_t next = 0; next < text.size();) {
    if (is_space(text[next])) {
      ++next;
      continue;
    }
    const std::size_t start = next;
    while (next < text.size() && !is_space(text[next])) ++next;
    words.push_back(text.substr(start, next - start));
  }
  return words;
}

std::string lower_case(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  icu::StringByteSink<std::string> sink(&result);
  UErrorCode status = U_ZERO_ERROR;
  // The empty locale is the root: no Turkish or Lithuanian rules, whatever the user's environment says.
  const icu::StringPiece source(text.data(), static_cast<std::int32_t>(text.size()));
  icu::CaseMap::utf8ToLower("", 0, source, sink, nullptr, status);
  if (U_FAILURE(status)) {
    throw std::invalid_argument(std::string("cannot lower-case a line: ICU says ") + u_errorName(status));
  }
  return result;
}

}  // namespace ablate::metrics
