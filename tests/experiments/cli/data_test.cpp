#include <cstdlib>
#include <filesystem>

#include "data/files/sha256.h"
#include "tests/experiments/cli/support.h"
#include "transformer/core/error.h"

using namespace ablate;
using testing::output_of;
using testing::TemporaryFolder;

namespace {

/// Sets an environment variable for the time of a scope.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    setenv(name, value.c_str(), 1);
  }
  ~Variable() { before_ ? setenv(name_, before_->c_str(), 1) : unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

/// A corpus of two files that lie in the folder `mirror`.
class Corpus {
 public:
  Corpus() : recipes_("ABLATE_RECIPES", folder_ / "recipes"), root_("ABLATE_DATA", folder_ / "root") {
    const std::string train = "one\tuno\ntwo\tdue\n", dev = "three\ttre\n";
    folder_.write("mirror/train.tsv", train);
    folder_.write("mirror/dev.tsv", dev);
    folder_.write("recipes/numbers.json",
                  R"({"title": "Three numbers", "task": "translation", "licence": "none needed", "origin": "made up",
                      "citation": "", "note": "short", "files": {"train.tsv": {"sha256": ")" +
                      data::sha256(train) + R"(", "lines": 2}, "dev.tsv": {"sha256": ")" + data::sha256(dev) +
                      R"(", "lines": 1}}, "reader": {"kind": "tsv"}, "train": ["train.tsv"], "dev": ["dev.tsv"]})");
  }
  std::string mirror() const { return folder_ / "mirror"; }
  std::string file(const std::string& name) const { return folder_ / ("root/numbers/" + name); }
  const TemporaryFolder& folder() const { return folder_; }

 private:
  TemporaryFolder folder_;
  Variable recipes_, root_;
};

std::string data_command(const std::vector<std::string>& arguments) { return output_of(cli::data_command, arguments); }

}  // namespace

TEST_CASE("data command: list says what is here and whether it is right", "[cli]") {
  const Corpus corpus;
  CHECK(data_command({"list"}) == "numbers  not here  Three numbers: translation\n");
  data_command({"get", "numbers", "--mirror", corpus.mirror()});
  CHECK_CONTAINS(data_command({"list"}), "numbers  here, verified  ");
  std::filesystem::remove(corpus.file("dev.tsv"));
  CHECK_CONTAINS(data_command({"list"}), "1 of 2 files here");
  corpus.folder().write("root/numbers/train.tsv", "other\ttext\n");
  CHECK_CONTAINS(data_command({"list"}), "1 of 2 files wrong");
}

TEST_CASE("data command: get brings files in and prints where they are", "[cli]") {
  const Corpus corpus;
  CHECK(data_command({"get", "numbers", "--mirror", corpus.mirror()}) ==
        corpus.file("train.tsv") + "\n" + corpus.file("dev.tsv") + "\n");
  CHECK(std::filesystem::exists(corpus.file("dev.tsv")));
  const std::string elsewhere = corpus.folder() / "elsewhere";
  data_command({"get", "numbers", "--mirror", corpus.mirror(), "--to", elsewhere});
  CHECK(std::filesystem::exists(elsewhere + "/numbers/train.tsv"));
}

TEST_CASE("data command: show tells licence, sums and reading", "[cli]") {
  const Corpus corpus;
  const std::string shown = data_command({"show", "numbers"});
  CHECK_CONTAINS(shown, "Three numbers\n");
  CHECK_CONTAINS(shown, "licence: none needed");
  CHECK_CONTAINS(shown, data::sha256("three\ttre\n") + "  1  dev.tsv  from a mirror only");
  CHECK_CONTAINS(shown, "state: not here");
  CHECK_CONTAINS(shown, "\"tsv\"");
  CHECK_FALSE(testing::contains(shown, "citation"));
}

TEST_CASE("data command: mistakes", "[cli]") {
  const Corpus corpus;
  CHECK_THROWS_MENTION(data_command({"show", "number"}), "did you mean 'numbers'");
  CHECK_THROWS_MENTION(data_command({"show"}), "name is missing");
  CHECK_THROWS_MENTION(data_command({"get", "numbers"}), "--mirror");
  CHECK_THROWS_MENTION(data_command({"get", "numbers", "--mirror", corpus.folder() / "none"}), "no such folder");
  CHECK_THROWS_MENTION(data_command({"get", "numbers", "surplus"}), "one argument too many");
  corpus.folder().write("mirror/dev.tsv", "another\ttext\n");
  CHECK_THROWS_MENTION(data_command({"get", "numbers", "--mirror", corpus.mirror()}), "SHA-256");
  CHECK_FALSE(std::filesystem::exists(corpus.file("dev.tsv")));
  CHECK_THROWS_MENTION(data_command({}), "list|show|get?");
  CHECK_THROWS_MENTION(data_command({"lsit"}), "did you mean 'list'");
  CHECK_THROWS_AS(data_command({"lsit"}), UserError);
}

TEST_CASE("data command: every recipe of the project can be shown", "[cli]") {
  const TemporaryFolder nothing;
  const Variable root("ABLATE_DATA", nothing.path());
  const std::string list = data_command({"list"});
  CHECK_CONTAINS(list, "multi30k_en_de_tok");
  for (std::size_t start = 0; start < list.size(); start = list.find('\n', start) + 1) {
    const std::string name = list.substr(start, list.find(' ', start) - start);
    INFO(name);
    CHECK_CONTAINS(data_command({"show", name}), "licence: ");
  }
}
