#include "experiments/metrics/ngrams.h"

#include <algorithm>

namespace ablate::metrics {

NgramCounts count_ngrams(std::u32string_view symbols, std::size_t n) {
  NgramCounts counts;
  if (symbols.size() < n) return counts;
  const std::size_t last = symbols.size() - n;
  counts.reserve(last + 1);
  for (std::size_t i = 0; i <= last; ++i) ++counts[symbols.substr(i, n)];
  return counts;
}

std::int64_t count_matches(const NgramCounts& counts, const NgramCounts& limits) {
  std::int64_t matches = 0;
  for (const auto& [ngram, count] : counts) {
    const auto limit = limits.find(ngram);
    if (limit != limits.end()) matches += std::min(count, limit->second);
  }
  return matches;
}

}  // namespace ablate::metrics
