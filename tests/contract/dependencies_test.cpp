// The direction of dependencies, held by reading the #include lines of the sources:
// core <- config <- kernels <- layers <- model <- {decoding, training} <- lab <- cli; data sees core and
// config alone, metrics nothing.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/catch.h"

namespace {

namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

/// Folder -> the folders that its files may include from, besides itself.
const std::map<std::string, std::set<std::string>> allowed = [] {
  std::map<std::string, std::set<std::string>> rules;
  std::set<std::string> below;
  for (const char* name : {"core", "config", "kernels", "layers", "model"}) {
    const std::string folder = std::string("transformer/") + name;
    rules[folder] = below;
    below.insert(folder);
  }
  rules["transformer/decoding"] = rules["transformer/training"] = below;
  rules["data"] = {"transformer/core", "transformer/config"};
  rules["experiments/metrics"] = {};
  below.insert({"transformer/decoding", "transformer/training", "data", "experiments/metrics"});
  rules["experiments/lab"] = below;
  below.insert("experiments/lab");
  rules["experiments/cli"] = below;
  return rules;
}();

/// "transformer/layers" of "transformer/layers/attention/table.cpp"; "" if the path is in no folder of the
/// rules.
std::string folder_of(const std::string& path) {
  for (const auto& [folder, others] : allowed) {
    if (path.starts_with(folder + "/")) return folder;
  }
  return "";
}

struct Include {
  std::string path;
  bool quoted;
  int line;
};

std::vector<Include> includes_of(std::istream& source) {
  std::vector<Include> all;
  int number = 0;
  for (std::string line; std::getline(source, line);) {
    ++number;
    const std::size_t start = line.find_first_not_of(" \t");
    if (start == std::string::npos || line.compare(start, 8, "#include") != 0) continue;
    const std::size_t open = line.find_first_of("\"<", start);
    if (open == std::string::npos) continue;
    const bool quoted = line[open] == '"';
    const std::size_t close = line.find(quoted ? '"' : '>', open + 1);
    all.push_back({line.substr(open + 1, close - open - 1), quoted, number});
  }
  return all;
}

bool is_torch(const std::string& path) {
  return path.starts_with("torch/") || path.starts_with("ATen/") || path.starts_with("c10/");
}

/// What is wrong with the includes of one file, a sentence each.
Texts violations(const std::string& path, std::istream& source) {
  Texts wrong;
  const std::string folder = folder_of(path);
  const auto complain = [&](const Include& include, const std::string& why) {
    wrong.push_back(path + ":" + std::to_string(include.line) + ": includes " + include.path + ": " + why);
  };
  for (const Include& include : includes_of(source)) {
    if (include.path == "torch/torch.h") {
      complain(include, "it costs 20 s a unit; the narrow headers are in transformer/core/torch.h");
    }
    if (folder == "experiments/metrics" && !include.quoted && is_torch(include.path)) {
      complain(include, "metrics are plain C++ on text and numbers");
    }
    if (!include.quoted || include.path == "ablate_commit.h") continue;  // the latter is written by the build
    const std::string other = folder_of(include.path);
    if (other.empty()) {
      const bool test = path.starts_with("tests/") && include.path.starts_with("tests/");
      if (!test) complain(include, "our own headers are named from the root of the project");
    } else if (!folder.empty() && other != folder && !allowed.at(folder).contains(other)) {
      complain(include, folder + " must not know " + other);
    }
  }
  return wrong;
}

Texts violations(const std::string& path, const std::string& text) {
  std::istringstream source(text);
  return violations(path, source);
}

Texts sources() {
  const fs::path root = ABLATE_SOURCE_DIR;
  Texts all;
  for (const char* top : {"transformer", "data", "experiments", "tests"}) {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / top)) {
      const fs::path extension = entry.path().extension();
      if (extension == ".h" || extension == ".cpp") all.push_back(fs::relative(entry.path(), root).generic_string());
    }
  }
  std::sort(all.begin(), all.end());
  return all;
}

std::string listed(const Texts& texts) {
  std::string all;
  for (const std::string& text : texts) all += text + "\n";
  return all;
}

}  // namespace

TEST_CASE("an include against the direction is told with file, line and rule", "[contract][dependencies]") {
  CHECK(violations("transformer/layers/norm.cpp", "#pragma once\n#include \"transformer/model/encoder.h\"\n") ==
        Texts{"transformer/layers/norm.cpp:2: includes transformer/model/encoder.h: transformer/layers must "
              "not know "
              "transformer/model"});
  CHECK(violations("data/batching.cpp", "  #include \"transformer/model/config.h\"").size() == 1);
  CHECK(violations("data/batching.cpp", "#include \"experiments/metrics/bleu.h\"").size() == 1);
  CHECK(violations("experiments/metrics/bleu.cpp", "#include \"transformer/core/error.h\"").size() == 1);
  CHECK(violations("experiments/metrics/bleu.cpp", "#include <ATen/ATen.h>").size() == 1);
  CHECK(violations("transformer/training/trainer.cpp", "#include \"transformer/decoding/beam.h\"").size() == 1);
  CHECK(violations("transformer/training/trainer.cpp", "#include \"data/batching.h\"").size() == 1);
  CHECK(violations("experiments/lab/run.cpp", "#include \"experiments/cli/options.h\"").size() == 1);
  CHECK(violations("transformer/layers/norm.cpp", "#include \"norm.h\"").size() == 1);
  CHECK(violations("tests/data/batching_test.cpp", "#include <torch/torch.h>").size() == 1);
}

TEST_CASE("an include along the direction is none of our business", "[contract][dependencies]") {
  CHECK(violations("transformer/layers/norm.cpp", "#include \"transformer/layers/norm.h\"\n#include <cmath>").empty());
  CHECK(violations("transformer/model/encoder.h", "#include \"transformer/layers/norm.h\"").empty());
  CHECK(violations("data/config.h", "#include \"transformer/config/fields.h\"").empty());
  CHECK(violations("experiments/lab/run.cpp", "#include \"transformer/training/trainer.h\"").empty());
  CHECK(violations("experiments/cli/main.cpp", "#include \"ablate_commit.h\"").empty());
  CHECK(violations("transformer/layers/norm.cpp", "// #include \"transformer/model/encoder.h\"").empty());
  CHECK(violations("tests/contract/model_test.cpp", "#include \"tests/catch.h\"").empty());
}

TEST_CASE("dependencies point one way", "[contract][dependencies]") {
  const Texts files = sources();
  REQUIRE(files.size() > 50);
  Texts wrong;
  for (const std::string& path : files) {
    std::ifstream source(fs::path(ABLATE_SOURCE_DIR) / path);
    REQUIRE(source);
    const Texts found = violations(path, source);
    wrong.insert(wrong.end(), found.begin(), found.end());
  }
  INFO(listed(wrong));
  CHECK(wrong.empty());
}

TEST_CASE("every source file stands in a folder that has a rule", "[contract][dependencies]") {
  for (const std::string& path : sources()) {
    INFO(path);
    CHECK((path.starts_with("tests/") || !folder_of(path).empty()));
  }
}
