#pragma once
// What ALBERT (Lan et al. 2020) does to text before SentencePiece cuts it, and to the pieces that come of it. All text
// is valid UTF-8.
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ablate::data {

/// `` and '' become ".
std::string with_plain_quotes(std::string_view text);

/// Compatibility decomposition (NFKD) without the marks that stand on others: those with a combining class.
std::string without_accents(const std::string& text);

/// Unicode's full mapping in no language's way; a sigma that ends a word is a final one.
std::string in_small_letters(const std::string& text);

/// A piece that ends in a digit and a comma becomes the pieces that `cut` makes of it without the comma, and the comma:
/// numbers are cut in the same way with a comma behind them and without.
std::vector<std::string> with_commas_apart(const std::vector<std::string>& pieces,
                                           const std::function<std::vector<std::string>(const std::string&)>& cut);

}  // namespace ablate::data
