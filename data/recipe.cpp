#include "data/recipe.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>

#include "data/files/download.h"
#include "data/files/lines.h"
#include "data/files/new_folders.h"
#include "transformer/config/reader.h"
#include "transformer/config/suggest.h"
#include "transformer/core/atomic_file.h"
#include "transformer/core/error.h"

namespace ablate::data {
namespace fs = std::filesystem;
namespace {

fs::path from_environment(const char* variable, const char* in_source_tree) {
  const char* value = std::getenv(variable);
  if (value != nullptr && *value != '\0') return value;
  return fs::path(ABLATE_SOURCE_DIR) / in_source_tree;
}

/// The value of one key of `files`.
struct FileFacts {
  RecipeFile& file;
  void describe(config::Fields& f) {
    f.field("sha256", file.sha256, "of the uncompressed content");
    f.field("lines", file.lines, "number of lines");
    f.field("address", file.address, "where it can be downloaded; may be compressed");
    const bool is_sum =
        file.sha256.size() == 64 && file.sha256.find_first_not_of("0123456789abcdef") == std::string::npos;
    f.check(is_sum, "sha256", "must be 64 lower-case hexadecimal digits");
    f.check(file.lines > 0, "lines", "needed");
  }
};

bool stays_inside(const std::string& path) {
  const fs::path normal = fs::path(path).lexically_normal();
  return !path.empty() && normal.is_relative() && *normal.begin() != "..";
}

/// The top level of a recipe's JSON file.
struct RecipeDocument {
  Recipe& recipe;
  Json files = Json::object();
  void describe(config::Fields& f) {
    f.field("title", recipe.title, "what the corpus is called");
    f.field("task", recipe.task, "what is learnt from it");
    f.field("licence", recipe.licence, "as its publisher states it");
    f.field("citation", recipe.citation, "who published it");
    f.field("origin", recipe.origin, "where the files come from");
    f.field("note", recipe.note, "what else to know");
    f.field("untried", recipe.untried, "the addresses have not been tried");
    f.field("files", files, "path -> sha256 of the uncompressed content, lines, address");
    recipe.corpus.describe(f);
  }
};

void read_files(Recipe& recipe, const Json& files, const std::string& source, config::Problems& problems) {
  if (!files.is_object() || files.empty()) {
    problems.add(source + ": files: expected an object with one key for each file");
    return;
  }
  for (const auto& [path, facts] : files.items()) {
    const std::string place = source + ": files: " + path;
    RecipeFile file;
    file.path = path;
    if (!stays_inside(path)) problems.add(place + ": must be a path inside the corpus's folder");
    if (!facts.is_object()) {
      problems.add(place + ": expected an object");
      continue;
    }
    config::Document document;
    document.add({facts, place});
    FileFacts reader_of_facts{file};
    config::Reader(document, problems).read(reader_of_facts);
    recipe.files.push_back(std::move(file));
  }
}

/// Every file of every set is one that the recipe describes.
void check_sets(const Recipe& recipe, const std::string& source, config::Problems& problems) {
  const auto check = [&](const std::string& key, const std::vector<std::string>& files) {
    for (const std::string& file : files) {
      const bool known = std::ranges::any_of(recipe.files, [&](const RecipeFile& row) { return row.path == file; });
      if (!known) problems.add(source + ": " + key + ": '" + file + "' is not among 'files'");
    }
  };
  const CorpusFiles& corpus = recipe.corpus;
  check("train", corpus.train);
  check("dev", corpus.dev);
  for (const TestSet& set : corpus.test) check("test", set.files);
  if (corpus.train.empty()) problems.add(source + ": train: no files are named");
  if (corpus.dev.empty() && !corpus.split.takes_dev()) {
    problems.add(source + ": dev: no files are named, and 'split' takes none out of train");
  }
}

enum class FileState { right, wrong, missing };

/// For a file with the right sum: another number of lines is a mistake of the recipe.
void check_lines(const ContentFacts& facts, const RecipeFile& wanted, const std::string& origin) {
  if (facts.lines == wanted.lines) return;
  throw UserError(origin + ": has the right SHA-256 sum but " + std::to_string(facts.lines) +
                  " lines, and the recipe says " + std::to_string(wanted.lines) + ": correct 'lines' of " +
                  wanted.path + " in the recipe");
}

FileState check_content(const fs::path& file, const RecipeFile& wanted) {
  if (!fs::exists(file)) return FileState::missing;
  const ContentFacts facts = content_facts(file);
  if (facts.sha256 != wanted.sha256) return FileState::wrong;
  check_lines(facts, wanted, file.string());
  return FileState::right;
}

/// Copies the uncompressed content of `from` to `to`, which appears only if its sum and lines are right.
void place(const fs::path& from, const fs::path& to, const RecipeFile& wanted, const std::string& origin,
           const StopCheck& stop) {
  AtomicFile copy(to);
  ContentMeter meter;
  if (fs::exists(from)) {
    InputFile content(from);
    for (std::string_view bytes = content.read(); !bytes.empty(); bytes = content.read()) {
      stop();
      meter.update(bytes);
      copy.write(bytes);
    }
  }
  const ContentFacts facts = meter.facts();
  if (facts.sha256 != wanted.sha256) {
    throw UserError(origin + ": not the file that the recipe describes: its uncompressed content has the SHA-256 sum " +
                    facts.sha256 + ", expected " + wanted.sha256);
  }
  check_lines(facts, wanted, origin);
  copy.commit();
}

fs::path find_in_mirror(const fs::path& mirror, const RecipeFile& file) {
  const fs::path path(file.path);
  for (const fs::path& candidate : {path, path.filename()}) {
    for (const char* ending : {"", ".gz"}) {
      const fs::path found = mirror / (candidate.string() + ending);
      if (fs::is_regular_file(found)) return found;
    }
  }
  throw UserError(mirror.string() + ": holds neither " + file.path + " nor " + file.path + ".gz");
}

/// A downloaded file that is removed in any case.
struct Download {
  fs::path file;
  ~Download() {
    std::error_code ignored;
    fs::remove(file, ignored);
  }
};

void fetch(const Recipe& recipe, const RecipeFile& file, const fs::path& to, const StopCheck& stop) {
  if (file.address.empty()) {
    throw UserError("corpus '" + recipe.name + "': " + file.path + " has no address to download from (" +
                    recipe.origin + "); name a folder that holds it with --mirror");
  }
  const Download download{temporary_name(to)};
  data::download(file.address, download.file, stop);
  place(download.file, to, file, file.address, stop);
}

}  // namespace

fs::path recipes_folder() { return from_environment("ABLATE_RECIPES", "data/recipes"); }
fs::path data_root() { return from_environment("ABLATE_DATA", "data/corpora"); }

std::vector<std::string> list_recipes(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw UserError(folder.string() + ": there is no such folder of recipes");
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

Recipe load_recipe(const std::string& name, const fs::path& folder) {
  const std::vector<std::string> names = list_recipes(folder);
  if (!std::ranges::binary_search(names, name)) {
    throw UserError("unknown corpus '" + name + "'" + config::suggestion(name, names));
  }
  const fs::path file = folder / (name + ".json");
  config::Document document;
  document.add({config::read_json_file(file), file.string()});
  Recipe recipe;
  recipe.name = name;
  config::Problems problems;
  RecipeDocument reader_of_recipe{recipe};
  config::Reader(document, problems).read(reader_of_recipe);
  read_files(recipe, reader_of_recipe.files, file.string(), problems);
  check_sets(recipe, file.string(), problems);
  problems.throw_if_any();
  return recipe;
}

std::vector<fs::path> get_recipe(const Recipe& recipe, const fs::path& data_root, const std::optional<fs::path>& mirror,
                                 const Progress& progress, const StopCheck& stop) {
  if (mirror && !fs::is_directory(*mirror)) throw UserError(mirror->string() + ": there is no such folder");
  std::vector<fs::path> placed;
  for (const RecipeFile& file : recipe.files) {
    const fs::path to = data_root / recipe.name / file.path;
    placed.push_back(to);
    if (check_content(to, file) == FileState::right) {
      progress(file.path + ": already there");
      continue;
    }
    const NewFolders folders(to.parent_path());
    if (mirror) {
      const fs::path from = find_in_mirror(*mirror, file);
      place(from, to, file, from.string(), stop);
      progress(file.path + ": copied from " + from.string());
    } else {
      progress(file.path + ": downloading " + file.address);
      fetch(recipe, file, to, stop);
    }
  }
  return placed;
}

CorpusFiles locate_recipe(const Recipe& recipe, const fs::path& data_root) {
  const fs::path folder = data_root / recipe.name;
  for (const RecipeFile& file : recipe.files) {
    const FileState content = check_content(folder / file.path, file);
    if (content == FileState::right) continue;
    throw UserError("corpus '" + recipe.name + "': " + (folder / file.path).string() +
                    (content == FileState::missing ? " is missing" : " is not the file that the recipe describes") +
                    "; get it with: ablate data get " + recipe.name + " [--mirror FOLDER]");
  }
  CorpusFiles corpus = recipe.corpus;
  const auto locate = [&](std::vector<std::string>& files) {
    for (std::string& file : files) file = (folder / file).string();
  };
  locate(corpus.train);
  locate(corpus.dev);
  for (TestSet& set : corpus.test) locate(set.files);
  return corpus;
}

}  // namespace ablate::data
