#pragma once
// A folder with an experiment's text, its cache and its corpora, and what preparing said.
#include <filesystem>
#include <fstream>
#include <string>

#include "data/corpus.h"
#include "tests/data/support.h"

namespace ablate::data::testing {

class Workspace {
 public:
  void write(const std::string& name, const std::string& text) const {
    const auto file = path() / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
  }
  /// `config` is the JSON of the section `data`; file names in it are relative to this folder.
  Corpus prepare(const std::string& config) const {
    said_.clear();
    return prepare_corpus(from_json<DataConfig>(config), paths(),
                          [this](const std::string& message) { said_ += message + "\n"; });
  }
  CorpusPaths paths() const { return {path(), cache(), path() / "corpora", path() / "recipes"}; }
  std::filesystem::path cache() const { return path() / "cache"; }
  const std::filesystem::path& path() const { return folder_.path(); }
  const std::string& said() const { return said_; }  ///< by the last prepare()

 private:
  TemporaryFolder folder_;
  mutable std::string said_;
};

/// A corpus of files with the tokenizer `words`.
inline std::string words_config(const std::string& files, const std::string& tokenizer = "") {
  return "{\"kind\": \"files\", " + files + ", \"tokenizer\": {\"kind\": \"words\"" +
         (tokenizer.empty() ? "" : ", " + tokenizer) + "}}";
}

/// train.txt and dev.txt, whose lines are documents, with the tokenizer `words`.
inline Corpus corpus_of_documents(const Workspace& work, const std::string& train, const std::string& dev) {
  work.write("train.txt", train);
  work.write("dev.txt", dev);
  return work.prepare(words_config(R"("reader": {"kind": "lines"}, "train": ["train.txt"], "dev": ["dev.txt"])"));
}

}  // namespace ablate::data::testing
