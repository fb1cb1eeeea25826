#pragma once
// The ids of words that were encoded before: most words of a text have been seen.
#include <cstdint>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/tokenizers/vocabulary.h"

namespace ablate::data {

/// May be used by several threads at once. When it is full it stays as it is: the words that come first in a text are
/// mostly the frequent ones.
class WordCache {
 public:
  /// Adds the ids of the word to `ids` if they are kept here.
  bool find(std::string_view word, std::vector<std::int32_t>& ids) const {
    const std::shared_lock lock(mutex_);
    const auto found = words_.find(word);
    if (found == words_.end()) return false;
    ids.insert(ids.end(), found->second.begin(), found->second.end());
    return true;
  }

  void keep(std::string_view word, std::span<const std::int32_t> ids) {
    if (word.size() > longest) return;
    const std::unique_lock lock(mutex_);
    if (words_.size() < most_words) words_.emplace(word, std::vector<std::int32_t>(ids.begin(), ids.end()));
  }

 private:
  static constexpr std::size_t longest = 256;  ///< bytes
  static constexpr std::size_t most_words = 1 << 18;

  mutable std::shared_mutex mutex_;
  StringMap<std::vector<std::int32_t>> words_;
};

}  // namespace ablate::data
