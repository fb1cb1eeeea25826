// How many tokens a row has, what becomes of them, and the symbols that this takes.
#include "data/corruption.h"

#include <algorithm>

#include "data/objective_symbols.h"
#include "tests/catch.h"
#include "tests/data/support.h"
#include "tests/data/tokenizers/support.h"
#include "transformer/core/error.h"

using namespace ablate;
using namespace ablate::data;

namespace {

ObjectiveConfig objective_of(const std::string& kind) {
  ObjectiveConfig objective;
  objective.kind = kind;
  return objective;
}

std::unique_ptr<Tokenizer> words_of(const std::string& line) {
  TokenizerConfig config;
  config.kind = "words";
  return data::testing::train(config, {line});
}

using Sentinels = std::vector<std::int32_t>;

}  // namespace

TEST_CASE("corruption: rows have as many tokens as leave both sides short enough", "[data]") {
  CHECK(tokens_of_row(objective_of("causal_lm"), 64) == 64);
  CHECK(tokens_of_row(objective_of("denoising"), 64) == 63);
  // As the paper's code: 568 tokens make sources of 512.
  CHECK(tokens_of_row(objective_of("span_corruption"), 512) == 568);
  const CorruptedLengths lengths = corrupted_lengths(objective_of("span_corruption"), 568);
  CHECK(lengths.source == 512);
  CHECK(lengths.target == 85 + 28 + 2);
  ObjectiveConfig much = objective_of("span_corruption");
  for (const double density : {0.05, 0.5, 0.95}) {
    for (const double mean : {1.0, 3.0}) {
      much.noise_density = density;
      much.mean_span_length = mean;
      for (const std::int64_t longest : {4, 5, 9, 33}) {
        const std::int64_t tokens = tokens_of_row(much, longest);
        const CorruptedLengths whole = corrupted_lengths(much, tokens), more = corrupted_lengths(much, tokens + 1);
        CHECK(std::max(whole.source, whole.target) <= longest);
        CHECK(std::max(more.source, more.target) > longest);
      }
    }
  }
  CHECK_THROWS_MENTION(tokens_of_row(objective_of("span_corruption"), 3), "sides of 3 tokens at most");
  CHECK_THROWS_MENTION(tokens_of_row(objective_of("denoising"), 1), "raise training.max_length");
  // 100 tokens, 30 of them in ten spans.
  CHECK(corrupted_lengths(objective_of("denoising"), 100).source == 81);
  CHECK(corrupted_lengths(objective_of("denoising"), 100).target == 101);
}

TEST_CASE("corruption: sentinels are those of the vocabulary, or lie behind it", "[data]") {
  const auto plain = words_of("a b c");
  ObjectiveConfig spans = objective_of("span_corruption");
  REQUIRE(plain->size() == 7);
  CHECK(vocabulary_size(*plain, spans) == 107);
  CHECK(sentinel_ids(*plain, spans).front() == 106);
  spans.sentinels = 3;
  CHECK(sentinel_ids(*plain, spans) == Sentinels{9, 8, 7});
  CHECK(vocabulary_size(*plain, spans) == 10);

  const auto own = words_of("<extra_id_1> b <extra_id_0> <extra_id_2> <extra_id_4>");
  spans.sentinels.reset();
  const Sentinels found = sentinel_ids(*own, spans);
  REQUIRE(found.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(own->piece(found[i]) == "<extra_id_" + std::to_string(i) + ">");
  CHECK(vocabulary_size(*own, spans) == own->size());
  spans.sentinels = 2;
  CHECK(sentinel_ids(*own, spans).size() == 2);
  spans.sentinels = 4;
  CHECK_THROWS_MENTION(sentinel_ids(*own, spans), "objective.sentinels: 4 are asked for, and the tokenizer has 3");

  CHECK(vocabulary_size(*plain, objective_of("denoising")) == 8);
  CHECK(vocabulary_size(*plain, objective_of("masked_lm")) == 8);
  CHECK(vocabulary_size(*plain, objective_of("prefix_lm")) == 7);
}

TEST_CASE("corruption: a row that needs more sentinels than there are is an error", "[data]") {
  const auto tokenizer = words_of("a b c .");
  ObjectiveConfig spans = objective_of("span_corruption");
  spans.sentinels = 3;
  CHECK_NOTHROW(make_corruption(*tokenizer, spans, 40));  // two spans
  CHECK_THROWS_MENTION(make_corruption(*tokenizer, spans, 60), "a row of 60 tokens needs 4, one for each span");
  CHECK_THROWS_AS(make_corruption(*tokenizer, spans, 60), UserError);
  CHECK_THROWS_AS(make_corruption(*tokenizer, objective_of("causal_lm"), 60), std::invalid_argument);
}

TEST_CASE("corruption: sentences that nothing ends cannot change places", "[data]") {
  const auto tokenizer = words_of("a b c");
  ObjectiveConfig denoising = objective_of("denoising");
  CHECK_THROWS_MENTION(make_corruption(*tokenizer, denoising, 20), "no token of this tokenizer ends a sentence");
  denoising.sentence_permutation = 0;
  const Corruption corruption = make_corruption(*tokenizer, denoising, 20);
  SplitMix64 random(1);
  const Sentinels text{4, 5, 6, 4, 5, 6, 4, 5, 6, 4};
  const CorruptedRow row = corruption(text, random);
  CHECK(row.target == text);
  CHECK(std::ranges::find(row.source, 7) != row.source.end());
}

TEST_CASE("corruption: marks in text stand for symbols, there and back", "[data]") {
  const auto tokenizer = words_of("a b c d");
  ObjectiveConfig spans = objective_of("span_corruption");
  spans.sentinels = 12;
  const Marks marks = marks_of(*tokenizer, spans);
  REQUIRE(marks.size() == 12);
  CHECK(marks[1].text == "<extra_id_1>");
  const std::int32_t a = tokenizer->encode("a").front(), b = tokenizer->encode("b").front();
  const Sentinels ids = encode_marked(*tokenizer, marks, "a <extra_id_0> b b<extra_id_10> a");
  CHECK(ids == Sentinels{a, marks[0].id, b, b, marks[10].id, a});
  CHECK(decode_marked(*tokenizer, marks, ids) == "a <extra_id_0> b b <extra_id_10> a");
  CHECK(decode_marked(*tokenizer, marks, Sentinels{marks[0].id}) == "<extra_id_0>");
  CHECK(marked_piece(*tokenizer, marks, marks[2].id) == "<extra_id_2>");
  CHECK(marked_piece(*tokenizer, marks, a) == "a");
  CHECK(encode_marked(*tokenizer, marks, "").empty());
  const Marks mask = marks_of(*tokenizer, objective_of("denoising"));
  CHECK(encode_marked(*tokenizer, mask, "a <mask> b") == Sentinels{a, static_cast<std::int32_t>(tokenizer->size()), b});
  CHECK(marks_of(*tokenizer, objective_of("causal_lm")).empty());
}

TEST_CASE("corruption: settings are read strictly", "[data]") {
  const auto read = [](const std::string& json) { return data::testing::from_json<ObjectiveConfig>(json); };
  CHECK(read(R"({"kind": "span_corruption", "sentinels": 20})").sentinels == 20);
  CHECK_THROWS_MENTION(read(R"({"kind": "span_corruption", "noise_density": 1})"), "noise_density");
  CHECK_THROWS_MENTION(read(R"({"kind": "denoising", "sentinels": 20})"), "has no effect with kind 'denoising'");
  CHECK_THROWS_MENTION(read(R"({"kind": "denoising", "text_infilling": 0, "span_length": 2})"),
                       "has no effect with text_infilling 0");
  CHECK_THROWS_MENTION(read(R"({"kind": "denoising", "text_infilling": 0, "sentence_permutation": 0})"),
                       "without any noise");
  CHECK_THROWS_MENTION(read(R"({"kind": "prefix_lm", "mask_share": 0.5})"), "has no effect with kind 'prefix_lm'");
}
