// Counting n-grams over a sequence of symbols: code points, or words that were numbered first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace ablate::metrics {

// n-gram -> how often it occurs. The keys look into the sequence that was counted, which must outlive them.
using NgramCounts = std::unordered_map<std::u32string_view, std::int64_t>;

// All n-grams of exactly n symbols; none where the sequence is shorter.
NgramCounts count_ngrams(std::u32string_view symbols, std::size_t n);

// The sum over the n-grams of `counts` of min(count, count in `limits`): the clipped matches of BLEU and
// chrF.
std::int64_t count_matches(const NgramCounts& counts, const NgramCounts& limits);

// How many n-grams of n symbols a sequence of this length has, repetitions included.
constexpr std::int64_t ngram_total(std::size_t length, std::size_t n) {
  return length < n ? 0 : static_cast<std::int64_t>(length - n + 1);
}

// Numbers words in the order of their first appearance, so that word n-grams are n-grams of symbols. One
// for all texts that are compared with each other.
class WordNumbers {
 public:
  // The numbers of a list of words (std::u32string or a view).
  template <typename Words>
  std::u32string number(const Words& words) {
    std::u32string symbols;
    symbols.reserve(words.size());
    for (const auto& word : words) {
      const auto next = static_cast<char32_t>(numbers_.size());
      symbols.push_back(numbers_.try_emplace(std::u32string(word), next).first->second);
    }
    return symbols;
  }

 private:
  std::unordered_map<std::u32string, char32_t> numbers_;
};

}  // namespace ablate::metrics
