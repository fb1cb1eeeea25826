// The kinds that need no library: words, characters, bytes.
#include "tests/catch.h"
#include "tests/data/tokenizers/support.h"
#include "transformer/core/error.h"

using namespace ablate::data;
using namespace ablate::data::testing;
using Ids = std::vector<std::int32_t>;

namespace {

TokenizerConfig kind(const std::string& name) {
  TokenizerConfig config;
  config.kind = name;
  return config;
}

}  // namespace

TEST_CASE("words are numbered by falling count, ties by code point, after the special symbols") {
  const auto words = train(kind("words"), {"b a  c", "\tc b\r", "c  é"});
  CHECK(words->size() == 8);
  CHECK(words->specials() == Specials{0, 1, 2, 3});
  CHECK(words->encode("c b a é") == Ids{4, 5, 6, 7});
  CHECK(words->piece(0) == "<pad>");
  CHECK(words->piece(3) == "<unk>");
  CHECK(words->piece(7) == "é");
}

TEST_CASE("words come back with single spaces") {
  const auto words = train(kind("words"), sentences());
  for (const std::string& line : sentences()) REQUIRE(round_trip(*words, line) == line);
  CHECK(round_trip(*words, "  the\tcat \r\n") == "the cat");
  CHECK(words->encode("").empty());
  CHECK(words->decode({}).empty());
}

TEST_CASE("words that are unknown, rare or beyond the limit become unk") {
  TokenizerConfig config = kind("words");
  config.min_count = 2;
  const auto frequent = train(config, {"a a b b b c", "<unk> <unk>"});
  CHECK(frequent->encode("c b a zebra <unk>") == Ids{3, 4, 5, 3, 3});
  CHECK(frequent->decode(Ids{4, 3, 5}) == "b <unk> a");
  config.max_vocabulary = 5;
  const auto limited = train(config, {"a a b b b c"});
  CHECK(limited->size() == 5);
  CHECK(limited->encode("a b") == Ids{3, 4});
  config.max_vocabulary = 1000;
  CHECK(train(config, {"a a b b b c"})->size() == 6);
}

TEST_CASE("text cannot ask for a special symbol") {
  const auto words = train(kind("words"), {"</s> a"});
  const Ids ids = words->encode("<s> </s>");
  CHECK(ids[0] == words->specials().unk);
  CHECK(ids[1] > words->specials().unk);
  CHECK(words->decode(ids) == "<unk> </s>");
}

TEST_CASE("decoding skips pad, bos and eos") {
  for (const std::string name : {"words", "characters", "bytes"}) {
    const auto tokenizer = train(kind(name), {"a"});
    Ids ids = tokenizer->encode("a");
    ids.insert(ids.begin(), {0, 1});
    ids.insert(ids.end(), {2, 0});
    CHECK(tokenizer->decode(ids) == "a");
  }
}

TEST_CASE("characters keep everything that the training text holds") {
  const std::string text = " two  spaces\nand\ttab, é e\xCC\x81 日本 \xF0\x9F\x98\x80 \r";
  const auto characters = train(kind("characters"), {text});
  CHECK(round_trip(*characters, text) == text);
  CHECK(characters->encode("日本").size() == 2);
  CHECK(pieces_of(*characters, "\xF0\x9F\x98\x80\n") == std::vector<std::string>{"\xF0\x9F\x98\x80", "\n"});
  CHECK(characters->encode("語").front() == 3);
  CHECK(round_trip(*characters, "日語") == "日\xEF\xBF\xBD");
  TokenizerConfig config = kind("characters");
  config.max_vocabulary = 6;
  CHECK(train(config, {"abcabca"})->encode("abc") == Ids{4, 5, 3});
}

TEST_CASE("bytes keep everything without training") {
  bool asked = false;
  const auto bytes = train_tokenizer(kind("bytes"), [&](std::string&) { return asked = true; });
  CHECK_FALSE(asked);
  CHECK(bytes->size() == 260);
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  CHECK(round_trip(*bytes, all) == all);
  CHECK(bytes->encode("A") == Ids{4 + 65});
  CHECK(bytes->piece(4 + 65) == "A");
  CHECK(bytes->piece(4 + 10) == "<0x0A>");
  CHECK(bytes->piece(2) == "</s>");
}

TEST_CASE("text that is not UTF-8 is refused in training and unknown afterwards") {
  for (const std::string name : {"words", "characters"}) {
    CHECK_THROWS_MENTION(train(kind(name), {"good",
                                            "b\xFF"
                                            "d"}),
                         "line 2");
    const auto tokenizer = train(kind(name), {"good"});
    for (const std::int32_t id : tokenizer->encode("\xC3")) CHECK(id == 3);
    CHECK(tokenizer->encode("\xC3\x28\xFF").size() >= 1);
  }
}

TEST_CASE("training text that leaves no vocabulary is an error") {
  for (const std::string name : {"words", "characters"}) {
    CHECK_THROWS_AS(train(kind(name), {}), ablate::UserError);
    CHECK_THROWS_MENTION(train(kind(name), {"", ""}), "empty");
    TokenizerConfig config = kind(name);
    config.min_count = 3;
    CHECK_THROWS_MENTION(train(config, {"a b a"}), "min_count 3");
  }
}

TEST_CASE("ids outside the vocabulary are an error that names the range") {
  for (const std::string name : {"words", "characters", "bytes"}) {
    const auto tokenizer = train(kind(name), {"a"});
    const auto beyond = static_cast<std::int32_t>(tokenizer->size());
    CHECK_THROWS_MENTION(tokenizer->piece(-1), "-1");
    CHECK_THROWS_MENTION(tokenizer->decode(Ids{beyond}), "0 to " + std::to_string(beyond - 1));
  }
}

TEST_CASE("a stored vocabulary is the same tokenizer, whatever its file is called") {
  const TemporaryFolder folder;
  for (const std::string name : {"words", "characters", "bytes"}) {
    const auto tokenizer = train(kind(name), sentences());
    CHECK(tokenizer->extension() == ".vocab.json");
    const auto loaded = load_tokenizer(folder.write(name + ".model", tokenizer->serialize()));
    CHECK(loaded->serialize() == tokenizer->serialize());
    CHECK(loaded->size() == tokenizer->size());
    for (const std::string& line : sentences()) REQUIRE(loaded->encode(line) == tokenizer->encode(line));
    CHECK(train(kind(name), sentences())->serialize() == tokenizer->serialize());
  }
}

TEST_CASE("words and characters of a file are taken instead of those of the text") {
  const TemporaryFolder folder;
  for (const std::string name : {"words", "characters"}) {
    const auto tokenizer = train(kind(name), {"b a c"});
    TokenizerConfig named = kind(name);
    named.model = folder.write(name + ".vocab.json", tokenizer->serialize()).string();
    CHECK(train(named, {"d e"})->serialize() == tokenizer->serialize());
    TokenizerConfig other = named;
    other.kind = name == "words" ? "characters" : "words";
    CHECK_THROWS_MENTION((train(other, {})), "'model' must name a vocabulary of the kind '" + other.kind + "'");
    other.model = folder.write("absent.bin", "no vocabulary").string();
    CHECK_THROWS_MENTION((train(other, {})), "absent.bin: 'model' must name a vocabulary");
  }
}

TEST_CASE("a file that is no tokenizer is an error that names it") {
  const TemporaryFolder folder;
  const auto load = [&](const std::string& bytes) { load_tokenizer(folder.write("tokenizer.bin", bytes)); };
  CHECK_THROWS_MENTION(load("no model at all"), "tokenizer.bin: not a tokenizer");
  CHECK_THROWS_MENTION(load(""), "empty");
  CHECK_THROWS_MENTION(load(R"({"kind": "words"})"), "tokenizer.bin: not a tokenizer");
  CHECK_THROWS_MENTION(load(R"({"kind": "words", "pieces": [1]})"), "a piece is 1");
  CHECK_THROWS_MENTION(load(R"({"kind": "wordz", "pieces": []})"), "did you mean 'words'");
  CHECK_THROWS_MENTION(load(R"({"kind": "words", "pieces": ["a", "a"]})"), "twice");
  CHECK_THROWS_MENTION(load(R"({"kind": "words", "pieces": ["a b"]})"), "tokenizer.bin: 'a b'");
  CHECK_THROWS_MENTION(load(R"({"kind": "characters", "pieces": ["ab"]})"), "tokenizer.bin: 'ab'");
  CHECK_THROWS_MENTION(load(R"({"kind": "bytes", "pieces": ["a"]})"), "bytes");
  CHECK_THROWS_MENTION(load(R"({"kind": "sentencepiece", "pieces": []})"), "the kind 'sentencepiece' is not stored");
  CHECK_THROWS_MENTION(load("{\"kind\": \"words\","), "line 1");
  CHECK_THROWS_MENTION(load_tokenizer(folder.path()), "folder");
  CHECK_THROWS_MENTION(load_tokenizer(folder.path() / "absent.model"), "absent.model");
  CHECK_THROWS_AS(load_tokenizer(folder.path() / "absent.model"), ablate::UserError);
}
