#include <set>

#include "tests/catch.h"
#include "tests/data/tokenizers/support.h"
#include "transformer/core/error.h"

using namespace ablate::data;
using namespace ablate::data::testing;
using Ids = std::vector<std::int32_t>;

namespace {

TokenizerConfig of_type(const std::string& model_type) {
  TokenizerConfig config;
  config.model_type = model_type;
  config.vocabulary_size = model_type == "word" ? 30 : 60;
  return config;
}

/// A length-delimited field of a protocol buffer, shorter than 128 bytes.
std::string field(int number, const std::string& bytes) {
  return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(bytes.size())} + bytes;
}
std::string varint(int number, int value) { return {static_cast<char>(number << 3), static_cast<char>(value)}; }

/// A SentencePiece model in which only unk is defined: ids <unk> 0, "▁a" 1, "▁b" 2.
std::string model_without_pad_bos_eos() {
  constexpr int unknown = 2;
  const std::string minus_one = std::string(9, '\xFF') + '\x01';
  std::string trainer;
  for (const int id_field : {41, 42, 43}) {  // bos_id, eos_id, pad_id
    const int tag = id_field << 3;
    trainer += {static_cast<char>((tag & 0x7F) | 0x80), static_cast<char>(tag >> 7)};
    trainer += minus_one;
  }
  trainer += varint(3, 3);  // model_type: WORD
  return field(1, field(1, "<unk>") + varint(3, unknown)) +
         field(1, field(1,
                        "\xE2\x96\x81"
                        "a")) +
         field(1, field(1,
                        "\xE2\x96\x81"
                        "b")) +
         field(2, trainer);
}

}  // namespace

TEST_CASE("SentencePiece gives its training text back") {
  for (const std::string type : {"bpe", "unigram", "char", "word"}) {
    INFO(type);
    TokenizerConfig config = of_type(type);
    if (type == "word") config.vocabulary_size = 34;
    const auto tokenizer = train(config, sentences());
    CHECK(tokenizer->extension() == ".model");
    for (const std::string& line : sentences()) {
      for (const std::int32_t id : tokenizer->encode(line)) REQUIRE(id > 3);
      REQUIRE(round_trip(*tokenizer, line) == line);
    }
    CHECK(tokenizer->encode("").empty());
  }
}

TEST_CASE("SentencePiece trains the same model from the same lines, and knows it again") {
  const TemporaryFolder folder;
  for (const std::string type : {"bpe", "unigram", "char", "word"}) {
    INFO(type);
    const auto tokenizer = train(of_type(type), sentences());
    CHECK(train(of_type(type), sentences())->serialize() == tokenizer->serialize());
    const auto file = folder.write(type + ".json", tokenizer->serialize());
    CHECK(load_tokenizer(file)->encode("my sister sees") == tokenizer->encode("my sister sees"));
    CHECK(load_tokenizer(file)->serialize() == tokenizer->serialize());
    TokenizerConfig named;
    named.model = file.string();
    CHECK(train(named, {})->serialize() == tokenizer->serialize());
    CHECK(stored_tokenizer(named) == tokenizer->serialize());
  }
}

TEST_CASE("a vocabulary in JSON is no SentencePiece model") {
  const TemporaryFolder folder;
  TokenizerConfig config;
  config.model = folder.write("words.model", R"({"kind": "words", "pieces": ["a"]})").string();
  CHECK_THROWS_MENTION(train(config, {}), "words.model: 'model' must name a SentencePiece model");
}

TEST_CASE("SentencePiece puts the special symbols where it is told") {
  TokenizerConfig config = of_type("bpe");
  CHECK(train(config, sentences())->specials() == Specials{0, 1, 2, 3});
  config.unk_id = 0;
  config.bos_id = 1;
  config.eos_id = 2;
  config.pad_id = 59;
  const auto tokenizer = train(config, sentences());
  CHECK(tokenizer->size() == 60);
  CHECK(tokenizer->specials() == Specials{.pad = 59, .bos = 1, .eos = 2, .unk = 0});
  CHECK(tokenizer->piece(59) == "<pad>");
  Ids ids = tokenizer->encode("the cat sees nothing.");
  ids.insert(ids.begin(), 1);
  ids.insert(ids.end(), {2, 59, 59});
  CHECK(tokenizer->decode(ids) == "the cat sees nothing.");
}

TEST_CASE("a SentencePiece model without pad, bos and eos gets them at its end") {
  const TemporaryFolder folder;
  const std::string model = model_without_pad_bos_eos();
  const auto tokenizer = load_tokenizer(folder.write("plain.model", model));
  CHECK(tokenizer->specials() == Specials{.pad = 3, .bos = 4, .eos = 5, .unk = 0});
  CHECK(tokenizer->size() == 6);
  CHECK(tokenizer->piece(3) == "<pad>");
  CHECK(tokenizer->piece(5) == "</s>");
  CHECK(tokenizer->encode("b a") == Ids{2, 1});
  CHECK(tokenizer->decode(Ids{4, 2, 1, 5, 3}) == "b a");
  CHECK(tokenizer->serialize() == model);
  CHECK_THROWS_MENTION(tokenizer->decode(Ids{6}), "0 to 5");
}

TEST_CASE("SentencePiece: characters that training never saw are unknown, or bytes") {
  TokenizerConfig config = of_type("bpe");
  const auto plain = train(config, sentences());
  const Ids ids = plain->encode("the 語");
  CHECK(ids.back() == plain->specials().unk);
  CHECK(plain->decode(ids) != "the 語");
  config.byte_fallback = true;
  config.vocabulary_size += 256;
  const auto bytes = train(config, sentences());
  for (const std::string line : {"the 語", "\xF0\x9F\x98\x80 and e\xCC\x81", "tab\there"}) {
    CHECK(round_trip(*bytes, line) == line);
  }
}

TEST_CASE("SentencePiece: whitespace and normalisation are as configured") {
  const auto removing = train(of_type("bpe"), sentences());
  CHECK(round_trip(*removing, "  the   cat ") == "the cat");

  TokenizerConfig config = of_type("bpe");
  config.remove_extra_whitespaces = false;
  const auto keeping = train(config, sentences());
  for (const std::string line : {"the   cat ", "  the cat", " "}) CHECK(round_trip(*keeping, line) == line);

  const std::string ligature = "\xEF\xAC\x81ne";  // U+FB01, "fi" in one code point
  std::vector<std::string> lines = sentences();
  lines.push_back(ligature + " fine");
  config = of_type("bpe");
  CHECK(round_trip(*train(config, lines), ligature) == ligature);
  config.normalization = "nmt_nfkc";
  CHECK(round_trip(*train(config, lines), ligature) == "fine");
  config.normalization = "nfkc_cf";
  CHECK(round_trip(*train(config, lines), "Fine") == "fine");
}

TEST_CASE("SentencePiece: the dummy prefix makes a word at the start of a line one like any other") {
  TokenizerConfig config = of_type("word");
  CHECK(pieces_of(*train(config, sentences()), "the the").front() == "\xE2\x96\x81the");
  config = of_type("char");
  CHECK(pieces_of(*train(config, sentences()), "the").size() == 4);
  config.add_dummy_prefix = false;
  CHECK(pieces_of(*train(config, sentences()), "the").size() == 3);
}

TEST_CASE("SentencePiece learns from lines of any length and from lines with its own marks") {
  TokenizerConfig config = of_type("char");
  std::string very_long = "q";
  for (int i = 0; i < 3000; ++i) very_long += " a b";
  const auto tokenizer = train(config, {"a b", very_long, "x \xE2\x96\x85", "y\tz"});
  for (const std::string letter : {"q", "x", "y", "z"}) CHECK(round_trip(*tokenizer, letter) == letter);
}

TEST_CASE("SentencePiece never fails to encode") {
  const auto tokenizer = train(of_type("bpe"), sentences());
  for (const std::string& line : {std::string("\xFF\xC3"), std::string("a\0b", 3), std::string(50'000, 'x')}) {
    CHECK_FALSE(tokenizer->encode(line).empty());
  }
}

TEST_CASE("SentencePiece: a vocabulary that the text cannot give is one clear error") {
  TokenizerConfig config = of_type("bpe");
  config.vocabulary_size = 5000;
  CHECK_THROWS_AS(train(config, sentences()), ablate::UserError);
  const std::string message = ablate::testing::thrown_message([&] { train(config, sentences()); }).value_or("");
  INFO(message);
  REQUIRE(ablate::testing::mentions(message, "vocabulary_size 5000 is more than"));
  // The size that the message names is possible, one more is not.
  const std::int64_t largest = std::stoll(message.substr(message.find("set it to ") + 10));
  config.vocabulary_size = largest;
  CHECK(train(config, sentences())->size() == largest);
  config.vocabulary_size = largest + 1;
  CHECK_THROWS_MENTION(train(config, sentences()), "set it to " + std::to_string(largest) + " or less");

  config.vocabulary_size = 10;
  CHECK_THROWS_MENTION(train(config, sentences()), "vocabulary_size 10 is less than the characters");
  CHECK_THROWS_MENTION(train(config, {}), "empty");
  CHECK_THROWS_MENTION(train(config, {"", "  "}), "empty");
}

TEST_CASE("SentencePiece: lines of white space and of its own marks are an empty text") {
  for (const std::string type : {"bpe", "unigram", "char", "word"}) {
    TokenizerConfig config = of_type(type);
    for (const std::string line : {"\t", "\u2581 \u2581", "\u2585", "\u3000", "\x01"}) {
      INFO(type << " '" << line << "'");
      CHECK_THROWS_MENTION(train(config, {line, line}), "the training text of the tokenizer is empty");
      config.sample_lines = 1;
      CHECK_THROWS_MENTION(train(config, {line, line}), "the training text of the tokenizer is empty");
      config.sample_lines.reset();
    }
  }
}

TEST_CASE("SentencePiece learns from lines without a space, however long") {
  std::string unbroken, ligatures;
  for (int i = 0; i < 70'000; ++i) unbroken += static_cast<char>('a' + i * i % 7);
  for (int i = 0; i < 2'000; ++i) ligatures += "\uFDFA";  // 18 letters each after NFKC
  for (const std::string type : {"bpe", "unigram", "char"}) {
    INFO(type);
    TokenizerConfig config = of_type(type);
    config.normalization = "nfkc";
    config.vocabulary_size = 40;
    const auto tokenizer = train(config, {unbroken, ligatures, "a few words"});
    CHECK(tokenizer->size() <= 40);
    CHECK(round_trip(*tokenizer, "few") == "few");
  }
}

TEST_CASE("SentencePiece passes on what goes wrong with the lines") {
  int left = 3;
  const NextLine failing = [&](std::string& line) {
    if (left-- == 0) throw ablate::UserError("train.en, line 4: not valid UTF-8");
    line = "some text";
    return true;
  };
  CHECK_THROWS_MENTION(train_tokenizer(of_type("bpe"), failing), "train.en, line 4");
}

TEST_CASE("SentencePiece trains on a sample of the lines") {
  TokenizerConfig config;
  config.model_type = "char";
  std::vector<std::string> lines;
  std::set<std::string> letters;
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    lines.emplace_back(3, letter);
    letters.emplace(1, letter);
  }
  const auto known = [&](const Tokenizer& tokenizer) {
    std::set<std::string> seen;
    for (const std::string& letter : letters) {
      if (round_trip(tokenizer, letter) == letter) seen.insert(letter);
    }
    return seen;
  };
  config.sample_lines = 10;
  const auto sampled = train(config, lines);
  CHECK(known(*sampled).size() == 10);
  CHECK(known(*sampled).rbegin()->front() > 'j');  // not just the first ten
  CHECK(train(config, lines)->serialize() == sampled->serialize());
  config.sample_lines = 100;
  CHECK(known(*train(config, lines)) == letters);
}
