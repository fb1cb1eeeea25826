#pragma once
// UTF-8 text as a sequence of code points. What is no valid UTF-8 is passed on as such: the caller decides.
#include <cstdint>
#include <string_view>

#include <unicode/utf8.h>

namespace ablate {

/// Calls `visit(bytes, valid)` for each code point of `text` in order. The parts that are no valid UTF-8 come
/// with `valid` false, cut as Unicode recommends (maximal subparts; Unicode 15, section 3.9): together the
/// calls cover all of `text`.
template <class Visit>
void for_each_code_point(std::string_view text, Visit visit) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto length = static_cast<std::int64_t>(text.size());
  for (std::int64_t at = 0; at < length;) {
    const std::int64_t start = at;
    std::int32_t code_point = 0;
    U8_NEXT(bytes, at, length, code_point);
    visit(text.substr(static_cast<std::size_t>(start), static_cast<std::size_t>(at - start)), code_point >= 0);
  }
}

inline bool is_utf8(std::string_view text) {
  bool all_valid = true;
  for_each_code_point(text, [&](std::string_view, bool valid) { all_valid = all_valid && valid; });
  return all_valid;
}

}  // namespace ablate
