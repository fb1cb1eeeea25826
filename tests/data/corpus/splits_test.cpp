// The rules that take dev and test out of the training files.
#include <algorithm>
#include <set>
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

/// `count` pairs "sN TAB tN".
std::string numbered(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "s" + std::to_string(i) + "\tt" + std::to_string(i) + "\n";
  return text;
}

std::string with_split(const std::string& split, const std::string& more = "") {
  return words_config(R"("reader": {"kind": "tsv"}, "train": ["all.tsv"], "split": )" + split + more);
}

/// Checks that the splits hold all `count` pairs, each once, in the order of the file.
void check_partition(const Corpus& corpus, int count) {
  std::set<TextPair> seen;
  int pairs = 0;
  for (const std::string& name : corpus.split_names()) {
    std::vector<int> order;
    for (const TextPair& pair : texts(corpus.split(name))) {
      seen.insert(pair);
      order.push_back(std::stoi(pair.first.substr(1)));
      CHECK(pair.second == "t" + pair.first.substr(1));
      ++pairs;
    }
    CHECK(std::ranges::is_sorted(order));
  }
  CHECK(pairs == count);
  CHECK(seen.size() == static_cast<std::size_t>(count));
}

}  // namespace

TEST_CASE("random: the stated numbers of pairs, the same for the same seed") {
  const Workspace work;
  work.write("all.tsv", numbered(200));
  const auto corpus = work.prepare(with_split(R"({"kind": "random", "dev": 20, "test": 30})"));
  CHECK(corpus.split_names() == std::vector<std::string>{"train", "dev", "test"});
  CHECK(corpus.split("dev").size() == 20);
  CHECK(corpus.split("test").size() == 30);
  check_partition(corpus, 200);

  const auto other = work.prepare(with_split(R"({"kind": "random", "dev": 20, "test": 30, "seed": 2})"));
  CHECK(texts(other.split("dev")) != texts(corpus.split("dev")));
  std::filesystem::remove_all(work.cache());
  const auto again = work.prepare(with_split(R"({"kind": "random", "dev": 20, "test": 30})"));
  CHECK(texts(again.split("dev")) == texts(corpus.split("dev")));
}

TEST_CASE("random: dev may come out of train while test is a file") {
  const Workspace work;
  work.write("all.tsv", numbered(50));
  work.write("test.tsv", "x\ty\n");
  const auto corpus = work.prepare(with_split(R"({"kind": "random", "dev": 5})", R"(, "test": ["test.tsv"])"));
  CHECK(corpus.split("train").size() == 45);
  CHECK(corpus.split("dev").size() == 5);
  CHECK(texts(corpus.split("test")) == std::vector<TextPair>{{"x", "y"}});
}

TEST_CASE("random: asking for more than there is names the file") {
  const Workspace work;
  work.write("all.tsv", numbered(10));
  CHECK_THROWS_AS(work.prepare(with_split(R"({"kind": "random", "dev": 10})")), UserError);
  CHECK_THROWS_MENTION(work.prepare(with_split(R"({"kind": "random", "dev": 10})")), "all.tsv has only 10");
}

TEST_CASE("hash: by the source modulo 100, whatever the direction") {
  const Workspace work;
  work.write("all.tsv", numbered(1000));
  const std::string split = R"({"kind": "hash", "dev_range": [5, 9], "test_range": [0, 4]})";
  const auto corpus = work.prepare(with_split(split));
  check_partition(corpus, 1000);
  const auto in_range = [&](const std::string& name, std::uint64_t first, std::uint64_t last) {
    return std::ranges::all_of(texts(corpus.split(name)), [&](const TextPair& pair) {
      const std::uint64_t remainder = fnv1a(pair.first) % 100;
      return first <= remainder && remainder <= last;
    });
  };
  CHECK(in_range("test", 0, 4));
  CHECK(in_range("dev", 5, 9));
  CHECK(in_range("train", 10, 99));
  const auto reversed = work.prepare(with_split(split, R"(, "reverse": true)"));
  CHECK(reversed.split("dev").source_text(0) == corpus.split("dev").target_text(0));
}

TEST_CASE("hash: a dictionary is split by its words, not by their spelling") {
  const Workspace work;
  std::string text;
  for (char a = 'a'; a <= 'z'; ++a) {
    for (char b = 'a'; b <= 'z'; ++b) text += std::string{a, b} + " P\n";
  }
  work.write("all.dict", text);
  const auto corpus = work.prepare(words_config(R"("reader": {"kind": "dictionary"}, "train": ["all.dict"],
      "split": {"kind": "hash", "dev_range": [5, 9], "test_range": [0, 4]})"));
  const auto remainders_within = [&](const std::string& name, std::uint64_t first, std::uint64_t last) {
    return std::ranges::all_of(texts(corpus.split(name)), [&](const TextPair& pair) {
      std::string word = pair.first;
      std::erase(word, ' ');
      const std::uint64_t remainder = fnv1a(word) % 100;
      return first <= remainder && remainder <= last;
    });
  };
  CHECK(remainders_within("test", 0, 4));
  CHECK(remainders_within("dev", 5, 9));
  CHECK(remainders_within("train", 10, 99));
}

TEST_CASE("last: dev and test are the end of the file") {
  const Workspace work;
  work.write("all.tsv", numbered(50));
  const auto corpus = work.prepare(with_split(R"({"kind": "last", "dev": 7, "test": 5})"));
  CHECK(corpus.split("train").size() == 38);
  CHECK(texts(corpus.split("dev")).front().first == "s38");
  CHECK(texts(corpus.split("test")).back().first == "s49");
  check_partition(corpus, 50);
  CHECK_THROWS_MENTION(work.prepare(with_split(R"({"kind": "last", "dev": 50})")), "has only 50");
  CHECK_THROWS_MENTION(work.prepare(with_split(R"({"kind": "last", "dev": 5, "unit": "characters"})")),
                       "counts running text");
}

TEST_CASE("last: running text is cut at a character, in the middle of a line if need be") {
  const Workspace work;
  work.write("all.txt", "äbc\ndef\n###\nghi\n");
  const auto prepare = [&](const std::string& reader, const std::string& split) {
    return work.prepare(R"({"kind": "files", "reader": )" + reader + R"(, "train": ["all.txt"], "split": )" + split +
                        R"(, "tokenizer": {"kind": "characters"}})");
  };
  const auto whole = prepare(R"({"kind": "text"})", R"({"kind": "last", "unit": "characters", "dev": 6, "test": 3})");
  CHECK(texts(whole.split("train")) == std::vector<TextPair>{{"", "äbc\ndef"}});
  CHECK(texts(whole.split("dev")) == std::vector<TextPair>{{"", "\n###\ng"}});
  CHECK(texts(whole.split("test")) == std::vector<TextPair>{{"", "hi\n"}});
  const auto stories =
      prepare(R"({"kind": "text", "separator": "###"})", R"({"kind": "last", "unit": "characters", "dev": 6})");
  CHECK(texts(stories.split("train")) == std::vector<TextPair>{{"", "äbc\nde"}});
  CHECK(texts(stories.split("dev")) == std::vector<TextPair>{{"", "f\n"}, {"", "ghi\n"}});
  CHECK_THROWS_MENTION(prepare(R"({"kind": "text"})", R"({"kind": "hash", "dev_range": [0, 9]})"), "source");
}
