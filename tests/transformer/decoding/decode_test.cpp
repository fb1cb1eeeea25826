// What all ways of decoding have in common.
#include "transformer/decoding/decode.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/transformer/decoding/support.h"
#include "transformer/core/error.h"
#include "transformer/decoding/search.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

std::vector<DecodingConfig> every_kind() { return {greedy(), beam_of(4), sampling(3)}; }

}  // namespace

TEST_CASE("every row of the table is decoded here", "[decoding]") {
  std::vector<std::string> kinds;
  for (const DecodingConfig& config : every_kind()) kinds.push_back(config.kind);
  CHECK(search_table().choices().names() == kinds);
}

TEST_CASE("the model of these tests ends some sentences and not others", "[decoding]") {
  const auto model = tiny_model();
  for (DecodingConfig config : every_kind()) {
    INFO("decoding " << config.kind);
    config.max_length_constant = 5;
    std::int64_t all = 0;
    std::int64_t finished = 0;
    for (const auto& list : decode(*model, random_sources(20), symbols, config, 1)) {
      for (const Hypothesis& hypothesis : list) {
        ++all;
        finished += hypothesis.finished;
      }
    }
    CHECK(finished > all / 10);
    CHECK(finished < all);
  }
}

TEST_CASE("greedy search takes the likeliest token at every step", "[decoding][greedy]") {
  const auto model = tiny_model();
  const Tensor source = random_sources(5);
  const Hypotheses found = decode(*model, source, symbols, greedy(), 0);
  for (std::int64_t i = 0; i < source.size(0); ++i) {
    const Hypothesis& hypothesis = found[static_cast<std::size_t>(i)].at(0);
    std::vector<std::int64_t> prefix;
    for (;;) {
      const std::vector<double> next = next_log_probabilities(*model, alone(source, i), prefix);
      const std::int64_t best = std::distance(next.begin(), std::max_element(next.begin(), next.end()));
      if (best == symbols.eos || prefix.size() == 16) break;
      prefix.push_back(best);
    }
    CHECK(hypothesis.tokens == prefix);
    CHECK(hypothesis.log_probability == Approx(log_probability(*model, alone(source, i), hypothesis)).margin(1e-4));
  }
}

TEST_CASE("neither the batch nor its padding changes what a sentence becomes", "[decoding]") {
  const auto model = tiny_model();
  const Tensor source = random_sources(9);
  for (const DecodingConfig& config : every_kind()) {
    INFO("decoding " << config.kind);
    const Hypotheses together = decode(*model, source, symbols, config, 1);
    Hypotheses apart;
    for (std::int64_t i = 0; i < source.size(0); ++i) {
      apart.push_back(decode(*model, alone(source, i), symbols, config, 1, {static_cast<std::uint64_t>(i)}).at(0));
    }
    check_equal(apart, together);
    check_equal(decode(*model, random_sources(9, 11, 1, 4), symbols, config, 1), together);
  }
}

TEST_CASE("<s> and padding are never produced, </s> not too early", "[decoding]") {
  const auto model = tiny_model();
  {
    const at::NoGradGuard no_gradients;
    const Tensor& bias = model->embeddings().output_bias();
    for (const std::int64_t id : {symbols.bos, symbols.pad, symbols.eos}) bias[id] = 20;
  }
  const Tensor source = random_sources(5);
  for (DecodingConfig decoding : every_kind()) {
    INFO("decoding " << decoding.kind);
    decoding.min_length = 3;
    for (const auto& list : decode(*model, source, symbols, decoding, 1)) {
      CHECK(list.front().tokens.size() == 3);
      CHECK(list.front().finished);
      for (const std::int64_t token : list.front().tokens) CHECK(token >= first_word);
    }
  }
}

TEST_CASE("ids beyond the pieces of a tokenizer are never produced", "[decoding]") {
  constexpr std::int64_t pieces = 8;  // of 11 words
  const auto model = tiny_model();
  {
    const at::NoGradGuard no_gradients;
    for (std::int64_t id = pieces; id < 11; ++id) model->embeddings().output_bias()[id] = 20;
  }
  const TargetSymbols limited{.bos = symbols.bos, .eos = symbols.eos, .pad = symbols.pad, .pieces = pieces};
  const Tensor source = random_sources(5);
  const auto says_beyond = [](const Hypotheses& found) {
    return std::ranges::any_of(found, [](const std::vector<Hypothesis>& list) {
      return std::ranges::any_of(list.front().tokens, [](std::int64_t token) { return token >= pieces; });
    });
  };
  for (const DecodingConfig& decoding : every_kind()) {
    INFO("decoding " << decoding.kind);
    DecodingConfig longer = decoding;
    longer.min_length = 3;  // ending at once can be likelier than any sentence
    CHECK(says_beyond(decode(*model, source, symbols, longer, 1)));
    const Hypotheses found = decode(*model, source, limited, decoding, 1);
    CHECK_FALSE(says_beyond(found));
    check_equal(decode(*model, source, limited, decoding, 1, {}, Caching::off), found);
  }
}

TEST_CASE("no target is longer than the limit of its source, and cut ones are marked", "[decoding]") {
  const auto model = tiny_model();
  const Tensor source = random_sources(20);
  for (DecodingConfig decoding : every_kind()) {
    INFO("decoding " << decoding.kind);
    decoding.max_length_factor = 0.5;
    decoding.max_length_constant = 2;
    bool some_cut = false;
    const Hypotheses found = decode(*model, source, symbols, decoding, 1);
    for (std::int64_t i = 0; i < source.size(0); ++i) {
      const std::size_t limit = static_cast<std::size_t>(alone(source, i).size(1) / 2 + 2);
      for (const Hypothesis& hypothesis : found[static_cast<std::size_t>(i)]) {
        CHECK(hypothesis.tokens.size() + (hypothesis.finished ? 1 : 0) <= limit);
        if (!hypothesis.finished) CHECK(hypothesis.tokens.size() == limit);
        some_cut = some_cut || !hypothesis.finished;
      }
    }
    CHECK(some_cut);
  }
}

TEST_CASE("the model's own maximum holds where positions are learned", "[decoding]") {
  ModelConfig config = tiny_config();
  config.encoder.position.kind = config.decoder.position.kind = "learned";
  config.max_length = 8;
  const auto model = tiny_model(config);
  for (DecodingConfig decoding : every_kind()) {
    decoding.min_length = 1000;
    for (const auto& list : decode(*model, random_sources(3), symbols, decoding, 1)) {
      CHECK(list.front().tokens.size() == 8);
      CHECK_FALSE(list.front().finished);
    }
  }
}

TEST_CASE("of equal tokens the one with the smaller id wins", "[decoding]") {
  const auto model = tiny_model();
  {
    const at::NoGradGuard no_gradients;
    for (Tensor& parameter : model->parameters()) parameter.zero_();
  }
  const Tensor source = random_sources(2);
  DecodingConfig config = greedy();
  config.min_length = 2;
  const std::vector<std::int64_t> lowest{first_word, first_word};
  CHECK(decode(*model, source, symbols, config, 0)[1][0].tokens == lowest);
  config = beam_of(1);
  config.min_length = 2;
  CHECK(decode(*model, source, symbols, config, 0)[1][0].tokens == lowest);

  // Step 1 finishes the empty hypothesis and keeps three more; step 2 finishes those, and the penalty prefers
  // them.
  config = beam_of(3);
  config.length_penalty = 2;
  const std::vector<Hypothesis> list = decode(*model, source, symbols, config, 0)[0];
  REQUIRE(list.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(list[i].tokens == std::vector<std::int64_t>{first_word + static_cast<std::int64_t>(i)});
  }
}

TEST_CASE("the best tokens of a row are ranked, ties and impossible tokens included", "[decoding]") {
  const float none = -std::numeric_limits<float>::infinity();
  const Tensor rows = at::tensor({-2.f, -1.f, -1.f, -3.f, -1.f, none,  //
                                  -1.f, -1.f, -1.f, -1.f, -1.f, -1.f,  //
                                  none, -5.f, none, -4.f, none, none})
                          .view({3, 6});
  const BestTokens best(rows, 3);
  const auto ids = [&](std::int64_t row) {
    std::vector<std::int64_t> list;
    for (const Candidate& candidate : best.row(row)) list.push_back(candidate.token);
    return list;
  };
  CHECK(ids(0) == std::vector<std::int64_t>{1, 2, 4});
  CHECK(ids(1) == std::vector<std::int64_t>{0, 1, 2});
  CHECK(ids(2) == std::vector<std::int64_t>{3, 1});
  CHECK(best.row(0)[2].log_probability == -1);
  CHECK(BestTokens(rows, 100).row(1).size() == 6);
}

TEST_CASE("decoding leaves the model in the mode it was in", "[decoding]") {
  const auto model = tiny_model();
  const Tensor source = random_sources(4);
  model->eval();
  const Hypotheses expected = decode(*model, source, symbols, greedy(), 0);
  CHECK_FALSE(model->is_training());
  model->train();
  check_equal(decode(*model, source, symbols, greedy(), 0), expected);  // dropout is off
  CHECK(model->is_training());
  CHECK(at::GradMode::is_enabled());
  CHECK_THROWS(decode(*model, at::zeros({1, 3}, at::kLong), symbols, greedy(), 0));
  CHECK(model->is_training());
}

TEST_CASE("wrong input to decoding is told", "[decoding]") {
  const auto model = tiny_model();
  const Tensor source = random_sources(2);
  CHECK(decode(*model, source.slice(0, 0, 0), symbols, greedy(), 0).empty());
  CHECK_THROWS_MENTION(decode(*model, source[0], symbols, greedy(), 0), "source: expected");
  CHECK_THROWS_MENTION(decode(*model, random_sources(2, 11, 1, 9), symbols, greedy(), 0), "cut it first");
  CHECK_THROWS_MENTION(decode(*model, at::zeros({1, 3}, at::kLong), symbols, greedy(), 0), "has no tokens");
  CHECK_THROWS_MENTION(decode(*model, source, symbols, greedy(), 0, {1, 2, 3}), "3 sentence numbers");
  CHECK_THROWS_MENTION(decode(*model, source, {1, 11, 0}, greedy(), 0), "outside of the vocabulary");
  CHECK_THROWS_MENTION(decode(*model, source, {1, 0, 0}, greedy(), 0), "must differ");
  CHECK_THROWS_MENTION(decode(*model, source, {1, 2, 0, 3}, greedy(), 0), "holds nothing but");
  CHECK_THROWS_MENTION(decode(*model, source, symbols, {.kind = "guess"}, 0), "unknown decoding 'guess'");
  const at::NoGradGuard no_gradients;
  for (Tensor& parameter : model->parameters()) parameter.fill_(std::nan(""));
  for (const DecodingConfig& config : every_kind()) {
    CHECK_THROWS_AS(decode(*model, source, symbols, config, 0), RunError);
  }
}

TEST_CASE("a sign may begin targets and end them", "[decoding]") {
  const auto model = tiny_model();
  const TargetSymbols same{.bos = symbols.eos, .eos = symbols.eos, .pad = symbols.pad};
  const Tensor source = random_sources(12);
  for (const DecodingConfig& config : every_kind()) {
    const Hypotheses found = decode(*model, source, same, config, 1);
    check_equal(decode(*model, source, same, config, 1, {}, Caching::off), found);
    CHECK(std::ranges::any_of(found, [](const auto& list) { return list.front().finished; }));
  }
}

TEST_CASE("decoding does not depend on how the source lies in memory", "[decoding]") {
  const auto model = tiny_model();
  const Tensor source = random_sources(6);
  check_equal(decode(*model, source.t().contiguous().t(), symbols, beam_of(3), 1),
              decode(*model, source, symbols, beam_of(3), 1));
}
