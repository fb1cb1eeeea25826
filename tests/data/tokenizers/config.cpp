// The configuration of tokenizers: which keys belong together.
#include "tests/catch.h"
#include "tests/data/tokenizers/support.h"
#include "transformer/config/reader.h"
#include "transformer/config/writer.h"

using namespace ablate;
using namespace ablate::data;

namespace {

TokenizerConfig read(const std::string& json) {
  config::Document document;
  document.add({config::parse_json(json, "test.json"), "test.json"});
  config::Problems problems;
  TokenizerConfig value;
  config::Reader(document, problems).read(value);
  problems.throw_if_any();
  return value;
}

}  // namespace

TEST_CASE("the default tokenizer is a joint SentencePiece model that changes nothing in the text") {
  const TokenizerConfig config = read("{}");
  CHECK(config.kind == "sentencepiece");
  CHECK(config.joint);
  CHECK(config.normalization == "identity");
  CHECK(config.character_coverage == 1);
}

TEST_CASE("options of one kind are errors with another") {
  CHECK_THROWS_MENTION(read(R"({"kind": "words", "model_type": "bpe"})"), "model_type");
  CHECK_THROWS_MENTION(read(R"({"kind": "bytes", "min_count": 2})"), "min_count");
  CHECK_THROWS_MENTION(read(R"({"min_count": 2})"), "no effect");
  CHECK_THROWS_MENTION(read(R"({"kind": "byte"})"), "did you mean 'bytes'");
  CHECK_THROWS_MENTION(read(R"({"model_type": "bep"})"), "did you mean 'bpe'");
  CHECK_THROWS_MENTION(read(R"({"normalization": "nkfc"})"), "did you mean 'nfkc'");
  CHECK_NOTHROW(read(R"({"kind": "words", "max_vocabulary": 100, "min_count": 2})"));
}

TEST_CASE("a model that exists leaves nothing to train") {
  CHECK_NOTHROW(read(R"({"model": "a.model"})"));
  CHECK_THROWS_MENTION(read(R"({"model": "a.model", "vocabulary_size": 100})"),
                       "vocabulary_size: has no effect: 'model' names");
  CHECK_THROWS_MENTION(read(R"({"model": "a.model", "joint": false})"), "target_model");
  CHECK_THROWS_MENTION(read(R"({"target_model": "b.model"})"), "only with 'model'");
  CHECK(read(R"({"kind": "words", "model": "a.vocab.json"})").model == "a.vocab.json");
  CHECK_THROWS_MENTION(read(R"({"kind": "characters", "model": "a", "max_vocabulary": 9})"),
                       "max_vocabulary: has no effect: 'model' names");
  CHECK_THROWS_MENTION(read(R"({"kind": "words", "model": "a", "min_count": 2})"), "min_count: has no effect");
  CHECK_THROWS_MENTION(read(R"({"kind": "bytes", "model": "a"})"), "has no effect with kind 'bytes'");
}

TEST_CASE("the target may have a model or a size of its own") {
  TokenizerConfig config = read(R"({"model": "a.model", "joint": false, "target_model": "b.model"})");
  CHECK(config.model == "a.model");
  CHECK(config.for_target().model == "b.model");
  config = read(R"({"vocabulary_size": 500, "joint": false, "target_vocabulary_size": 700})");
  CHECK(config.vocabulary_size == 500);
  CHECK(config.for_target().vocabulary_size == 700);
  CHECK(read(R"({"joint": false, "vocabulary_size": 500})").for_target().vocabulary_size == 500);
  CHECK_THROWS_MENTION(read(R"({"target_vocabulary_size": 700})"), "'joint' false");
}

TEST_CASE("the ids of the special symbols differ and lie in the vocabulary") {
  CHECK_NOTHROW(read(R"({"unk_id": 0, "pad_id": 3})"));
  CHECK_THROWS_MENTION(read(R"({"unk_id": 0})"), "four different ids");
  CHECK_THROWS_MENTION(read(R"({"pad_id": 8000})"), "below the size of the vocabulary");
  CHECK_THROWS_MENTION(read(R"({"character_coverage": 0.5})"), "from 0.98 to 1");
}

TEST_CASE("the resolved configuration reads back as it was written") {
  for (const std::string json : {R"({"kind": "words", "min_count": 3})", R"({"model": "a.model"})",
                                 R"({"model_type": "unigram", "joint": false, "target_vocabulary_size": 50})"}) {
    const TokenizerConfig config = read(json);
    const Json written = config::Writer::write(config);
    CHECK(config::Writer::write(read(written.dump())) == written);
  }
}

TEST_CASE("kinds that are read from a file name one, and have no other option") {
  CHECK(read(R"({"kind": "byte_level_bpe", "model": "tokenizer.json"})").model == "tokenizer.json");
  CHECK(read(R"({"kind": "wordpiece", "model": "vocab.txt", "lowercase": true})").lowercase == true);
  CHECK_THROWS_MENTION(read(R"({"kind": "byte_level_bpe"})"), "'byte_level_bpe' is not trained; it reads the file");
  CHECK_THROWS_MENTION(read(R"({"kind": "wordpiece"})"), "model: needed");
  CHECK_THROWS_MENTION(read(R"({"kind": "byte_level_bpe", "model": "a", "lowercase": true})"), "lowercase");
  CHECK_THROWS_MENTION(read(R"({"kind": "wordpiece", "model": "a", "vocabulary_size": 9})"), "vocabulary_size");
  CHECK_THROWS_MENTION(read(R"({"kind": "wordpiece", "model": "a", "joint": false})"), "target_model");
  CHECK(read(R"({"kind": "wordpiece", "model": "a", "joint": false, "target_model": "b"})").for_target().model == "b");
}
