// Text that cannot be used: one clear error, nothing left in the cache.
#include <string>

#include "tests/catch.h"
#include "tests/data/corpus/support.h"
#include "tests/data/support.h"
#include "transformer/core/error.h"

using namespace ablate;
using namespace ablate::data;
using namespace ablate::data::testing;

namespace {

/// Two good files, t.en and t.de, of three lines, and those that a test adds.
class BadInput {
 public:
  BadInput() {
    work.write("t.en", "a dog\na cat\na bird\n");
    work.write("t.de", "ein Hund\neine Katze\nein Vogel\n");
  }
  void refuses(const std::string& config, const std::string& message) const {
    CHECK_THROWS_AS(work.prepare(config), UserError);
    CHECK_THROWS_MENTION(work.prepare(config), message);
    CHECK(files_in(work.cache()).empty());
  }
  void refuses_files(const std::string& source, const std::string& target, const std::string& message) const {
    const std::string bad = "[\"" + source + "\", \"" + target + "\"]";
    const std::string good = R"(["t.en", "t.de"])";
    refuses(words_config("\"train\": " + bad + ", \"dev\": " + good), message);
    refuses(words_config("\"train\": " + good + ", \"dev\": " + bad), message);
    refuses(words_config("\"train\": " + good + ", \"dev\": " + good + ", \"test\": {\"hard\": " + bad + "}"), message);
  }
  Workspace work;
};

}  // namespace

TEST_CASE("unequal line counts, in every split") {
  const BadInput bad;
  bad.work.write("short.de", "ein Hund\n");
  bad.refuses_files("t.en", "short.de", "short.de has 1: line N");
}

TEST_CASE("invalid UTF-8, in every split") {
  const BadInput bad;
  bad.work.write("latin1.de", "ein Hund\neine K\xE4tzin\nein Vogel\n");
  bad.refuses_files("t.en", "latin1.de", "latin1.de:2: not valid UTF-8");
}

TEST_CASE("an empty corpus, in every split") {
  const BadInput bad;
  bad.work.write("empty", "");
  bad.refuses_files("empty", "empty", "empty: the corpus is empty: the split '");
  bad.work.write("blank", "\n\n\n");
  bad.refuses(words_config(R"("train": ["t.en", "blank"], "dev": ["t.en", "t.de"])"),
              "blank: the corpus is empty: the split 'train' has no pair with text on both sides");
}

TEST_CASE("what is wrong with a small file is found before the work with the large one") {
  const BadInput bad;
  bad.work.write("latin1.de", "ein Hund\neine K\xE4tzin\nein Vogel\n");
  bad.refuses(words_config(R"("train": ["t.en", "t.de"], "dev": ["t.en", "latin1.de"])"), "latin1.de:2");
  CHECK(bad.work.said().empty());
}

TEST_CASE("a missing file, in every split") {
  const BadInput bad;
  bad.refuses_files("t.en", "none.de", "none.de: there is no such file");
}

TEST_CASE("a vocabulary larger than the data allows") {
  const BadInput bad;
  bad.refuses(R"({"kind": "files", "train": ["t.en", "t.de"], "dev": ["t.en", "t.de"],
                  "tokenizer": {"vocabulary_size": 5000}})",
              "t.de: data.tokenizer: vocabulary_size 5000");
}

TEST_CASE("a tokenizer's model that is missing") {
  const BadInput bad;
  bad.refuses(R"({"kind": "files", "train": ["t.en", "t.de"], "dev": ["t.en", "t.de"],
                  "tokenizer": {"model": "none.model"}})",
              "none.model");
}

TEST_CASE("no corpus named at all") {
  const BadInput bad;
  bad.refuses("{}", "data.recipe: no corpus is named");
}
