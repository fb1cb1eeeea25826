#include "data/recipe.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdlib>
#include <string>

#include "data/files/sha256.h"
#include "tests/catch.h"
#include "tests/data/recipes/local_server.h"
#include "tests/data/support.h"
#include "transformer/core/error.h"

using namespace ablate;
using namespace ablate::data;
using namespace ablate::data::testing;

namespace {

const std::string english = "a dog\na cat\n";
const std::string german = "ein Hund\neine Katze\n";

/// A folder of recipes with "toy" in it, whose files have addresses that begin with `server`.
class ToyRecipe {
 public:
  explicit ToyRecipe(const std::string& server = "", const std::string& german_sum = sha256(german)) {
    Json json = {{"title", "Toy"}, {"task", "translation"}, {"licence", "none"}, {"untried", true}};
    json["files"]["sub/t.en"] = {{"sha256", sha256(english)}, {"lines", 2}};
    json["files"]["sub/t.de"] = {{"sha256", german_sum}, {"lines", 2}};
    if (!server.empty()) {
      json["files"]["sub/t.en"]["address"] = server + "t.en";
      json["files"]["sub/t.de"]["address"] = server + "t.de.gz";
    }
    json["reader"] = {{"kind", "parallel"}};
    json["train"] = {"sub/t.en", "sub/t.de"};
    json["split"] = {{"kind", "random"}, {"dev", 1}};
    write("toy", json);
  }
  void write(const std::string& name, const Json& json) const { folder_.write(name + ".json", json.dump(2)); }
  Json json() const { return config::read_json_file(path() / "toy.json"); }
  Recipe load() const { return load_recipe("toy", path()); }
  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

void ignore(const std::string&) {}

std::string compressed(const std::string& text) {
  const TemporaryFolder folder;
  write_compressed(folder.path() / "x.gz", text);
  return read_text(folder.path() / "x.gz");
}

}  // namespace

TEST_CASE("all recipes of the project can be read") {
  const auto names = list_recipes(recipes_folder());
  CHECK(names.size() >= 10);
  for (const std::string& name : names) {
    INFO(name);
    const Recipe recipe = load_recipe(name, recipes_folder());
    for (const std::string& text : {recipe.title, recipe.task, recipe.licence, recipe.citation, recipe.origin}) {
      CHECK_FALSE(text.empty());
    }
    const bool has_addresses =
        std::ranges::any_of(recipe.files, [](const RecipeFile& file) { return !file.address.empty(); });
    CHECK((recipe.untried || !has_addresses));
    CHECK((!recipe.corpus.dev.empty() || recipe.corpus.split.takes_dev()));
  }
}

TEST_CASE("recipes are read strictly") {
  const ToyRecipe toy;
  CHECK(list_recipes(toy.path()) == std::vector<std::string>{"toy"});
  const auto refused = [&](const Json& json, const std::string& message) {
    toy.write("bad", json);
    CHECK_THROWS_AS(load_recipe("bad", toy.path()), UserError);
    CHECK_THROWS_MENTION(load_recipe("bad", toy.path()), message);
  };
  CHECK_THROWS_MENTION(load_recipe("tot", toy.path()), "unknown corpus 'tot' (did you mean 'toy'?)");
  CHECK_THROWS_MENTION(list_recipes(toy.path() / "none"), "no such folder");
  Json json = toy.json();
  json["titel"] = "Toy";
  refused(json, "bad.json: titel: unknown key (did you mean 'title'?)");
  json = toy.json();
  json["files"]["sub/t.en"]["sha256"] = "12AB";
  refused(json, "sub/t.en: sha256: must be 64");
  json = toy.json();
  json["files"]["sub/t.en"]["adress"] = "x";
  refused(json, "did you mean 'address'?");
  json = toy.json();
  json["files"]["../x"] = json["files"]["sub/t.en"];
  refused(json, "../x: must be a path inside");
  json = toy.json();
  json["train"][0] = "t.en";
  refused(json, "train: 't.en' is not among 'files'");
  json = toy.json();
  json.erase("split");
  refused(json, "dev: no files are named");
}

TEST_CASE("a mirror is a folder with the files by path or bare name, plain or compressed") {
  const ToyRecipe toy;
  const TemporaryFolder root;
  const TemporaryFolder mirror;
  std::filesystem::create_directory(mirror.path() / "sub");
  write_compressed(mirror.path() / "sub" / "t.en.gz", english);
  mirror.write("t.de", german);
  const auto placed = get_recipe(toy.load(), root.path(), mirror.path(), ignore);
  CHECK(placed.size() == 2);
  CHECK(files_in(root.path()) == std::vector<std::string>{"toy/sub/t.de", "toy/sub/t.en"});
  CHECK(read_text(placed[0]) == english);
  CHECK(read_text(placed[1]) == german);
  const CorpusFiles corpus = locate_recipe(toy.load(), root.path());
  CHECK(corpus.train == std::vector<std::string>{placed[0].string(), placed[1].string()});
}

TEST_CASE("files that are there with the right sum are not fetched again") {
  const ToyRecipe toy;
  const TemporaryFolder root;
  const TemporaryFolder mirror;
  mirror.write("t.en", english);
  mirror.write("t.de", german);
  get_recipe(toy.load(), root.path(), mirror.path(), ignore);
  const TemporaryFolder empty;
  std::vector<std::string> said;
  get_recipe(toy.load(), root.path(), empty.path(), [&](const std::string& line) { said.push_back(line); });
  CHECK(said == std::vector<std::string>{"sub/t.en: already there", "sub/t.de: already there"});
}

TEST_CASE("a missing or wrong file of a mirror is named, and nothing half-written stays") {
  const ToyRecipe toy;
  const TemporaryFolder root;
  const TemporaryFolder mirror;
  CHECK_THROWS_AS(get_recipe(toy.load(), root.path(), mirror.path(), ignore), UserError);
  CHECK_THROWS_MENTION(get_recipe(toy.load(), root.path(), mirror.path(), ignore),
                       "holds neither sub/t.en nor sub/t.en.gz");
  CHECK_THROWS_MENTION(get_recipe(toy.load(), root.path(), mirror.path() / "none", ignore), "no such folder");
  CHECK_FALSE(std::filesystem::exists(root.path() / "toy"));
  mirror.write("t.en", english);
  mirror.write("t.de", german + "one line more\n");
  CHECK_THROWS_AS(get_recipe(toy.load(), root.path(), mirror.path(), ignore), UserError);
  CHECK_THROWS_MENTION(get_recipe(toy.load(), root.path(), mirror.path(), ignore),
                       "t.de: not the file that the recipe");
  CHECK(files_in(root.path()) == std::vector<std::string>{"toy/sub/t.en"});
}

TEST_CASE("a recipe with a wrong number of lines is refused, with both numbers") {
  const ToyRecipe toy;
  Json json = toy.json();
  json["files"]["sub/t.de"]["lines"] = 3;
  toy.write("miscounted", json);
  const Recipe miscounted = load_recipe("miscounted", toy.path());
  const std::string message = "t.de: has the right SHA-256 sum but 2 lines, and the recipe says 3";
  const TemporaryFolder root;
  const TemporaryFolder mirror;
  mirror.write("t.en", english);
  mirror.write("t.de", german);
  CHECK_THROWS_AS(get_recipe(miscounted, root.path(), mirror.path(), ignore), UserError);
  CHECK_THROWS_MENTION(get_recipe(miscounted, root.path(), mirror.path(), ignore), message);
  CHECK(files_in(root.path()) == std::vector<std::string>{"miscounted/sub/t.en"});
  root.write("miscounted/sub/t.de", german);
  CHECK_THROWS_MENTION(get_recipe(miscounted, root.path(), mirror.path(), ignore), message);
  CHECK_THROWS_MENTION(locate_recipe(miscounted, root.path()), message);
}

TEST_CASE("a corpus that is not there, or was changed, says how to get it") {
  const ToyRecipe toy;
  const TemporaryFolder root;
  CHECK_THROWS_AS(locate_recipe(toy.load(), root.path()), UserError);
  CHECK_THROWS_MENTION(locate_recipe(toy.load(), root.path()), "is missing; get it with: ablate data get toy");
  const TemporaryFolder mirror;
  mirror.write("t.en", english);
  mirror.write("t.de", german);
  const auto placed = get_recipe(toy.load(), root.path(), mirror.path(), ignore);
  std::ofstream(placed[1], std::ios::app) << "more\n";
  CHECK_THROWS_MENTION(locate_recipe(toy.load(), root.path()), "t.de is not the file that the recipe describes");
}

TEST_CASE("files are downloaded over HTTP, plain or compressed") {
  const LocalServer server({{"/t.en", english}, {"/t.de.gz", compressed(german)}});
  const ToyRecipe toy(server.address("/"));
  const TemporaryFolder root;
  const auto placed = get_recipe(toy.load(), root.path(), std::nullopt, ignore);
  CHECK(read_text(placed[0]) == english);
  CHECK(read_text(placed[1]) == german);
  CHECK(files_in(root.path()) == std::vector<std::string>{"toy/sub/t.de", "toy/sub/t.en"});
}

TEST_CASE("files are fetched from file addresses") {
  const TemporaryFolder there;
  there.write("t.en", english);
  there.write("t.de.gz", compressed(german));
  const ToyRecipe toy("file://" + there.path().string() + "/");
  const TemporaryFolder root;
  get_recipe(toy.load(), root.path(), std::nullopt, ignore);
  CHECK(read_text(root.path() / "toy" / "sub" / "t.de") == german);
}

TEST_CASE("a download that fails is one sentence with the address and the reason") {
  const TemporaryFolder root;
  {
    const LocalServer server({{"/t.en", english}});
    const ToyRecipe toy(server.address("/"));
    CHECK_THROWS_AS(get_recipe(toy.load(), root.path(), std::nullopt, ignore), RunError);
    CHECK_THROWS_MENTION(get_recipe(toy.load(), root.path(), std::nullopt, ignore), "t.de.gz: curl: (22)");
    CHECK_THROWS_MENTION(get_recipe(toy.load(), root.path(), std::nullopt, ignore), "404");
  }
  const ToyRecipe nobody("http://127.0.0.1:1/");
  const TemporaryFolder other;
  CHECK_THROWS_MENTION(get_recipe(nobody.load(), other.path(), std::nullopt, ignore),
                       "cannot download http://127.0.0.1:1/t.en");
  CHECK(files_in(root.path()) == std::vector<std::string>{"toy/sub/t.en"});
  CHECK(std::filesystem::is_empty(other.path()));
}

TEST_CASE("a download with a wrong sum or an empty answer is refused") {
  const LocalServer server({{"/t.en", english}, {"/t.de.gz", "an error page"}});
  const TemporaryFolder root;
  const ToyRecipe toy(server.address("/"));
  CHECK_THROWS_AS(get_recipe(toy.load(), root.path(), std::nullopt, ignore), UserError);
  CHECK_THROWS_MENTION(get_recipe(toy.load(), root.path(), std::nullopt, ignore),
                       "/t.de.gz: not the file that the recipe");
  const LocalServer silent(std::map<std::string, std::string>{{"/t.en", ""}});
  const ToyRecipe mute(silent.address("/"));
  const TemporaryFolder other;
  CHECK_THROWS_MENTION(get_recipe(mute.load(), other.path(), std::nullopt, ignore), "/t.en: not the file");
  CHECK(std::filesystem::is_empty(other.path()));
}

TEST_CASE("a download that is stopped ends the program that fetches, and leaves nothing") {
  const TemporaryFolder there;
  REQUIRE(::mkfifo((there.path() / "t.en").c_str(), 0600) == 0);  // whoever reads it waits
  const ToyRecipe toy("file://" + there.path().string() + "/");
  const TemporaryFolder root;
  int asked = 0;
  const StopCheck stop = [&] {
    if (++asked == 3) throw RunError("stopped by the user");
  };
  CHECK_THROWS_MENTION(get_recipe(toy.load(), root.path(), std::nullopt, ignore, stop), "stopped by the user");
  CHECK(std::filesystem::is_empty(root.path()));
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);  // no process is left
}

TEST_CASE("files without an address ask for a mirror") {
  const ToyRecipe toy;
  const TemporaryFolder root;
  CHECK_THROWS_MENTION(get_recipe(toy.load(), root.path(), std::nullopt, ignore), "--mirror");
}

TEST_CASE("the folders of recipes and corpora can be set in the environment") {
  REQUIRE(std::getenv("ABLATE_DATA") == nullptr);
  CHECK(data_root().filename() == "corpora");
  setenv("ABLATE_DATA", "/elsewhere", 1);
  CHECK(data_root() == "/elsewhere");
  unsetenv("ABLATE_DATA");
}
