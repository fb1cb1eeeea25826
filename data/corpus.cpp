#include "data/corpus.h"

#include <nlohmann/json.hpp>

#include "data/corpus/manifest.h"
#include "data/files/sha256.h"
#include "transformer/core/error.h"

namespace ablate::data {
namespace {

std::shared_ptr<const Tokenizer> load_checked(const std::filesystem::path& folder, const StoredTokenizer& stored) {
  std::shared_ptr<const Tokenizer> tokenizer = load_tokenizer(folder / stored.file);
  if (sha256(tokenizer->serialize()) != stored.sha256) {
    throw RunError((folder / stored.file).string() + ": damaged");
  }
  return tokenizer;
}

}  // namespace

Corpus::Corpus(std::filesystem::path folder) : folder_(std::move(folder)) {
  const Manifest manifest = read_manifest(folder_);
  names_ = manifest.splits;
  content_ = manifest.content;
  joint_ = manifest.tokenizers.size() == 1;
  source_tokenizer_ = load_checked(folder_, manifest.tokenizers.front());
  target_tokenizer_ = joint_ ? source_tokenizer_ : load_checked(folder_, manifest.tokenizers.back());
  for (const std::string& name : names_) splits_.emplace(name, Split(folder_ / split_file(name)));
  content_hash_ = sha256("pairs " + split("train").ids_hash() + " source " + manifest.tokenizers.front().sha256 +
                         " target " + manifest.tokenizers.back().sha256);
}

const Split& Corpus::split(const std::string& name) const {
  const auto found = splits_.find(name);
  if (found != splits_.end()) return found->second;
  std::string known;
  for (const std::string& other : names_) known += (known.empty() ? "" : ", ") + other;
  throw UserError("the corpus has no split '" + name + "'; it has " + known);
}

std::string Corpus::split_hash(const std::string& name) const {
  return sha256("ids " + split(name).ids_hash() + " text " + split(name).text_hash());
}

}  // namespace ablate::data
