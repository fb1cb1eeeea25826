#include "transformer/decoding/generate.h"

#include <algorithm>
#include <set>

#include "tests/transformer/decoding/support.h"
#include "transformer/core/error.h"
#include "transformer/decoding/draw.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

using Text = std::vector<std::int64_t>;

const TextConditions text_symbols{.end = symbols.eos, .never = {symbols.pad, symbols.bos}};
const std::vector<Text> prompts{{5, 6, 7}, {8}, {9, 10, 8, 7, 3, 4, 5, 6, 7, 8}, {6, 5, 4}};

ModelConfig text_config() {
  ModelConfig config = tiny_config();
  config.family = "decoder";
  return config;
}

/// Models whose caches differ.
std::vector<ModelConfig> text_configs() {
  std::vector<ModelConfig> all(7, text_config());
  all[1].decoder.residual.kind = "pre_norm";
  all[1].decoder.position.kind = "rotary";
  all[1].decoder.attention.kind = "multi_query";
  all[2].decoder.position.kind = "alibi";
  all[3].decoder.position.kind = "learned";
  all[4].decoder.position.kind = "t5_buckets";
  all[4].decoder.residual.kind = "parallel";
  all[5].decoder.attention.window = 3;
  all[5].embedding.output_scale = "inverse_sqrt_d_model";
  all[6].decoder.attention.soft_cap = 1;
  return all;
}

/// What the model says of the next token, by the whole of the text that it can see.
Tensor next_scores(Transformer& model, const Text& text) {
  const at::NoGradGuard no_grad;
  model.eval();
  return model.logits(model.decode(at::tensor(text, at::kLong).unsqueeze(0), {}).select(1, -1))[0];
}

std::vector<Text> tokens_of(const std::vector<Continuation>& continuations) {
  std::vector<Text> all;
  for (const Continuation& one : continuations) all.push_back(one.tokens);
  return all;
}

}  // namespace

TEST_CASE("a temperature of zero takes the likeliest token of the whole text, with a cache and without", "[decoding]") {
  for (const ModelConfig& config_of_model : text_configs()) {
    INFO(config_of_model.decoder.position.kind);
    for (const at::ScalarType dtype : {at::kFloat, at::kDouble}) {
      const auto model = tiny_model(config_of_model);
      model->to(dtype);
      const GenerationConfig config{.tokens = 2, .temperature = 0};
      const auto cached = generate(*model, prompts, text_symbols, config, 1);
      CHECK(tokens_of(cached) == tokens_of(generate(*model, prompts, text_symbols, config, 1, 1, {}, Caching::off)));
      for (std::size_t i = 0; i < prompts.size(); ++i) {
        Text text = prompts[i];
        double log_probability = 0;
        for (std::size_t step = 0; step < 2; ++step) {
          const Tensor scores = next_scores(*model, text);
          const Tensor allowed = scores.index_fill(0, at::tensor(text_symbols.never, at::kLong), -1e9);
          const auto token = allowed.argmax().item<std::int64_t>();
          log_probability += at::log_softmax(scores, 0)[token].item<double>();
          if (token == symbols.eos) {
            CHECK(cached[i].finished);
            break;
          }
          REQUIRE(cached[i].tokens.size() > step);
          CHECK(cached[i].tokens[step] == token);
          text.push_back(token);
        }
        CHECK(cached[i].log_probability == Approx(log_probability).epsilon(1e-4));
      }
    }
  }
}

TEST_CASE("texts grow beyond what the model reads, and the cache changes nothing", "[decoding]") {
  for (const ModelConfig& config_of_model : text_configs()) {
    INFO(config_of_model.decoder.position.kind);
    const auto model = tiny_model(config_of_model);
    const TextConditions endless{.end = {}, .never = {symbols.pad, symbols.bos, symbols.eos}};
    for (const double temperature : {0.0, 1.0}) {
      const GenerationConfig config{.tokens = 70, .temperature = temperature};
      const auto cached = generate(*model, prompts, endless, config, 3);
      CHECK(tokens_of(cached) == tokens_of(generate(*model, prompts, endless, config, 3, 1, {}, Caching::off)));
      for (const Continuation& one : cached) {
        CHECK(one.tokens.size() == 70);
        CHECK_FALSE(one.finished);
        for (const std::int64_t token : one.tokens) CHECK(token >= first_word);
      }
    }
  }
}

TEST_CASE("a model that reads prefixes sees a prompt from both sides, with a cache and without", "[decoding]") {
  std::vector<ModelConfig> configs = text_configs();
  configs.resize(configs.size() + 2, text_config());
  configs[configs.size() - 2].decoder.position.kind = "shaw";
  configs[configs.size() - 1].decoder.position.kind = "transformer_xl";
  for (ModelConfig& config_of_model : configs) {
    INFO(config_of_model.decoder.position.kind);
    config_of_model.decoder.reads_prefix = true;
    const auto model = tiny_model(config_of_model);
    model->eval();
    const GenerationConfig greedy_text{.tokens = 3, .temperature = 0};
    const auto found = generate(*model, prompts, text_symbols, greedy_text, 1);
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      Text text = prompts[i];
      for (const std::int64_t token : found[i].tokens) {
        const at::NoGradGuard no_grad;
        const Tensor prefix = at::full({1}, static_cast<std::int64_t>(prompts[i].size()), at::kLong);
        const Tensor hidden = model->decode(at::tensor(text, at::kLong).unsqueeze(0), {}, nullptr, nullptr, {}, prefix);
        const Tensor scores = model->logits(hidden.select(1, -1))[0];
        CHECK(scores.index_fill(0, at::tensor(text_symbols.never, at::kLong), -1e9).argmax().item<std::int64_t>() ==
              token);
        text.push_back(token);
      }
    }
    // Beyond what the model reads too, where what is known by then is the prefix.
    TextConditions narrow{.end = {}, .never = {symbols.pad, symbols.bos, symbols.eos}};
    narrow.window = 6;
    for (const double temperature : {0.0, 1.0}) {
      const GenerationConfig config{.tokens = 30, .temperature = temperature};
      CHECK(tokens_of(generate(*model, prompts, narrow, config, 7, 2)) ==
            tokens_of(generate(*model, prompts, narrow, config, 7, 2, {}, Caching::off)));
    }
  }
}

TEST_CASE("a continuation depends on the seed and the number of its prompt alone", "[decoding]") {
  const auto model = tiny_model(text_config());
  const GenerationConfig config{.tokens = 20};
  const auto all = generate(*model, prompts, text_symbols, config, 1);
  CHECK(tokens_of(all) == tokens_of(generate(*model, prompts, text_symbols, config, 1)));
  CHECK(tokens_of(all) != tokens_of(generate(*model, prompts, text_symbols, config, 2)));
  for (std::uint64_t i = 0; i < prompts.size(); ++i) {
    const auto alone = generate(*model, {prompts[i]}, text_symbols, config, 1, 1, {i});
    CHECK(alone.front().tokens == all[i].tokens);
    CHECK(alone.front().finished == all[i].finished);
  }
}

TEST_CASE("tokens are drawn as often as the bent distribution says", "[decoding]") {
  const auto model = tiny_model(text_config());
  const std::vector<Text> same(4000, Text{5, 6, 7});
  const Tensor scores = next_scores(*model, same.front());
  for (const GenerationConfig& config : {GenerationConfig{.tokens = 1},
                                         {.tokens = 1, .temperature = 0.5},
                                         {.tokens = 1, .top_k = 3},
                                         {.tokens = 1, .top_p = 0.6},
                                         {.tokens = 1, .min_p = 0.5},
                                         {.tokens = 1, .repetition_penalty = 3}}) {
    // By hand, with plain loops.
    std::vector<double> weight;
    for (std::int64_t token = 0; token < scores.size(0); ++token) {
      double score = scores[token].item<double>();
      const bool seen = token == 5 || token == 6 || token == 7;
      if (seen && config.repetition_penalty != 1) {
        score = score > 0 ? score / config.repetition_penalty : score * config.repetition_penalty;
      }
      weight.push_back(token < 2 ? 0 : std::exp(score / config.temperature));
    }
    double whole = 0;
    for (const double w : weight) whole += w;
    std::vector<double> sorted = weight;
    std::ranges::sort(sorted, std::greater<>());
    double least = 0, mass = 0;
    if (config.top_k) least = sorted[static_cast<std::size_t>(*config.top_k) - 1];
    for (std::size_t i = 0; config.top_p < 1 && mass < config.top_p * whole; ++i) mass += (least = sorted[i]);
    least = std::max(least, config.min_p * sorted.front());
    whole = 0;
    for (double& w : weight) whole += (w = w < least * (1 - 1e-6) ? 0 : w);

    std::vector<double> drawn(weight.size(), 0);
    for (const Continuation& one : generate(*model, same, text_symbols, config, 5)) {
      ++drawn[static_cast<std::size_t>(one.finished ? symbols.eos : one.tokens.front())];
    }
    for (std::size_t token = 0; token < weight.size(); ++token) {
      const double p = weight[token] / whole;
      const double n = static_cast<double>(same.size());
      INFO("token " << token);
      CHECK(std::abs(drawn[token] - n * p) <= 5 * std::sqrt(n * p * (1 - p)));
    }
  }
}

TEST_CASE("texts that end at different steps leave the others as they are, beyond the window too", "[decoding]") {
  for (const ModelConfig& config_of_model : text_configs()) {
    INFO(config_of_model.decoder.position.kind);
    const auto model = tiny_model(config_of_model);
    TextConditions narrow = text_symbols;
    narrow.window = 6;
    const GenerationConfig config{.tokens = 40};
    const auto all = generate(*model, prompts, narrow, config, 7, 3);
    REQUIRE(all.size() == 3 * prompts.size());
    CHECK(tokens_of(all) == tokens_of(generate(*model, prompts, narrow, config, 7, 3, {}, Caching::off)));
    std::set<std::size_t> lengths;
    for (const Continuation& one : all) lengths.insert(one.tokens.size());
    CHECK(lengths.size() > 3);
    // The first sample of a prompt is that of a single one.
    const auto single = generate(*model, prompts, narrow, config, 7);
    for (std::size_t i = 0; i < prompts.size(); ++i) CHECK(single[i].tokens == all[3 * i].tokens);
  }
}

TEST_CASE("generation: what makes no sense is refused", "[decoding]") {
  const auto model = tiny_model(text_config());
  CHECK(generate(*model, {}, text_symbols, {}, 1).empty());
  CHECK_THROWS_AS(generate(*model, {{5}, {}}, text_symbols, {}, 1), std::invalid_argument);
  CHECK_THROWS_AS(generate(*model, {{5}}, text_symbols, {}, 1, 1, {1, 2}), std::invalid_argument);
  CHECK_THROWS_AS(generate(*model, {{5}}, {.end = {}, .window = 17}, {}, 1), std::invalid_argument);
  CHECK_THROWS_AS(generate(*tiny_model(), {{5}}, text_symbols, {}, 1), std::invalid_argument);
  {
    const at::NoGradGuard no_grad;
    model->parameters().front().fill_(std::numeric_limits<double>::quiet_NaN());
  }
  for (const double temperature : {0.0, 1.0}) {
    CHECK_THROWS_AS(generate(*model, {{5}}, text_symbols, {.temperature = temperature}, 1), RunError);
  }
}
