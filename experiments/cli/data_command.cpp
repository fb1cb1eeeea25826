// `ablate data list|show|get`: the corpora that experiments know by name.
#include "data/files/lines.h"
#include "data/recipe.h"
#include "experiments/cli/command.h"
#include "experiments/lab/interrupt.h"
#include "transformer/config/writer.h"
#include "transformer/core/error.h"

#include <algorithm>
#include <iostream>

namespace ablate::cli {
namespace {

namespace fs = std::filesystem;

/// What lies in the folder of a corpus, judged by the sums of its files.
std::string state_of(const data::Recipe& recipe, const fs::path& root) {
  std::size_t right = 0, wrong = 0;
  for (const data::RecipeFile& file : recipe.files) {
    const fs::path path = root / recipe.name / file.path;
    if (!fs::exists(path)) continue;
    ++(data::content_sha256(path) == file.sha256 ? right : wrong);
  }
  const std::string of_all = " of " + std::to_string(recipe.files.size()) + " files";
  if (wrong > 0) return std::to_string(wrong) + of_all + " wrong";
  if (right == recipe.files.size()) return "here, verified";
  return right == 0 ? "not here" : std::to_string(right) + of_all + " here";
}

int list(const std::vector<std::string>& arguments) {
  Arguments options("data list",
                    "Lists the corpora that `data.recipe` may name in an experiment file, and whether their files are\n"
                    "here with the right sums.",
                    "  ablate data list");
  if (!options.parse(arguments, {})) return success;
  struct Line {
    std::string name, state, title;
  };
  std::vector<Line> lines;
  for (const std::string& name : data::list_recipes(data::recipes_folder())) {
    const data::Recipe recipe = data::load_recipe(name, data::recipes_folder());
    lines.push_back({name, state_of(recipe, data::data_root()), recipe.title + ": " + recipe.task});
  }
  std::size_t name_width = 0, state_width = 0;
  for (const Line& line : lines) {
    name_width = std::max(name_width, line.name.size());
    state_width = std::max(state_width, line.state.size());
  }
  for (const Line& line : lines) {
    std::cout << line.name << std::string(name_width + 2 - line.name.size(), ' ') << line.state
              << std::string(state_width + 2 - line.state.size(), ' ') << line.title << "\n";
  }
  return success;
}

void print_recipe(const data::Recipe& recipe) {
  const auto line = [](const char* what, const std::string& text) {
    if (!text.empty()) std::cout << what << ": " << text << "\n";
  };
  std::cout << recipe.title << "\n\n";
  line("task", recipe.task);
  line("licence", recipe.licence);
  line("citation", recipe.citation);
  line("origin", recipe.origin);
  line("note", recipe.note);
  line("folder", (data::data_root() / recipe.name).string());
  line("state", state_of(recipe, data::data_root()));
  std::cout << "\nfiles (SHA-256 of the uncompressed content, lines, path, address):\n";
  for (const data::RecipeFile& file : recipe.files) {
    std::cout << "  " << file.sha256 << "  " << file.lines << "  " << file.path << "  "
              << (file.address.empty() ? "from a mirror only" : file.address) << "\n";
  }
  if (recipe.untried) std::cout << "  The addresses are those of the origin and have not been tried.\n";
  std::cout << "\nhow they are read:\n" << config::Writer::write(recipe.corpus).dump(2) << "\n";
}

int show(const std::vector<std::string>& arguments) {
  Arguments options("data show NAME", "Shows where a corpus comes from, its licence, its files and how they are read.",
                    "  ablate data show multi30k_en_de");
  options.add_value("name", "the corpus; `ablate data list` shows all", "NAME");
  if (!options.parse(arguments, {"name"})) return success;
  print_recipe(data::load_recipe(options.required("name"), data::recipes_folder()));
  return success;
}

int get(const std::vector<std::string>& arguments) {
  Arguments options("data get NAME [--mirror DIR] [--to DIR]",
                    "Brings the files of a corpus in, from its origin or from a folder, and checks their sums. A file\n"
                    "with another sum is refused; what is there already stays.",
                    "  ablate data get multi30k_en_de\n"
                    "  ablate data get multi30k_en_de --mirror ~/corpora/multi30k");
  options.add_value("name", "the corpus; `ablate data list` shows all", "NAME");
  options.add_value("mirror", "copy from this folder, plain or .gz, instead of downloading", "DIR");
  options.add_value("to", "the folder of all corpora (default: $ABLATE_DATA, or data/corpora)", "DIR");
  if (!options.parse(arguments, {"name"})) return success;
  const data::Recipe recipe = data::load_recipe(options.required("name"), data::recipes_folder());
  const std::optional<fs::path> mirror = options.text_if_given("mirror");
  const fs::path root = options.has("to") ? fs::path(options.text("to")) : data::data_root();

  std::cerr << "licence: " << recipe.licence << "\n";
  lab::catch_interrupts();
  const auto files = data::get_recipe(
      recipe, root, mirror, [](const std::string& message) { std::cerr << message << "\n"; },
      [] { lab::stop_if_interrupted("stopped; the files that are complete stay, the same command gets the others"); });
  for (const fs::path& file : files) std::cout << file.string() << "\n";
  return success;
}

}  // namespace

int data_command(const std::vector<std::string>& arguments) {
  constexpr Action actions[] = {{"list", list}, {"show", show}, {"get", get}};
  return run_action("data", "Lists, shows or brings in the corpora that experiments know by name.",
                    "  ablate data list\n  ablate data show multi30k_en_de\n"
                    "  ablate data get multi30k_en_de --mirror ~/corpora/multi30k",
                    actions, arguments);
}

}  // namespace ablate::cli
