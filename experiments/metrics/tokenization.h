// The tokenisations that BLEU figures name in their signature. They exist to make figures comparable and
// have nothing to do with the tokenizer of a model.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace ablate::metrics {

enum class Tokenization { none, mteval_13a, international, characters };

struct TokenizationRow {
  std::string_view name;  // as signatures write it
  std::string_view doc;
  Tokenization value;
};

inline constexpr std::array<TokenizationRow, 4> tokenizations{{
    {"13a", "the language-independent and Western rules of NIST's mteval-v13a, WMT's standard",
     Tokenization::mteval_13a},
    {"intl", "mteval-v14's international rules: every Unicode punctuation mark and symbol apart, digits kept",
     Tokenization::international},
    {"char", "every character that is not white space is a token", Tokenization::characters},
    {"none", "tokens are what white space separates: for text that is tokenised already", Tokenization::none},
}};

// The name that a signature carries.
std::string_view name_of(Tokenization tokenization);

// The tokens of one line, which may hold line breaks (13a joins words hyphenated over them).
std::vector<std::u32string> tokenize(std::u32string_view line, Tokenization tokenization);

}  // namespace ablate::metrics
