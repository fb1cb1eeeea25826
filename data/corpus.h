#pragma once
// A corpus ready for training: every split as token ids and raw text in memory-mapped files, with its
// tokenizers. Its items are pairs, or documents of running text, which are pairs without a source.
//
// Preparing reads the text as a stream, so memory does not grow with the number of pairs; three things do: a document,
// what training a tokenizer keeps (SentencePiece: `sample_lines` lines, a million unless the experiment says
// otherwise; words and characters: the distinct ones), and the pairs of a built-in task, which are generated
// as a whole. The result lies in `cache_folder`/KEY, where KEY is a hash of the text's content and of everything
// that acts on it: a second call only opens it, and a damaged cache is built again. Processes that prepare the
// same corpus at once do not disturb each other: each builds in a folder of its own, and the first to finish
// gives it the name.
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "data/config.h"
#include "data/corpus/split.h"
#include "data/tokenizers/tokenizer.h"

namespace ablate::data {

struct CorpusPaths {
  std::filesystem::path experiment_folder;  ///< what file names in the experiment file are relative to
  std::filesystem::path cache_folder;
  std::filesystem::path data_root;  ///< where recipes' corpora lie
  std::filesystem::path recipes;    ///< the folder of recipes
};

class Corpus {
 public:
  /// Opens the folder of a prepared corpus and checks every byte. Throws an Error that says what is wrong
  /// with it.
  explicit Corpus(std::filesystem::path folder);

  const Tokenizer& source_tokenizer() const { return *source_tokenizer_; }
  const Tokenizer& target_tokenizer() const { return *target_tokenizer_; }
  bool joint() const { return joint_; }  ///< source and target share one tokenizer
  Content content() const { return content_; }

  /// "train", "dev", then the test sets: "test", or the names that the corpus gives them.
  const std::vector<std::string>& split_names() const { return names_; }
  bool has_split(const std::string& name) const { return splits_.contains(name); }
  /// Throws UserError, with the names there are, if there is no such split.
  const Split& split(const std::string& name) const;

  /// What decides the trained weights: the training pairs as ids, and both tokenizers.
  const std::string& content_hash() const { return content_hash_; }
  /// What decides an evaluation's figures: the ids and the raw text of a split.
  std::string split_hash(const std::string& name) const;

  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
  std::vector<std::string> names_;
  Content content_;
  bool joint_ = true;
  std::shared_ptr<const Tokenizer> source_tokenizer_;
  std::shared_ptr<const Tokenizer> target_tokenizer_;
  std::map<std::string, Split> splits_;
  std::string content_hash_;
};

/// Receives progress and warnings, one line each. It may throw to stop; nothing half-made stays.
using Log = std::function<void(const std::string& message)>;

/// Finds the corpus in the cache or prepares it. Tokenizers are trained on the training pairs alone, both
/// sides together if joint. Training pairs with a side without tokens are left out, counted and reported; dev
/// and test keep theirs. Throws UserError for everything wrong with files or configuration (file and line
/// where there is one) and for a split without pairs; RunError if the disk fails.
Corpus prepare_corpus(const DataConfig& config, const CorpusPaths& paths, const Log& log);

}  // namespace ablate::data
