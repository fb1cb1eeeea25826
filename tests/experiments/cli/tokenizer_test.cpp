#include <algorithm>
#include <filesystem>

#include "tests/data/tokenizers/support.h"
#include "tests/experiments/cli/support.h"
#include "transformer/core/error.h"

using namespace ablate;
using testing::output_of;
using testing::TemporaryFolder;

namespace {

using Words = std::vector<std::string>;

std::string tokenizer(const Words& arguments, const std::string& input = "") {
  return output_of(cli::tokenizer_command, arguments, input);
}

std::string joined(const Words& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

/// Trains on the sentences of the grammar and returns the model's file.
std::string trained(const TemporaryFolder& folder, const Words& more) {
  const std::string text = folder.write("text", joined(data::testing::sentences()));
  const std::string model = folder / "model";
  Words arguments = {"train", "--input", text, "--output", model};
  arguments.insert(arguments.end(), more.begin(), more.end());
  tokenizer(arguments);
  return model;
}

}  // namespace

TEST_CASE("tokenizer command: trains, encodes and decodes with every kind", "[cli]") {
  const TemporaryFolder folder;
  const std::string kind = GENERATE(as<std::string>(), "sentencepiece", "words", "characters", "bytes");
  const std::string form = GENERATE(as<std::string>(), "--ids", "--pieces");
  INFO(kind << " " << form);
  Words flags = {"--kind", kind};
  if (kind == "sentencepiece") flags.insert(flags.end(), {"--vocabulary-size", "150"});
  const std::string model = trained(folder, flags);
  const std::string text = joined({"the cat sees the river.", "", "eine Möwe überholt the café?"});
  const std::string encoded = tokenizer({"encode", "--model", model, form}, text);
  CHECK(std::count(encoded.begin(), encoded.end(), '\n') == 3);
  if (form == "--ids") CHECK(encoded.find_first_not_of("0123456789 \n") == std::string::npos);
  CHECK(tokenizer({"decode", "--model", model, form}, encoded) == text);
}

TEST_CASE("tokenizer command: reads files as well as standard input", "[cli]") {
  const TemporaryFolder folder;
  const std::string model = trained(folder, {"--kind", "words"});
  const std::string line = folder.write("line", "the cat sees a train!\n");
  CHECK(tokenizer({"encode", "--model", model, "--input", line}) == "the cat sees a train!\n");
  CHECK(tokenizer({"encode", "--model", model}, "the zebra\n") == "the <unk>\n");
}

TEST_CASE("tokenizer command: a space and a line break keep their place among the pieces", "[cli]") {
  const TemporaryFolder folder;
  const std::string model = folder.write("model", R"({"kind": "characters", "pieces": ["a", " ", "b", "\n"]})");
  CHECK(tokenizer({"encode", "--model", model}, "a  b\n") == "a <0x20> <0x20> b\n");
  CHECK(tokenizer({"decode", "--model", model}, "a <0x20> <0x20> b\n") == "a  b\n");
  CHECK(tokenizer({"decode", "--model", model}, "a <0x0A> b\n") == "a b\n");
  CHECK(tokenizer({"decode", "--model", model, "--ids"}, "4 7 6\n\n") == "a b\n\n");
}

TEST_CASE("tokenizer command: a word that is written like a special symbol is the word", "[cli]") {
  const TemporaryFolder folder;
  const std::string model = folder.write("model", R"({"kind": "words", "pieces": ["a", "<s>"]})");
  CHECK(tokenizer({"decode", "--model", model}, "a <s> a\n") == "a <s> a\n");
}

TEST_CASE("tokenizer command: every key of the configuration can be set, and is checked", "[cli]") {
  const TemporaryFolder folder;
  const std::string model = trained(folder, {"--model-type", "unigram", "--vocabulary-size", "55", "--set",
                                             "add_dummy_prefix=false", "--set", "unk_id=5"});
  CHECK_CONTAINS(tokenizer({"encode", "--model", model, "--ids"}, "\u4e00"), "5");
  CHECK_THROWS_MENTION(trained(folder, {"--kind", "word"}), "did you mean 'words'");
  CHECK_THROWS_MENTION(trained(folder, {"--set", "min_cuont=2"}), "did you mean 'min_count'");
  CHECK_THROWS_MENTION(trained(folder, {"--kind", "words", "--vocabulary-size", "100"}), "has no effect");
  CHECK_THROWS_MENTION(trained(folder, {"--set", "model=old.model"}), "nothing to train");
  CHECK_THROWS_MENTION(trained(folder, {"--set", "joint=false"}), "one call trains one tokenizer");
}

TEST_CASE("tokenizer command: several inputs are one text", "[cli]") {
  const TemporaryFolder folder;
  const std::string a = folder.write("a", "one\n"), b = folder.write("b", "two\n"), model = folder / "model";
  CHECK_CONTAINS(tokenizer({"train", "--input", a, b, "--kind", "words", "--output", model}), "words, 6 pieces");
  CHECK(tokenizer({"encode", "--model", model}, "two one\n") == "two one\n");
}

TEST_CASE("tokenizer command: a mistake leaves no file and is said with its place", "[cli]") {
  const TemporaryFolder folder;
  const std::string broken = folder.write("broken", "a\n\xff\n"), model = folder / "model";
  CHECK_THROWS_MENTION(tokenizer({"train", "--input", broken, "--output", model}), broken + ":2");
  CHECK_THROWS_MENTION(tokenizer({"train", "--input", folder / "none", "--output", model}), "no such file");
  CHECK_THROWS_MENTION(tokenizer({"train", "--output", model}), "--input");
  CHECK_THROWS_MENTION(tokenizer({"train", "--input", broken}), "output is missing");
  CHECK_FALSE(std::filesystem::exists(model));
  const std::string words = folder.write("words", R"({"kind": "words", "pieces": ["a"]})");
  CHECK_THROWS_MENTION(tokenizer({"decode", "--model", words}, "a\nb\n"), "standard input:2: 'b' is no piece");
  CHECK_THROWS_MENTION(tokenizer({"decode", "--model", words, "--ids"}, "4\n4x\n"), "standard input:2: '4x'");
  CHECK_THROWS_MENTION(tokenizer({"decode", "--model", words, "--ids"}, "5\n"), "standard input:1: token id 5");
  CHECK_THROWS_MENTION(tokenizer({"encode", "--model", words, "--ids", "--pieces"}), "exclude each other");
  CHECK_THROWS_MENTION(tokenizer({"encode", "--model", broken}, "a\n"), "not a tokenizer");
  CHECK_THROWS_MENTION(tokenizer({}), "train|encode|decode?");
  CHECK_THROWS_MENTION(tokenizer({"trian"}), "did you mean 'train'");
  CHECK_THROWS_AS(tokenizer({"trian"}), UserError);
}

TEST_CASE("tokenizer command: the bytes need no text", "[cli]") {
  const TemporaryFolder folder;
  CHECK_CONTAINS(tokenizer({"train", "--kind", "bytes", "--output", folder / "model"}), "bytes, 260 pieces");
}
