#include "experiments/lab/render/latex_escape.h"

#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include "experiments/lab/render/unicode.h"

namespace ablate::lab {
namespace {

struct Replacement {
  char32_t character;
  std::string_view latex;
};

constexpr Replacement symbols[] = {
    {U'\\', "\\textbackslash{}"},
    {U'{', "\\{"},
    {U'}', "\\}"},
    {U'$', "\\$"},
    {U'&', "\\&"},
    {U'#', "\\#"},
    {U'%', "\\%"},
    {U'_', "\\_"},
    {U'^', "\\textasciicircum{}"},
    {U'~', "\\textasciitilde{}"},
    // These three print as other characters in LaTeX's default encoding. A signature may break at its bars.
    {U'|', "\\textbar{}\\allowbreak{}"},
    {U'<', "\\textless{}"},
    {U'>', "\\textgreater{}"},
    {U'"', "''"},
    // At the beginning of a row these would be read as arguments of the \\ or \midrule before it.
    {U'[', "{[}"},
    {U']', "{]}"},
    {U'*', "{*}"},
    {0x00A0, "~"},
    {0x00A3, "\\pounds{}"},
    {0x00A7, "\\S{}"},
    {0x00A9, "\\copyright{}"},
    {0x00B0, "$^{\\circ}$"},
    {0x00B1, "$\\pm$"},
    {0x00B2, "$^{2}$"},
    {0x00B3, "$^{3}$"},
    {0x00B5, "$\\mu$"},
    {0x00B7, "$\\cdot$"},
    {0x00B9, "$^{1}$"},
    {0x00C6, "\\AE{}"},
    {0x00D7, "$\\times$"},
    {0x00D8, "\\O{}"},
    {0x00DF, "\\ss{}"},
    {0x00E6, "\\ae{}"},
    {0x00F7, "$\\div$"},
    {0x00F8, "\\o{}"},
    {0x0131, "\\i{}"},
    {0x0141, "\\L{}"},
    {0x0142, "\\l{}"},
    {0x0152, "\\OE{}"},
    {0x0153, "\\oe{}"},
    {0x0393, "$\\Gamma$"},
    {0x0394, "$\\Delta$"},
    {0x0398, "$\\Theta$"},
    {0x039B, "$\\Lambda$"},
    {0x03A3, "$\\Sigma$"},
    {0x03A6, "$\\Phi$"},
    {0x03A8, "$\\Psi$"},
    {0x03A9, "$\\Omega$"},
    {0x03B1, "$\\alpha$"},
    {0x03B2, "$\\beta$"},
    {0x03B3, "$\\gamma$"},
    {0x03B4, "$\\delta$"},
    {0x03B5, "$\\varepsilon$"},
    {0x03B6, "$\\zeta$"},
    {0x03B7, "$\\eta$"},
    {0x03B8, "$\\theta$"},
    {0x03BA, "$\\kappa$"},
    {0x03BB, "$\\lambda$"},
    {0x03BC, "$\\mu$"},
    {0x03BD, "$\\nu$"},
    {0x03BE, "$\\xi$"},
    {0x03C0, "$\\pi$"},
    {0x03C1, "$\\rho$"},
    {0x03C3, "$\\sigma$"},
    {0x03C4, "$\\tau$"},
    {0x03C6, "$\\varphi$"},
    {0x03C7, "$\\chi$"},
    {0x03C8, "$\\psi$"},
    {0x03C9, "$\\omega$"},
    {0x2010, "-"},
    {0x2011, "-"},
    {0x2013, "--"},
    {0x2014, "---"},
    {0x2018, "`"},
    {0x2019, "'"},
    {0x201C, "``"},
    {0x201D, "''"},
    {0x2020, "\\dag{}"},
    {0x2021, "\\ddag{}"},
    {0x2022, "$\\bullet$"},
    {0x2026, "\\ldots{}"},
    {0x2190, "$\\leftarrow$"},
    {0x2191, "$\\uparrow$"},
    {0x2192, "$\\rightarrow$"},
    {0x2193, "$\\downarrow$"},
    {0x2194, "$\\leftrightarrow$"},
    {0x2208, "$\\in$"},
    {0x2211, "$\\sum$"},
    {0x2212, "$-$"},
    {0x221A, "$\\surd$"},
    {0x221E, "$\\infty$"},
    {0x2248, "$\\approx$"},
    {0x2260, "$\\neq$"},
    {0x2264, "$\\leq$"},
    {0x2265, "$\\geq$"},
};

/// Commands of the accents that every encoding of LaTeX can put over or under any letter.
constexpr Replacement accents_over[] = {
    {0x0300, "\\`"}, {0x0301, "\\'"},  {0x0302, "\\^"}, {0x0303, "\\~"}, {0x0304, "\\="}, {0x0306, "\\u"},
    {0x0307, "\\."}, {0x0308, "\\\""}, {0x030A, "\\r"}, {0x030B, "\\H"}, {0x030C, "\\v"},
};
constexpr Replacement accents_under[] = {{0x0323, "\\d"}, {0x0327, "\\c"}, {0x0331, "\\b"}};

std::string_view find(std::span<const Replacement> table, char32_t character) {
  for (const Replacement& row : table) {
    if (row.character == character) return row.latex;
  }
  return {};
}

std::string named(char32_t character) {
  char name[16];
  std::snprintf(name, sizeof(name), "U+%04X", static_cast<unsigned>(character));
  return name;
}

bool is_ascii_letter(char32_t c) { return (c >= U'A' && c <= U'Z') || (c >= U'a' && c <= U'z'); }

std::string without_accents(char32_t character) {
  const std::string_view symbol = find(symbols, character);
  if (!symbol.empty()) return std::string(symbol);
  return character < 0x80 ? std::string(1, static_cast<char>(character)) : named(character);
}

/// The text with é as e and its accent; what is no accented Latin letter stays one character.
std::u32string split_accents(const std::u32string& text) {
  std::u32string result;
  for (const char32_t character : text) {
    const std::u32string parts = decomposed(character);
    const bool is_latin = is_ascii_letter(parts.front()) && find(symbols, character).empty();
    result += is_latin ? parts : std::u32string(1, character);
  }
  return result;
}

/// True where TeX would read the two characters as one: -- '' `` ?` !`
bool is_ligature(char before, char after) {
  if (after == '`') return before == '`' || before == '?' || before == '!';
  return before == after && (after == '-' || after == '\'');
}

}  // namespace

std::string latex_escape(std::string_view text) {
  const std::u32string line = split_accents(single_line(text));
  std::string result;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool takes_accents = is_ascii_letter(line[i]);
    std::string letter = without_accents(line[i]), unknown;
    std::vector<std::string_view> under;
    for (; takes_accents && i + 1 < line.size() && is_combining(line[i + 1]); ++i) {
      const std::string_view above = find(accents_over, line[i + 1]), below = find(accents_under, line[i + 1]);
      if (!above.empty()) {
        letter = std::string(above) + "{" + letter + "}";
      } else if (!below.empty()) {
        under.push_back(below);
      } else {
        unknown += named(line[i + 1]);
      }
    }
    // What stands over a letter goes astray over a letter that has an accent below.
    for (const std::string_view accent : under) letter = std::string(accent) + "{" + letter + "}";
    letter += unknown;
    if (!result.empty() && is_ligature(result.back(), letter.front())) result += "{}";
    result += letter;
  }
  return result;
}

}  // namespace ablate::lab
