#include "data/readers/readers.h"

#include <string>

#include "tests/catch.h"
#include "tests/data/support.h"
#include "transformer/core/error.h"

using namespace ablate;
using namespace ablate::data;
using namespace ablate::data::testing;

namespace {

using Pairs = std::vector<TextPair>;

Pairs read(const std::string& config, const std::vector<std::filesystem::path>& files) {
  return read_all(*open_reader(from_json<ReaderConfig>(config), files));
}

}  // namespace

TEST_CASE("parallel: line N of two files, plain or compressed") {
  const TemporaryFolder folder;
  const auto source = folder.write("a.en", "a dog\n\na cat\n");
  write_compressed(folder.path() / "a.de.gz", "ein Hund\nleer\neine Katze\n");
  CHECK(read("{}", {source, folder.path() / "a.de.gz"}) ==
        Pairs{{"a dog", "ein Hund"}, {"", "leer"}, {"a cat", "eine Katze"}});
}

TEST_CASE("parallel: unequal line counts name both files and both counts") {
  const TemporaryFolder folder;
  const auto three = folder.write("three.en", "1\n2\n3\n");
  const auto five = folder.write("five.de", "1\n2\n3\n4\n5\n");
  CHECK_THROWS_AS(read("{}", {three, five}), UserError);
  CHECK_THROWS_MENTION(read("{}", {three, five}), "three.en has 3 lines but");
  CHECK_THROWS_MENTION(read("{}", {three, five}), "five.de has 5: line N");
  CHECK_THROWS_MENTION(read("{}", {five, three}), "five.de has 5 lines but");
}

TEST_CASE("tsv: columns are chosen, joined, spelt and split") {
  const TemporaryFolder folder;
  const auto file = folder.write("a.tsv", "lemma\tform\tfeatures\n# a remark\nHüte\tder Hut\tN;GEN;SG\n");
  const std::string rows = R"("kind": "tsv", "skip_header": true, "comment": "#")";
  CHECK(read("{" + rows + "}", {file}) == Pairs{{"Hüte", "der Hut"}});
  CHECK(read("{" + rows + R"(, "source_columns": [2], "target_columns": [1, 0]})", {file}) ==
        Pairs{{"N;GEN;SG", "der Hut Hüte"}});
  CHECK(read("{" + rows + R"(, "source_columns": [0, 2], "spell_columns": [0, 1], "split_at": ";"})", {file}) ==
        Pairs{{"H ü t e N GEN SG", "d e r ▁ H u t"}});
}

TEST_CASE("tsv: a column that is not there is an error with file and line") {
  const TemporaryFolder folder;
  const auto file = folder.write("a.tsv", "a\tb\tc\na\tb\n");
  const std::string third = R"({"kind": "tsv", "target_columns": [2]})";
  CHECK_THROWS_AS(read(third, {file}), UserError);
  CHECK_THROWS_MENTION(read(third, {file}), "a.tsv:2: column 2 is asked for, but the line has 2");
}

TEST_CASE("scan: IN and OUT") {
  const TemporaryFolder folder;
  const auto file = folder.write("a.txt", "IN: jump twice OUT: I_JUMP I_JUMP\nIN: run OUT: I_RUN\n");
  CHECK(read(R"({"kind": "scan"})", {file}) == Pairs{{"jump twice", "I_JUMP I_JUMP"}, {"run", "I_RUN"}});
  const auto wrong = folder.write("b.txt", "IN: jump OUT: I_JUMP\njump I_JUMP\n");
  CHECK_THROWS_MENTION(read(R"({"kind": "scan"})", {wrong}), "b.txt:2: expected 'IN: command OUT: actions'");
}

TEST_CASE("dictionary: words are spelt, alternatives and comments dropped") {
  const TemporaryFolder folder;
  const auto file = folder.write("a.dict",
                                 ";;; old comment\n# comment\ntea T IY1\ntea(2) T EY1 # rare\n(paren P "
                                 "ER0\nc#  S IY1 # a note\n\nb(x) B\n");
  CHECK(read(R"({"kind": "dictionary"})", {file}) ==
        Pairs{{"t e a", "T IY1"}, {"( p a r e n", "P ER0"}, {"c #", "S IY1"}, {"b ( x )", "B"}});
  CHECK_THROWS_MENTION(read(R"({"kind": "dictionary"})", {folder.write("b.dict", "tea T IY1\nalone\n")}), "b.dict:2");
}

TEST_CASE("pairs are split by their source, those of a dictionary by the word before it is spelt") {
  const TemporaryFolder folder;
  const auto dictionary = open_reader(from_json<ReaderConfig>(R"({"kind": "dictionary"})"),
                                      {folder.write("a.dict", "tea T IY1\nfee F IY1\n")});
  const auto table = open_reader(from_json<ReaderConfig>(R"({"kind": "tsv"})"), {folder.write("a.tsv", "t e\tT\n")});
  RawPair pair;
  REQUIRE(table->next(pair));
  CHECK(pair.split_key() == "t e");
  for (const std::string word : {"tea", "fee"}) {
    REQUIRE(dictionary->next(pair));
    CHECK(pair.split_key() == word);
  }
}

TEST_CASE("pairs know their line") {
  const TemporaryFolder folder;
  const auto file = folder.write("a.dict", "# comment\ntea T\ntea(2) T\nfee F\n");
  const auto reader = open_reader(from_json<ReaderConfig>(R"({"kind": "dictionary"})"), {file});
  RawPair pair;
  REQUIRE(reader->next(pair));
  CHECK(pair.line == 2);
  REQUIRE(reader->next(pair));
  CHECK(pair.line == 4);
}

TEST_CASE("a reader refuses what it cannot use") {
  CHECK_THROWS_MENTION(from_json<ReaderConfig>(R"({"kind": "tvs"})"), "did you mean 'tsv'?");
  CHECK_THROWS_MENTION(from_json<ReaderConfig>(R"({"kind": "parallel", "comment": "#"})"), "has no effect");
  CHECK_THROWS_MENTION(from_json<ReaderConfig>(R"({"kind": "tsv", "source_columns": [-1]})"), "source_columns");
  CHECK_THROWS_MENTION(from_json<ReaderConfig>(R"({"kind": "tsv", "source_columns": []})"), "at least one column");
  CHECK_THROWS_MENTION(from_json<ReaderConfig>(R"({"kind": "tsv", "spell_columns": [4]})"), "has no effect");
  CHECK_THROWS_MENTION(from_json<ReaderConfig>(R"({"kind": "tsv", "split_at": ""})"), "one ASCII character");
  CHECK_THROWS_MENTION(from_json<ReaderConfig>(R"({"kind": "tsv", "spell_columns": [0, 1], "split_at": ";"})"),
                       "split_at: has no effect");
  CHECK_THROWS_MENTION(open_reader(ReaderConfig{}, {"only_one"}), "takes two files");
}

TEST_CASE("text: a document is the file, line ends included, or what stands between separators") {
  const TemporaryFolder folder;
  const auto file = folder.write("a.txt", "Once\n\nupon\n###\n###\na time\n### \n###\n");
  CHECK(read(R"({"kind": "text"})", {file}) == Pairs{{"", "Once\n\nupon\n###\n###\na time\n### \n###\n"}});
  CHECK(read(R"({"kind": "text", "separator": "###"})", {file}) ==
        Pairs{{"", "Once\n\nupon\n"}, {"", "a time\n### \n"}});
  CHECK(read(R"({"kind": "text"})", {folder.write("empty.txt", "")}).empty());
  CHECK_THROWS_MENTION(from_json<ReaderConfig>(R"({"kind": "text", "separator": "a\nb"})"), "one line");
  CHECK_THROWS_MENTION(from_json<ReaderConfig>(R"({"kind": "lines", "separator": "###"})"), "no effect");
}

TEST_CASE("lines: every line is a document, empty ones too") {
  const TemporaryFolder folder;
  CHECK(read(R"({"kind": "lines"})", {folder.write("a.txt", " a b\n\nc")}) == Pairs{{"", " a b"}, {"", ""}, {"", "c"}});
}
