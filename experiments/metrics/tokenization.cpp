#include "experiments/metrics/tokenization.h"

#include <unicode/uchar.h>

#include <cstdint>

#include "experiments/metrics/text.h"

namespace ablate::metrics {

namespace {

void replace_all(std::u32string& text, std::u32string_view from, std::u32string_view to) {
  for (std::size_t at = text.find(from); at != std::u32string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// Where a rule over two neighbouring characters puts spaces.
enum class Split { around_second, around_first };

// One rule of the mteval scripts: from the left, wherever `first` and `second` hold for two neighbours,
// both are taken and spaces are put in. The next match starts behind them, as a substitution by regular
// expression does; so `,,,` after a letter is seen as (letter , ) (, ,), and which marks stay together
// depends on it.
template <typename First, typename Second>
std::u32string separate(std::u32string_view text, First first, Second second, Split where) {
  std::u32string result;
  result.reserve(text.size() + text.size() / 2);
  std::size_t i = 0;
  while (i < text.size()) {
    if (i + 1 == text.size() || !first(text[i]) || !second(text[i + 1])) {
      result.push_back(text[i++]);
      continue;
    }
    if (where == Split::around_first) result.push_back(U' ');
    result.push_back(text[i]);
    result.push_back(U' ');
    result.push_back(text[i + 1]);
    if (where == Split::around_second) result.push_back(U' ');
    i += 2;
  }
  return result;
}

template <typename Predicate>
std::u32string separate_each(std::u32string_view text, Predicate predicate) {
  std::u32string result;
  result.reserve(text.size() + text.size() / 2);
  for (char32_t c : text) {
    if (predicate(c)) {
      result.append({U' ', c, U' '});
    } else {
      result.push_back(c);
    }
  }
  return result;
}

bool is_digit(char32_t c) { return c >= U'0' && c <= U'9'; }
bool is_not_digit(char32_t c) { return !is_digit(c); }
bool is_dash(char32_t c) { return c == U'-'; }
bool is_period_or_comma(char32_t c) { return c == U'.' || c == U','; }

// ASCII punctuation and symbols except the apostrophe, comma, dash and period.
bool is_always_apart_13a(char32_t c) {
  const bool mark =
      (c >= U'!' && c <= U'/') || (c >= U':' && c <= U'@') || (c >= U'[' && c <= U'`') || (c >= U'{' && c <= U'~');
  return mark && c != U'\'' && !is_dash(c) && !is_period_or_comma(c);
}

std::u32string apply_13a(std::u32string_view line) {
  std::u32string text(line);
  replace_all(text, U"<skipped>", U"");
  replace_all(text, U"-\n", U"");
  replace_all(text, U"\n", U" ");
  replace_all(text, U"&quot;", U"\"");
  replace_all(text, U"&amp;", U"&");  // before the next two: `&amp;lt;` ends as `<`
  replace_all(text, U"&lt;", U"<");
  replace_all(text, U"&gt;", U">");
  // The rules below look at neighbours; the spaces give the first and the last character one.
  text.insert(text.begin(), U' ');
  text.push_back(U' ');
  text = separate_each(text, is_always_apart_13a);
  text = separate(text, is_not_digit, is_period_or_comma, Split::around_second);
  text = separate(text, is_period_or_comma, is_not_digit, Split::around_first);
  return separate(text, is_digit, is_dash, Split::around_second);
}

bool has_category(char32_t c, std::uint32_t mask) { return (U_GET_GC_MASK(static_cast<UChar32>(c)) & mask) != 0; }
bool is_punctuation(char32_t c) { return has_category(c, U_GC_P_MASK); }
bool is_symbol(char32_t c) { return has_category(c, U_GC_S_MASK); }
bool is_not_number(char32_t c) { return !has_category(c, U_GC_N_MASK); }

// No spaces are put at the ends, so a full stop behind a number at the end of the line stays with it: that
// is how mteval-v14 does it, and figures depend on it.
std::u32string apply_international(std::u32string_view line) {
  std::u32string text = separate(line, is_not_number, is_punctuation, Split::around_second);
  text = separate(text, is_punctuation, is_not_number, Split::around_first);
  return separate_each(text, is_symbol);
}

std::u32string apply(std::u32string_view line, Tokenization tokenization) {
  switch (tokenization) {
    case Tokenization::mteval_13a:
      return apply_13a(line);
    case Tokenization::international:
      return apply_international(line);
    case Tokenization::characters:
      return separate_each(line, [](char32_t) { return true; });
    case Tokenization::none:
      break;
  }
  return std::u32string(line);
}

}  // namespace

std::string_view name_of(Tokenization tokenization) {
  for (const TokenizationRow& row : tokenizations) {
    if (row.value == tokenization) return row.name;
  }
  return "?";
}

std::vector<std::u32string> tokenize(std::u32string_view line, Tokenization tokenization) {
  const std::u32string spaced = apply(line, tokenization);
  std::vector<std::u32string> tokens;
  for (std::u32string_view word : split(spaced)) tokens.emplace_back(word);
  return tokens;
}

}  // namespace ablate::metrics
