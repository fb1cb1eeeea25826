// Hidden tokens (Devlin et al. 2019, section 3.1).
#include "data/masking.h"

#include <map>

#include "data/batches.h"
#include "tests/catch.h"
#include "tests/data/support.h"

using namespace ablate;
using namespace ablate::data;
using ablate::testing::TemporaryFolder;

namespace {

/// Ids 0 … 3 are special, 4 … 19 words, of which the odd ones go on with the word before; the mask is 20.
MaskingVocabulary twenty_words() {
  MaskingVocabulary vocabulary{20, 20, {}, {}};
  for (std::int64_t id = 0; id < 20; ++id) {
    vocabulary.is_special.push_back(id < 4);
    vocabulary.begins_word.push_back(id % 2 == 0);
  }
  return vocabulary;
}

}  // namespace

TEST_CASE("masking: of many tokens the shares are those that were asked for", "[data]") {
  const MaskingVocabulary vocabulary = twenty_words();
  ObjectiveConfig objective;
  objective.mask_share = 0.2;
  objective.masked = 0.5;
  objective.replaced = 0.25;
  SplitMix64 random(1);
  constexpr std::int64_t count = 40000;
  std::vector<std::int64_t> tokens, said(count), before;
  for (std::int64_t i = 0; i < count; ++i) tokens.push_back(4 + i % 16);
  before = tokens;
  const std::int64_t hidden = mask_row(tokens.data(), said.data(), count, objective, vocabulary, random);
  CHECK(hidden == 8000);
  std::int64_t masks = 0, same = 0, asked = 0;
  std::map<std::int64_t, int> put;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (said[i] == no_target) {
      REQUIRE(tokens[i] == before[i]);
      continue;
    }
    ++asked;
    REQUIRE(said[i] == before[i]);
    masks += tokens[i] == vocabulary.mask;
    same += tokens[i] == before[i];
    if (tokens[i] != vocabulary.mask && tokens[i] != before[i]) ++put[tokens[i]];
  }
  CHECK(asked == hidden);
  CHECK(masks == Approx(4000).margin(200));
  // A quarter stays, and one of sixteen random tokens is the token itself.
  CHECK(same == Approx(2000 + 2000.0 / 16).margin(200));
  CHECK(put.size() == 16);
  CHECK(put.begin()->first == 4);
}

TEST_CASE("masking: special symbols are never asked for, and something always is", "[data]") {
  const MaskingVocabulary vocabulary = twenty_words();
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SplitMix64 random(seed);
    std::vector<std::int64_t> tokens{1, 3, 7, 2}, said(4);
    CHECK(mask_row(tokens.data(), said.data(), 4, {}, vocabulary, random) == 1);
    CHECK(said == std::vector<std::int64_t>{no_target, no_target, 7, no_target});
    std::vector<std::int64_t> nothing{1, 2};
    CHECK(mask_row(nothing.data(), said.data(), 2, {}, vocabulary, random) == 0);
    CHECK(nothing == std::vector<std::int64_t>{1, 2});
  }
}

TEST_CASE("masking: whole words are hidden together", "[data]") {
  const MaskingVocabulary vocabulary = twenty_words();
  ObjectiveConfig objective;
  objective.whole_words = true;
  objective.mask_share = 0.3;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SplitMix64 random(seed);
    // Words: (4 5 7) (6) (8 9) (10), and 11 behind a special symbol, which it does not go on with.
    std::vector<std::int64_t> tokens{4, 5, 7, 6, 8, 9, 10, 2, 11}, said(9);
    mask_row(tokens.data(), said.data(), 9, objective, vocabulary, random);
    CHECK((said[0] == no_target) == (said[1] == no_target));
    CHECK((said[1] == no_target) == (said[2] == no_target));
    CHECK((said[4] == no_target) == (said[5] == no_target));
    CHECK(said[7] == no_target);
  }
}

TEST_CASE("masking: every epoch hides other tokens, evaluation always the same", "[data]") {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 50; ++i) text += "a b c d e f g h\n";
  folder.write("train.txt", text);
  folder.write("dev.txt", text);
  const auto config = data::testing::from_json<DataConfig>(
      R"({"kind": "files", "train": ["train.txt"], "dev": ["dev.txt"], "tokenizer": {"kind": "words"},
          "reader": {"kind": "lines"}})");
  const Corpus corpus = prepare_corpus(config, {folder.path(), folder / "cache", "", ""}, [](const std::string&) {});
  for (const char* layout : {"packed", "documents"}) {
    INFO(layout);
    ObjectiveConfig objective;
    objective.kind = "masked_lm";
    objective.layout = layout;
    const auto training = training_batches(corpus, "train", objective, {}, 16, 1);
    CHECK(training->batch(0, 0).source.equal(training->batch(0, 0).source));
    CHECK_FALSE(training->batch(0, 0).source.equal(training->batch(1, 0).source));
    const auto dev = evaluation_batches(corpus, "dev", objective, {}, {16, 16});
    const Batch batch = dev->batch(0, 0);
    CHECK(batch.source.equal(evaluation_batches(corpus, "dev", objective, {}, {16, 16})->batch(0, 0).source));
    CHECK(batch.target_output.ne(no_target).sum().item<std::int64_t>() == batch.target_tokens);
    CHECK(batch.source.eq(mask_id(corpus.target_tokenizer())).any().item<bool>());
    CHECK(batch.source.max().item<std::int64_t>() < vocabulary_size(corpus.target_tokenizer(), objective));
    CHECK_FALSE(batch.target_input.defined());
  }
}
