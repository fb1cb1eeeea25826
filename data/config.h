#pragma once
// The section `data` of an experiment file: which pairs, how they are divided, how they become tokens, which
// way.
#include <cstdint>
#include <string>
#include <vector>

#include "data/readers/readers.h"
#include "data/tasks/tasks.h"
#include "data/tokenizers/tokenizer.h"
#include "transformer/config/fields.h"

namespace ablate::data {

/// Where dev and test come from if no files hold them: out of the pairs (or documents) of `train`, before `reverse`
/// swaps sides.
struct SplitConfig {
  std::string kind = "files";
  std::int64_t seed = 1;                 ///< random
  std::int64_t dev = 0;                  ///< random, last: number of pairs; last: or of characters
  std::int64_t test = 0;                 ///< as dev
  std::string unit = "pairs";            ///< last: what dev and test count
  std::vector<std::int64_t> dev_range;   ///< hash: first and last remainder, such as [5, 9]
  std::vector<std::int64_t> test_range;  ///< hash: as dev_range

  void describe(config::Fields& f);
  bool takes_dev() const;
  bool takes_test() const;
};

config::Choices split_kinds();
config::Choices split_units();

/// FNV-1a, 64 bits (Fowler, Noll, Vo; RFC 9923): the hash of the split rule `hash`.
constexpr std::uint64_t fnv1a(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  return hash;
}

/// A named test set and its files.
struct TestSet {
  std::string name;
  std::vector<std::string> files;
};

/// A corpus in files: what an experiment of kind `files` and a recipe have in common. Each list holds the
/// files of one set: two (source, target) for the reader `parallel`, one for the others.
struct CorpusFiles {
  ReaderConfig reader;
  std::vector<std::string> train;
  std::vector<std::string> dev;
  std::vector<TestSet> test;
  SplitConfig split;

  void describe(config::Fields& f);
};

/// A built-in task and its options.
struct TaskConfig : TaskOptions {
  std::string kind = "copy";
  void describe(config::Fields& f);
};

struct DataConfig {
  std::string kind = "recipe";
  std::string recipe;  ///< name of a recipe; its files lie in the data root
  CorpusFiles files;   ///< names are relative to the folder of the experiment file
  TaskConfig task;
  bool reverse = false;
  TokenizerConfig tokenizer;  ///< `words` by default for tasks, whose tokens stand between spaces

  void describe(config::Fields& f);

  /// What still has to be said before data can be prepared: "" or one sentence. Not an error while reading,
  /// as a model can be described without data.
  std::string missing() const;
};

config::Choices corpus_kinds();

}  // namespace ablate::data
