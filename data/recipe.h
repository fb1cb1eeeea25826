#pragma once
// Recipes: for each known corpus one JSON file that says where it comes from, under which licence, what its
// files must hold to the byte, and how they are read. No text of a corpus is part of the project;
// `get_recipe` brings it in.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "data/config.h"
#include "data/files/download.h"

namespace ablate::data {

struct RecipeFile {
  std::string path;        ///< relative to the corpus's folder; the file lies there uncompressed
  std::string sha256;      ///< of the uncompressed content
  std::int64_t lines = 0;  ///< of the uncompressed content; a last one without its end counts
  std::string address;     ///< "" if it can only be had from a mirror
};

struct Recipe {
  std::string name;  ///< of the JSON file, without ".json"
  std::string title;
  std::string task;
  std::string licence;
  std::string citation;
  std::string origin;
  std::string note;
  bool untried = false;  ///< nobody has downloaded from the addresses yet
  std::vector<RecipeFile> files;
  CorpusFiles corpus;
};

/// $ABLATE_RECIPES, or data/recipes in the source tree.
std::filesystem::path recipes_folder();
/// $ABLATE_DATA, or data/corpora in the source tree. The corpus NAME lies in its folder NAME.
std::filesystem::path data_root();

/// Names in alphabetical order. Throws UserError if there is no such folder.
std::vector<std::string> list_recipes(const std::filesystem::path& folder);

/// Throws UserError for an unknown name (with a suggestion) and for every mistake in the file.
Recipe load_recipe(const std::string& name, const std::filesystem::path& folder);

/// Called with each line worth telling the user.
using Progress = std::function<void(const std::string& message)>;

/// Brings the files of a recipe into `data_root`/NAME and returns where they lie. What is there with the
/// right sum stays. With `mirror`, files are copied from that folder: from their path or their bare name,
/// plain or with ".gz". Without it they are downloaded. A file appears in its place only after its sum and
/// its number of lines have been checked. Throws UserError for a missing file, a wrong sum or a recipe with a
/// wrong number of lines, RunError if the download or the disk fails. `stop` is called all the while, and what it
/// throws ends the work; no half file and no empty folder is left behind.
std::vector<std::filesystem::path> get_recipe(
    const Recipe& recipe, const std::filesystem::path& data_root, const std::optional<std::filesystem::path>& mirror,
    const Progress& progress, const StopCheck& stop = [] {});

/// The corpus with the paths under which its files lie. Throws UserError naming the first file that is
/// missing or has another sum, and how to get it.
CorpusFiles locate_recipe(const Recipe& recipe, const std::filesystem::path& data_root);

}  // namespace ablate::data
