#include "data/config.h"

#include <string>

#include "tests/catch.h"
#include "tests/data/support.h"

using namespace ablate;
using namespace ablate::data;
using namespace ablate::data::testing;

TEST_CASE("FNV-1a gives the published values") {
  CHECK(fnv1a("") == 0xcbf29ce484222325);
  CHECK(fnv1a("a") == 0xaf63dc4c8601ec8c);
  CHECK(fnv1a("foobar") == 0x85944171f73967e8);
}

TEST_CASE("a corpus of files is read, and written as it was read") {
  const std::string json = R"({
    "kind": "files", "reader": {"kind": "parallel"},
    "train": ["t.en", "t.de"], "dev": ["d.en", "d.de"],
    "test": {"test_2016": ["x.en", "x.de"], "test_2017": ["y.en", "y.de"]},
    "split": {"kind": "files"}, "reverse": true})";
  const auto config = from_json<DataConfig>(json);
  REQUIRE(config.files.test.size() == 2);
  CHECK(config.files.test[1].name == "test_2017");
  CHECK(config.files.test[1].files == std::vector<std::string>{"y.en", "y.de"});
  CHECK(config.missing() == "");
  const Json written = config::Writer::write(config);
  const Json expected = config::parse_json(json, "");
  for (const auto& [key, value] : expected.items()) CHECK(written.at(key) == value);
  CHECK(config::Writer::write(from_json<DataConfig>(written.dump())) == written);
}

TEST_CASE("one test set needs no name") {
  const auto config = from_json<DataConfig>(R"({"kind": "files", "train": ["a", "b"], "test": ["x", "y"]})");
  REQUIRE(config.files.test.size() == 1);
  CHECK(config.files.test[0].name == "test");
  CHECK(config::Writer::write(config).at("test") == Json({"x", "y"}));
}

TEST_CASE("tasks have tokens between spaces unless the file says otherwise") {
  CHECK(from_json<DataConfig>(R"({"kind": "task"})").tokenizer.kind == "words");
  CHECK(from_json<DataConfig>(R"({"kind": "recipe"})").tokenizer.kind == "sentencepiece");
  const auto chosen = from_json<DataConfig>(R"({"kind": "task", "tokenizer": {"kind": "sentencepiece"}})");
  CHECK(chosen.tokenizer.kind == "sentencepiece");
  const Json written = config::Writer::write(chosen);
  CHECK(written.at("tokenizer").at("kind") == "sentencepiece");
  CHECK(written.at("task").at("kind") == "copy");
  CHECK_FALSE(written.contains("train"));
}

TEST_CASE("options of a task belong to the tasks that read them") {
  const auto config =
      from_json<DataConfig>(R"({"kind": "task", "task": {"kind": "addition", "digits": 5, "seed": 7}})");
  CHECK(config.task.digits == 5);
  CHECK(config.task.seed == 7);
  CHECK_THROWS_MENTION(from_json<DataConfig>(R"({"kind": "task", "task": {"kind": "addition", "max_length": 5}})"),
                       "task.max_length: has no effect");
  CHECK_THROWS_MENTION(from_json<DataConfig>(R"({"kind": "task", "task": {"kind": "copyy"}})"), "did you mean 'copy'?");
  CHECK_THROWS_MENTION(from_json<DataConfig>(R"({"kind": "task", "task": {"digits": 19, "kind": "addition"}})"),
                       "digits");
  CHECK_THROWS_MENTION(from_json<DataConfig>(R"({"kind": "task", "task": {"min_length": 9, "max_length": 5}})"),
                       "task.min_length: the shortest sequence, 9, is longer than the longest, 5");
}

TEST_CASE("keys without effect are errors") {
  const auto mentions = [](const std::string& json, const std::string& message) {
    CHECK_THROWS_MENTION(from_json<DataConfig>(json), message);
  };
  mentions(R"({"kind": "recipe", "train": ["a", "b"]})", "train: has no effect with kind 'recipe'");
  mentions(R"({"kind": "files", "recipe": "scan_simple"})", "recipe: has no effect with kind 'files'");
  mentions(R"({"kind": "task", "reader": {"kind": "scan"}})", "reader: has no effect with kind 'task'");
  mentions(R"({"kind": "files", "split": {"kind": "files", "seed": 1}})", "split.seed: has no effect");
  mentions(R"({"kind": "files", "split": {"kind": "hash"}})", "takes neither dev nor test");
  mentions(R"({"kind": "files", "dev": ["a", "b"], "split": {"kind": "random", "dev": 5}})", "dev: has no effect");
  mentions(R"({"kind": "files", "test": ["a", "b"], "split": {"kind": "random", "test": 5}})", "test: has no effect");
  mentions(R"({"tokeniser": {}})", "did you mean 'tokenizer'?");
}

TEST_CASE("lists of files and ranges are checked") {
  const auto mentions = [](const std::string& json, const std::string& message) {
    CHECK_THROWS_MENTION(from_json<DataConfig>(json), message);
  };
  mentions(R"({"kind": "files", "train": ["a"]})", "train: the reader 'parallel' takes two files");
  mentions(R"({"kind": "files", "reader": {"kind": "scan"}, "dev": ["a", "b"]})",
           "dev: the reader 'scan' takes one file");
  mentions(R"({"kind": "files", "test": {"t": ["a"]}})", "test: the reader 'parallel' takes two files");
  mentions(R"({"kind": "files", "test": "a"})", "test: expected a list of files or an object");
  mentions(R"({"kind": "files", "test": {"train": ["a", "b"]}})", "'train' cannot name a test set");
  mentions(R"({"kind": "files", "test": {"../x": ["a", "b"]}})", "'../x' cannot name a test set");
  mentions(R"({"kind": "files", "split": {"kind": "hash", "dev_range": [9, 5]}})", "split.dev_range: must be");
  mentions(R"({"kind": "files", "split": {"kind": "hash", "dev_range": [90, 100]}})", "split.dev_range: must be");
  mentions(R"({"kind": "files", "split": {"kind": "hash", "dev_range": [0, 5], "test_range": [5, 9]}})", "overlap");
}

TEST_CASE("what is missing is said when data is needed, not when it is described") {
  CHECK(from_json<DataConfig>("{}").missing().starts_with("data.recipe"));
  CHECK(from_json<DataConfig>(R"({"kind": "files"})").missing().starts_with("data.train"));
  CHECK(from_json<DataConfig>(R"({"kind": "files", "train": ["a", "b"]})").missing().starts_with("data.dev"));
  CHECK(from_json<DataConfig>(R"({"kind": "task"})").missing() == "");
}

TEST_CASE("the schema of data names every key") {
  const Json schema = config::SchemaWriter::write(DataConfig{});
  for (const char* key :
       {"kind", "recipe", "reader", "train", "dev", "test", "split", "task", "reverse", "tokenizer"}) {
    CHECK(schema.at("properties").contains(key));
  }
}
