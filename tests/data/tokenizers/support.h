#pragma once
// What the tests of tokenizers share: training text, and a folder for files.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "data/tokenizers/tokenizer.h"
#include "tests/temporary_folder.h"

namespace ablate::data::testing {

using ablate::testing::TemporaryFolder;

/// Hands out a list of lines, one at a time.
inline NextLine lines_of(std::vector<std::string> lines) {
  return [lines = std::move(lines), next = std::size_t{0}](std::string& line) mutable {
    if (next == lines.size()) return false;
    line = lines[next++];
    return true;
  };
}

/// Two hundred sentences of a small grammar, with letters beyond ASCII.
inline std::vector<std::string> sentences() {
  const std::vector<std::string> who = {"the cat", "a grey dog", "my sister", "the old man", "eine Möwe"};
  const std::vector<std::string> does = {"sees", "follows", "remembers", "paints", "überholt"};
  const std::vector<std::string> what = {"the river.",        "a train!", "the café?",     "seven ships.",
                                         "日本 2,024 times.", "nothing.", "an open door.", "the last leaf."};
  std::vector<std::string> all;
  for (const std::string& subject : who) {
    for (const std::string& verb : does) {
      for (const std::string& object : what) all.push_back(subject + " " + verb + " " + object);
    }
  }
  return all;
}

inline std::unique_ptr<Tokenizer> train(const TokenizerConfig& config, std::vector<std::string> lines) {
  return train_tokenizer(config, lines_of(std::move(lines)));
}

inline std::string round_trip(const Tokenizer& tokenizer, const std::string& line) {
  return tokenizer.decode(tokenizer.encode(line));
}

inline std::vector<std::string> pieces_of(const Tokenizer& tokenizer, const std::string& line) {
  std::vector<std::string> pieces;
  for (const std::int32_t id : tokenizer.encode(line)) pieces.push_back(tokenizer.piece(id));
  return pieces;
}

}  // namespace ablate::data::testing
