// Tiny random models, random sentences and plain oracles for the tests of decoding.
#pragma once

#include "transformer/core/random.h"
#include "transformer/decoding/decode.h"

#include <cmath>
#include <limits>

// After LibTorch, whose logging has a CHECK of its own.
#include "tests/catch.h"

namespace ablate::testing {

inline constexpr TargetSymbols symbols{.bos = 1, .eos = 2, .pad = 0};
inline constexpr std::int64_t first_word = 3;  ///< ids 0, 1, 2 are the symbols

inline ModelConfig tiny_config() {
  ModelConfig config;
  config.d_model = 16;
  config.max_length = 16;
  for (BlockConfig* stack : {static_cast<BlockConfig*>(&config.encoder), static_cast<BlockConfig*>(&config.decoder)}) {
    stack->attention.heads = 2;
    stack->feed_forward.d_ff = 32;
  }
  config.decoder.cross_attention.heads = 2;
  config.encoder.layers = 2;
  config.decoder.layers = 2;
  return config;
}

/// Weights twice as large as a model starts with, so that its distributions have peaks, and a bias for </s>,
/// so that its sentences end early, late or never.
inline std::shared_ptr<Transformer> tiny_model(ModelConfig config = tiny_config(), std::int64_t vocabulary = 11,
                                               std::uint64_t seed = 2) {
  config.embedding.tying = "none";
  config.embedding.output_bias = true;
  const auto model = make_transformer(config, {vocabulary, vocabulary, symbols.pad}, at::kCPU, seed);
  const at::NoGradGuard no_gradients;
  for (Tensor& parameter : model->parameters()) {
    if (parameter.dim() > 1) parameter.mul_(2);
  }
  model->embeddings().output_bias()[symbols.eos] = 2;
  return model;
}

/// Sources of 1 … 7 words and </s>, padded on the right with `extra_padding` columns more than needed.
inline Tensor random_sources(std::int64_t count, std::int64_t vocabulary = 11, std::uint64_t seed = 1,
                             std::int64_t extra_padding = 0) {
  SplitMix64 random(seed);
  const Tensor source = at::full({count, 8 + extra_padding}, symbols.pad, at::kLong);
  for (std::int64_t row = 0; row < count; ++row) {
    const std::int64_t words = random.between<std::int64_t>(1, 7);
    for (std::int64_t i = 0; i < words; ++i) source[row][i] = random.between(first_word, vocabulary - 1);
    source[row][words] = symbols.eos;
  }
  return source;
}

/// Row `row` of a batch as a batch of its own, without padding.
inline Tensor alone(const Tensor& source, std::int64_t row) {
  const std::int64_t length = source[row].ne(symbols.pad).sum().item<std::int64_t>();
  return source.slice(0, row, row + 1).slice(1, 0, length);
}

/// log P(next token) after <s> and `prefix`, by one pass over the whole prefix; -inf for <s> and padding.
inline std::vector<double> next_log_probabilities(Transformer& model, const Tensor& source,
                                                  std::vector<std::int64_t> prefix) {
  const at::NoGradGuard no_gradients;
  model.eval();
  prefix.insert(prefix.begin(), symbols.bos);
  const Tensor target = at::tensor(prefix, at::kLong).unsqueeze(0);
  const Tensor hidden = model.decode(target, model.encode(source)).select(1, -1);
  const Tensor row = at::log_softmax(model.logits(hidden).to(at::kDouble), -1)[0].contiguous();
  std::vector<double> result(row.data_ptr<double>(), row.data_ptr<double>() + row.numel());
  for (const std::int64_t id : {symbols.bos, symbols.pad}) {
    result[static_cast<std::size_t>(id)] = -std::numeric_limits<double>::infinity();
  }
  return result;
}

/// log P of a hypothesis, token by token.
inline double log_probability(Transformer& model, const Tensor& source, const Hypothesis& hypothesis) {
  double sum = 0;
  std::vector<std::int64_t> prefix;
  for (const std::int64_t token : hypothesis.tokens) {
    sum += next_log_probabilities(model, source, prefix)[static_cast<std::size_t>(token)];
    prefix.push_back(token);
  }
  if (hypothesis.finished) sum += next_log_probabilities(model, source, prefix)[symbols.eos];
  return sum;
}

/// The same tokens and ends, and figures that differ by rounding alone.
inline void check_equal(const Hypotheses& found, const Hypotheses& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO("sentence " << i);
    REQUIRE(found[i].size() == expected[i].size());
    for (std::size_t j = 0; j < found[i].size(); ++j) {
      INFO("hypothesis " << j);
      CHECK(found[i][j].tokens == expected[i][j].tokens);
      CHECK(found[i][j].finished == expected[i][j].finished);
      CHECK(found[i][j].log_probability == Approx(expected[i][j].log_probability).margin(1e-4));
      CHECK(found[i][j].score == Approx(expected[i][j].score).margin(1e-4));
    }
  }
}

inline DecodingConfig greedy() { return {.kind = "greedy"}; }
inline DecodingConfig beam_of(std::int64_t beam) { return {.kind = "beam", .beam = beam, .n_best = beam}; }
inline DecodingConfig sampling(std::int64_t samples) { return {.kind = "sampling", .n_best = samples}; }

}  // namespace ablate::testing
