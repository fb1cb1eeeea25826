#include "data/corpus/manifest.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <nlohmann/json.hpp>

#include "transformer/config/document.h"
#include "transformer/core/atomic_file.h"
#include "transformer/core/error.h"

namespace ablate::data {
namespace {

constexpr const char* file_name = "corpus.json";

constexpr std::pair<Content, const char*> content_names[] = {
    {Content::pairs, "pairs"}, {Content::text, "text"}, {Content::classes, "classes"}, {Content::numbers, "numbers"}};

const char* name_of(Content content) {
  return std::ranges::find(content_names, content, &std::pair<Content, const char*>::first)->second;
}

}  // namespace

std::string split_file(const std::string& split) { return split + ".pairs"; }

void write_manifest(const std::filesystem::path& folder, const Manifest& manifest, const Json& made_from) {
  Json json = {{"content", name_of(manifest.content)},
               {"splits", manifest.splits},
               {"tokenizers", Json::array()},
               {"made_from", made_from}};
  for (const StoredTokenizer& tokenizer : manifest.tokenizers) {
    json["tokenizers"].push_back({{"file", tokenizer.file}, {"sha256", tokenizer.sha256}});
  }
  write_file_atomically(folder / file_name, json.dump(2) + "\n");
}

Manifest read_manifest(const std::filesystem::path& folder) {
  const Json json = config::read_json_file(folder / file_name);
  Manifest manifest;
  try {
    const auto content = json.at("content").get<std::string>();
    const auto known = std::ranges::find_if(content_names, [&](const auto& name) { return name.second == content; });
    if (known == std::end(content_names)) throw RunError((folder / file_name).string() + ": damaged");
    manifest.content = known->first;
    json.at("splits").get_to(manifest.splits);
    for (const Json& tokenizer : json.at("tokenizers")) {
      manifest.tokenizers.push_back({tokenizer.at("file"), tokenizer.at("sha256")});
    }
  } catch (const nlohmann::json::exception&) {
    manifest.tokenizers.clear();
  }
  if (manifest.splits.empty() || manifest.tokenizers.empty() || manifest.tokenizers.size() > 2) {
    throw RunError((folder / file_name).string() + ": damaged");
  }
  return manifest;
}

}  // namespace ablate::data
