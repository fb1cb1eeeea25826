#pragma once
// The list of what a folder of the corpus cache holds. Internal to the cache.
#include <filesystem>
#include <string>
#include <vector>

#include "data/readers/readers.h"
#include "transformer/config/json.h"

namespace ablate::data {

/// Raised when the way from text to ids, or the layout of the cache, changes.
inline constexpr int cache_format = 3;

struct StoredTokenizer {
  std::string file;
  std::string sha256;
};

struct Manifest {
  Content content = Content::pairs;
  std::vector<std::string> splits;
  std::vector<StoredTokenizer> tokenizers;  ///< one if joint, else source and target
};

std::string split_file(const std::string& split);  ///< "dev.pairs"

/// `made_from` is kept for people to read. It is the last file to be written.
void write_manifest(const std::filesystem::path& folder, const Manifest& manifest, const Json& made_from);

/// Throws an Error if it is missing or not well formed.
Manifest read_manifest(const std::filesystem::path& folder);

}  // namespace ablate::data
