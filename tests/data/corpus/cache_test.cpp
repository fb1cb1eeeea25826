// The cache under damage, interruption and company.
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/data/corpus/support.h"
#include "tests/data/support.h"
#include "transformer/core/error.h"

using namespace ablate;
using namespace ablate::data;
using namespace ablate::data::testing;

namespace {

const std::string separate_words =
    words_config(R"("train": ["t.en", "t.de"], "dev": ["t.en", "t.de"])", R"("joint": false)");

Workspace& with_text(Workspace& work) {
  work.write("t.en", "a dog\na cat\n");
  work.write("t.de", "ein Hund\neine Katze\n");
  return work;
}

}  // namespace

TEST_CASE("a damaged, cut or incomplete cache is noticed and built again") {
  Workspace work;
  with_text(work);
  const auto folder = work.prepare(separate_words).folder();
  const auto files = files_in(folder);
  REQUIRE(files.size() == 5);
  for (const std::string& name : files) {
    INFO(name);
    const std::string sound = read_text(folder / name);
    std::string damaged = sound;
    damaged[sound.size() / 2] ^= 1;
    for (const std::string& content : {damaged, sound.substr(0, sound.size() / 2), std::string()}) {
      std::ofstream(folder / name, std::ios::binary) << content;
      const Corpus again = work.prepare(separate_words);
      if (name != "corpus.json") CHECK(work.said().find("built again") != std::string::npos);
      CHECK(texts(again.split("train")).size() == 2);
    }
    work.prepare(separate_words);
    CHECK(read_text(folder / name) == sound);
    std::filesystem::remove(folder / name);
    work.prepare(separate_words);
    CHECK(work.said().find("built again") != std::string::npos);
    CHECK(read_text(folder / name) == sound);
  }
  CHECK(files_in(work.cache()).size() == 5);
}

TEST_CASE("preparation that is stopped leaves nothing") {
  Workspace work;
  with_text(work);
  const auto stop = [](const std::string& message) {
    if (message.starts_with("train: ")) throw std::runtime_error("stopped");
  };
  CHECK_THROWS_WITH(prepare_corpus(from_json<DataConfig>(separate_words), work.paths(), stop), "stopped");
  CHECK_FALSE(std::filesystem::exists(work.cache()));
}

TEST_CASE("what a killed process left in the cache is removed by the next preparation") {
  Workspace work;
  with_text(work);
  const pid_t child = fork();
  if (child == 0) {
    const auto die = [](const std::string& message) {
      if (message.starts_with("train: ")) _exit(0);
    };
    try {
      prepare_corpus(from_json<DataConfig>(separate_words), work.paths(), die);
    } catch (...) {
      _exit(1);
    }
    _exit(1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  const std::string dead = ".tmp-" + std::to_string(child) + "-";
  const auto left = files_in(work.cache());
  REQUIRE_FALSE(left.empty());
  CHECK(left.front().find(dead) != std::string::npos);

  const std::vector<std::string> kept = {".other.tmp-" + std::to_string(getpid()) + "-9/file", ".tmp-/file",
                                         ".x.tmp-12a/file", "other" + dead + "0/file"};
  for (const std::string& name : kept) work.write("cache/" + name, "kept");
  work.write("cache/.other" + dead + "5/file", "gone");
  const auto folder = work.prepare(separate_words).folder();
  CHECK(files_in(folder).size() == 5);
  CHECK(files_in(work.cache()).size() == 5 + kept.size());
  for (const std::string& name : kept) CHECK(std::filesystem::exists(work.cache() / name));
  for (const auto& entry : std::filesystem::directory_iterator(work.cache())) {
    const std::string name = entry.path().filename().string();
    CHECK_FALSE((name.starts_with('.') && name.find(dead) != std::string::npos));
  }
}

TEST_CASE("processes that prepare the same corpus at once do not disturb each other") {
  Workspace work;
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "word" + std::to_string(i) + " and " + std::to_string(i) + "\n";
  work.write("t.en", text);
  work.write("t.de", text);
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      bool sound = false;
      try {
        sound = work.prepare(separate_words).split("train").size() == 3000;
      } catch (const std::exception&) {
        sound = false;
      }
      _exit(sound ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
  }
  CHECK(files_in(work.cache()).size() == 5);
}

TEST_CASE("an open corpus outlives its folder") {
  Workspace work;
  with_text(work);
  const Corpus corpus = work.prepare(separate_words);
  std::filesystem::remove_all(work.cache());
  CHECK(texts(corpus.split("train")).front() == TextPair{"a dog", "ein Hund"});
}
