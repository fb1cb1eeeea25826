#pragma once
// What the tests of readers, recipes and corpora share: files, and configurations written as JSON.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <zlib.h>
#include <nlohmann/json.hpp>

#include "data/corpus.h"
#include "data/readers/readers.h"
#include "tests/temporary_folder.h"
#include "transformer/config/reader.h"
#include "transformer/config/writer.h"

namespace ablate::data::testing {

using ablate::testing::TemporaryFolder;

inline std::string read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_compressed(const std::filesystem::path& file, const std::string& text) {
  const gzFile out = gzopen(file.c_str(), "wb");
  gzwrite(out, text.data(), static_cast<unsigned>(text.size()));
  gzclose(out);
}

/// All files below a folder, as sorted paths relative to it.
inline std::vector<std::string> files_in(const std::filesystem::path& folder) {
  std::vector<std::string> files;
  if (!std::filesystem::exists(folder)) return files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_directory()) files.push_back(entry.path().lexically_relative(folder).string());
  }
  std::ranges::sort(files);
  return files;
}

/// Reads a configuration struct strictly; throws UserError with all mistakes.
template <class Config>
Config from_json(const std::string& json) {
  Config config;
  config::read_strictly(config, config::parse_json(json, "test.json"), "test.json");
  return config;
}

using TextPair = std::pair<std::string, std::string>;

inline std::vector<TextPair> read_all(PairReader& reader) {
  std::vector<TextPair> pairs;
  for (RawPair pair; reader.next(pair);) pairs.emplace_back(pair.source, pair.target);
  return pairs;
}

inline std::vector<TextPair> texts(const Split& split) {
  std::vector<TextPair> pairs;
  for (std::int64_t i = 0; i < split.size(); ++i) {
    pairs.emplace_back(std::string(split.source_text(i)), std::string(split.target_text(i)));
  }
  return pairs;
}

}  // namespace ablate::data::testing
