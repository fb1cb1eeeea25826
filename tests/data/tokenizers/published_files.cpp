// The files in which published tokenizers come: what is read, and what is refused by name.
#include <fstream>

#include <nlohmann/json.hpp>

#include "tests/catch.h"
#include "tests/data/tokenizers/support.h"
#include "transformer/core/error.h"

using namespace ablate::data;
using namespace ablate::data::testing;
using Ids = std::vector<std::int32_t>;
using PlainJson = nlohmann::json;

namespace {

/// A byte-level model of the letters a, b, c and the space.
PlainJson small_byte_level() {
  const PlainJson vocabulary = {{"a", 0}, {"b", 1}, {"c", 2}, {"\u0120", 3}, {"ab", 4}, {"\u0120a", 5}, {"abc", 6}};
  const PlainJson byte_level = {{"type", "ByteLevel"}, {"add_prefix_space", false}};
  return {{"added_tokens", PlainJson::array({{{"id", 7}, {"content", "</s>"}, {"special", true}}})},
          {"normalizer", nullptr},
          {"pre_tokenizer", byte_level},
          {"post_processor", nullptr},
          {"decoder", byte_level},
          {"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", {"a b", "\u0120 a", "ab c"}}}}};
}

TokenizerConfig reading(const std::string& kind, const std::filesystem::path& file) {
  TokenizerConfig config;
  config.kind = kind;
  config.model = file.string();
  return config;
}

/// What is said of the small model after `change`.
template <class Change>
std::string refusal(Change change) {
  const TemporaryFolder folder;
  PlainJson json = small_byte_level();
  change(json);
  const auto file = folder.write("tokenizer.json", json.dump());
  CHECK_THROWS_AS(load_tokenizer(file), ablate::UserError);
  const std::string message = ablate::testing::thrown_message([&] { load_tokenizer(file); }).value_or("nothing");
  INFO(message);
  CHECK(message.find("tokenizer.json: ") != std::string::npos);
  return message.substr(message.find("tokenizer.json: ") + 16);
}

void put(PlainJson& json, const char* pointer, const PlainJson& value) {
  json[PlainJson::json_pointer(pointer)] = value;
}

}  // namespace

TEST_CASE("a tokenizer.json is read by its content, alone or in a folder", "[tokenizers]") {
  const TemporaryFolder folder;
  const std::string bytes = small_byte_level().dump();
  folder.write("tokenizer.json", bytes);
  for (const auto& place : {folder.path(), folder / "tokenizer.json", folder.write("x.model", bytes)}) {
    const auto tokenizer = load_tokenizer(place);
    CHECK(tokenizer->serialize() == bytes);
    CHECK(tokenizer->encode("abc a</s>b") == Ids{6, 5, 7, 1});
    CHECK(tokenizer->specials() == Specials{.pad = 8, .bos = 9, .eos = 7, .unk = nothing_unknown});
    CHECK(tokenizer->mask() == std::nullopt);
    CHECK(stored_tokenizer(reading("byte_level_bpe", place)) == bytes);
  }
  CHECK(train(reading("byte_level_bpe", folder.path()), {})->serialize() == bytes);
  CHECK_THROWS_MENTION(train(reading("wordpiece", folder.path()), {}), "kind must be 'byte_level_bpe'");
  CHECK_THROWS_MENTION(train(reading("sentencepiece", folder / "tokenizer.json"), {}), "must name a SentencePiece");
  TokenizerConfig config = reading("byte_level_bpe", folder.path());
  config.lowercase = true;
  CHECK_THROWS_MENTION(train(config, {}), "'lowercase' has no effect");
}

TEST_CASE("a byte that the vocabulary lacks is left out unless there is an unknown piece", "[tokenizers]") {
  const TemporaryFolder folder;
  PlainJson json = small_byte_level();
  CHECK(load_tokenizer(folder.write("t.json", json.dump()))->encode("bxxa") == Ids{1, 0});
  put(json, "/model/unk_token", "c");
  CHECK(load_tokenizer(folder.write("t.json", json.dump()))->encode("axxb") == Ids{0, 2, 2, 1});
  put(json, "/model/fuse_unk", true);
  CHECK(load_tokenizer(folder.write("t.json", json.dump()))->encode("axxb") == Ids{0, 2, 1});
  CHECK(load_tokenizer(folder.write("t.json", json.dump()))->specials().unk == 2);
}

TEST_CASE("what a tokenizer.json asks for and is not supported is refused by name", "[tokenizers]") {
  using Text = std::string;
  const auto with = [](const char* pointer, const PlainJson& value) {
    return refusal([&](PlainJson& json) { put(json, pointer, value); });
  };
  CHECK(with("/model/type", "Unigram").starts_with("model: the type 'Unigram' is not supported"));
  CHECK(with("/model/dropout", 0.1) == "model: 'dropout' is not supported: encoding would be random");
  CHECK(with("/model/byte_fallback", true).starts_with("model: 'byte_fallback'"));
  CHECK(with("/model/continuing_subword_prefix", "##").starts_with("model: 'continuing_subword_prefix'"));
  CHECK(with("/model/end_of_word_suffix", "</w>").starts_with("model: 'end_of_word_suffix'"));
  CHECK(with("/model/cache", 1) == "model: 'cache' is not supported");
  CHECK(with("/model/unk_token", "z") == "model.unk_token: 'z' is not in the vocabulary");
  CHECK(with("/model/merges/1", "a") == "model.merges[1]: a merge is two pieces, not \"a\"");
  CHECK(with("/model/merges/1", {"a", "c"}) == "model.merges[1]: 'ac' is not in the vocabulary");
  CHECK(with("/model/merges/2", "a b") == "model.merges[2]: 'a b' is merged by an earlier one");
  CHECK(with("/model/vocab/b", 0) == "model.vocab: the id 0 has two pieces: 'a' and 'b'");
  CHECK(with("/model/vocab/z", 9) == "the vocabulary has a hole: no piece has the id 8, though ids go to 9");
  CHECK(with("/model/vocab/z", -1) == "model.vocab.'z': a whole number from 0 on is needed");
  CHECK(with("/model/vocab/z", 1 << 30).find("is too large") != Text::npos);
  CHECK(with("/added_tokens/0/id", 2).starts_with("added_tokens: the id 2 has two pieces"));
  CHECK(with("/added_tokens/0/content", "") == "added_tokens[0]: the token is empty");
  CHECK(with("/normalizer", {{"type", "NFKC"}}) ==
        "normalizer: the type 'NFKC' is not supported; supported are NFC, NFD, Lowercase, StripAccents, "
        "BertNormalizer, Sequence");
  const PlainJson metaspace = {{"type", "Sequence"}, {"pretokenizers", PlainJson::array({{{"type", "Metaspace"}}})}};
  CHECK(with("/pre_tokenizer", metaspace).starts_with("pre_tokenizer.pretokenizers[0]: the type 'Metaspace'"));
  const PlainJson split = {{"type", "Split"}, {"pattern", {{"Regex", "[a-z]+"}}}, {"behavior", "Isolated"}};
  CHECK(with("/pre_tokenizer", split).starts_with("pre_tokenizer.pattern: the pattern '[a-z]+' is none of those"));
  CHECK(with("/pre_tokenizer/add_prefix_space", 1) == "pre_tokenizer.add_prefix_space: true or false is needed");
  CHECK(with("/decoder", {{"type", "Metaspace"}}).starts_with("decoder: the type 'Metaspace'"));
  CHECK(with("/decoder", nullptr) == "'decoder' is missing");
  CHECK(with("/truncation", {{"max_length", 8}}).starts_with("'truncation' is not supported"));
  CHECK(with("/padding", {{"strategy", "BatchLongest"}}).starts_with("'padding' is not supported"));
  CHECK(with("/extra", 1) == "'extra' is not supported");
  const PlainJson bert = {{"type", "BertProcessing"}, {"cls", {"[CLS]", 0}}, {"sep", {"</s>", 7}}};
  CHECK(with("/post_processor", bert) == "post_processor: '[CLS]' is not in the vocabulary");
  const PlainJson name = {{"SpecialToken", {{"id", "</s>"}}}};
  const PlainJson text = {{"Sequence", {{"id", "A"}}}};
  const PlainJson twice = {{"type", "TemplateProcessing"}, {"single", {name, name, text}}};
  CHECK(with("/post_processor", twice).find("on one side of the text") != Text::npos);
}

TEST_CASE("a tokenizer.json that is no sound JSON is refused", "[tokenizers]") {
  const TemporaryFolder folder;
  const auto load = [&](const std::string& bytes) { load_tokenizer(folder.write("t.json", bytes)); };
  CHECK_THROWS_MENTION(load(R"({"model": {"vocab": {"a": 0, "a": 1}}})"), "t.json: the key 'a' stands in one object");
  CHECK_THROWS_MENTION(load(R"({"model": {"vocab": )"), "t.json: not valid JSON");
  CHECK_THROWS_MENTION(load(R"({"a": 0, "a": 1})"), "the key 'a' stands in one object twice");
}

TEST_CASE("GPT-2's vocab.json and merges.txt are a tokenizer.json", "[tokenizers]") {
  const TemporaryFolder folder;
  const auto write_vocabulary = [&] {
    return folder.write("vocab.json",
                        R"({"a": 0, "b": 1, "c": 2, "\u0120": 3, "ab": 4, "\u0120a": 5, "</s>": 6, "<mask>": 7})");
  };
  const auto file = write_vocabulary();
  CHECK_THROWS_MENTION(load_tokenizer(file), "merges.txt: the tokenizer cannot be read");
  folder.write("merges.txt", "#version: 0.2\na b\n\u0120 a\n");
  const auto tokenizer = load_tokenizer(file);
  CHECK(tokenizer->encode("abc a</s>b <mask>") == Ids{4, 2, 5, 6, 1, 7});
  CHECK(tokenizer->specials() == Specials{.pad = 8, .bos = 9, .eos = 6, .unk = nothing_unknown});
  CHECK(tokenizer->mask() == 7);
  CHECK(load_tokenizer(folder.path())->serialize() == tokenizer->serialize());
  CHECK(stored_tokenizer(reading("byte_level_bpe", folder.path())) == tokenizer->serialize());
  CHECK(load_tokenizer(folder.write("run/tokenizer.json", tokenizer->serialize()))->encode(" ab") == Ids{3, 4});

  folder.write("tokenizer_config.json", R"({"add_bos_token": true, "bos_token": {"content": "</s>"}})");
  CHECK(load_tokenizer(file)->specials() == Specials{.pad = 8, .bos = 6, .eos = 6, .unk = nothing_unknown});
  folder.write("tokenizer_config.json", R"({"add_prefix_space": true})");
  CHECK(load_tokenizer(file)->encode("ab") == Ids{3, 4});
  folder.write("tokenizer_config.json", R"({"add_bos_token": true, "bos_token": "<s>"})");
  CHECK_THROWS_MENTION(load_tokenizer(file), "tokenizer_config.json: bos_token: '<s>' is not in");
  folder.write("tokenizer_config.json", "{}");
  folder.write("merges.txt", "a b\na b c\n");
  CHECK_THROWS_MENTION(load_tokenizer(file), "merges.txt:2: a merge is two pieces");
}

TEST_CASE("BERT's vocab.txt is a tokenizer.json, once it is said whether letters are made small", "[tokenizers]") {
  const TemporaryFolder folder;
  const auto file = folder.write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\ncat\n##s\n,\nThe\r\n");
  CHECK_THROWS_MENTION(load_tokenizer(file), "vocab.txt: a vocabulary of WordPiece");
  TokenizerConfig config = reading("wordpiece", file);
  CHECK_THROWS_MENTION(train(config, {}), "set data.tokenizer.lowercase");
  config.lowercase = true;
  const auto small = train(config, {});
  CHECK(small->encode("The C\u00E1ts, dog [MASK]") == Ids{5, 6, 7, 8, 1, 4});
  CHECK(small->decode(Ids{2, 5, 6, 7, 8, 5, 3, 0}) == "the cats, the");
  CHECK(small->specials() == Specials{.pad = 0, .bos = 2, .eos = 3, .unk = 1});
  CHECK(small->mask() == 4);
  CHECK(stored_tokenizer(config) == small->serialize());
  CHECK(load_tokenizer(folder.write("stored.json", small->serialize()))->encode("THE") == Ids{5});
  config.lowercase = false;
  CHECK(train(config, {})->encode("The the") == Ids{9, 5});
  CHECK(train(config, {})->serialize() != small->serialize());
  config.model = folder.write("vocab.txt", "[UNK]\na\na\n").string();
  CHECK_THROWS_MENTION(train(config, {}), "vocab.txt:3: 'a' stands twice");
  config.kind = "byte_level_bpe";
  config.model = folder.write("words.txt", "no tokenizer").string();
  CHECK_THROWS_MENTION(train(config, {}), "words.txt: no tokenizer of the kind 'byte_level_bpe'");
}
