#pragma once
// All pairs of a corpus, split by split, as streams of text: from files under a split rule, or from a
// built-in task. Internal to the preparation of a corpus.
#include <memory>
#include <string>
#include <vector>

#include "data/config.h"
#include "data/corpus.h"
#include "transformer/config/json.h"

namespace ablate::data {

class Pairs {
 public:
  virtual ~Pairs() = default;
  /// "train", "dev", then the test sets.
  virtual std::vector<std::string> split_names() const = 0;
  /// A stream over one split from its beginning; the object must outlive it.
  virtual std::unique_ptr<PairReader> open(const std::string& split) = 0;
  /// Where the pairs of a split come from, for messages: file names, or the task.
  virtual std::string origin(const std::string& split) const = 0;
  virtual Content content() const = 0;
  /// Everything that decides the pairs: for files their content, not their names.
  virtual Json fingerprint() const = 0;
};

/// Finds the files and hashes their content. Throws UserError for a missing file, and for one of a recipe
/// that is not what the recipe describes.
std::unique_ptr<Pairs> find_pairs(const DataConfig& config, const CorpusPaths& paths);

}  // namespace ablate::data
