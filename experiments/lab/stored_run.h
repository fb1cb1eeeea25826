#pragma once
// A finished run as its folder tells it, before its weights are read: settings, tokenizers, sizes.
#include "data/objective_symbols.h"
#include "data/tokenizers/tokenizer.h"
#include "experiments/lab/config.h"

#include <filesystem>
#include <memory>

namespace ablate::lab {

struct StoredRun {
  /// UserError if the folder is no run, or one that has not finished, or if its files are damaged.
  explicit StoredRun(std::filesystem::path folder);

  std::filesystem::path folder;
  RunConfig config;
  Json result;  ///< result.json
  VocabularyInfo vocabulary{};
  /// None of an imported model that came without, but for the names of its classes. Of an imported one with the symbols
  /// that its own files name.
  std::shared_ptr<const data::Tokenizer> source, target;
  std::filesystem::path source_file, target_file;  ///< where they lie; one file where both are one
  data::Marks marks;                               ///< that its lines may hold beside text
  bool reads_pairs = true;                         ///< two texts with one </s> between them, as ours are
};

}  // namespace ablate::lab
