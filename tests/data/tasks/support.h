#pragma once
// What the tests of several tasks share: a checksum of pairs, tokens of a line, all pairs of all splits.
#include <algorithm>
#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "data/tasks/tasks.h"

namespace ablate::data::testing {

inline std::vector<std::string> tokens_of(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> tokens;
  for (std::string token; stream >> token;) tokens.push_back(token);
  return tokens;
}

inline std::vector<Pair> all_pairs(const Splits& splits) {
  std::vector<Pair> pairs = splits.train;
  pairs.insert(pairs.end(), splits.dev.begin(), splits.dev.end());
  pairs.insert(pairs.end(), splits.test.begin(), splits.test.end());
  return pairs;
}

/// FNV-1a, 64 bits, of the lines "source TAB target LF" in the order given.
inline std::uint64_t checksum(const std::vector<Pair>& pairs) {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  };
  for (const Pair& pair : pairs) {
    add(pair.source);
    add("\t");
    add(pair.target);
    add("\n");
  }
  return hash;
}

/// The distinct pairs, sorted bytewise by "source TAB target".
inline std::vector<Pair> sorted_set(std::vector<Pair> pairs) {
  const auto line = [](const Pair& pair) { return pair.source + "\t" + pair.target; };
  std::ranges::sort(pairs, {}, line);
  const auto repeated = std::ranges::unique(pairs);
  pairs.erase(repeated.begin(), repeated.end());
  return pairs;
}

inline Splits generate(std::string_view task, const TaskOptions& options = {}) { return tasks().at(task)(options); }

}  // namespace ablate::data::testing
