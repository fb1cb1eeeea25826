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
  CHECK(files_in(work.cache()).empty());
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
