// Options of attention beside its kinds, each against the formulas by hand.
#include "tests/transformer/layers/attention_cases.h"
#include "transformer/layers/mask.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

Tensor normalized_by_hand(const std::string& kind, const Tensor& x, const Tensor& gain, const Tensor& bias) {
  const double eps = 1e-5;
  if (kind == "rms_norm") return x / (x.square().mean(-1, true) + eps).sqrt() * gain;
  if (kind == "scale_norm") return x / x.norm(2, -1, true) * gain;
  const Tensor centred = x - x.mean(-1, true);
  return centred / (centred.square().mean(-1, true) + eps).sqrt() * gain + bias;
}

/// Self-attention over x (B, T, D) from the module's own parameters, every head and query by itself.
Tensor options_by_hand(Attention& attention, const AttentionConfig& config, const Tensor& x, bool causal) {
  const auto parameters = attention.named_parameters();
  const auto find = [&](const std::string& name) {
    const Tensor* found = parameters.find(name);
    return found != nullptr ? *found : Tensor();
  };
  const auto project = [&](const std::string& name) {
    const Tensor bias = find(name + ".bias");
    const Tensor y = at::matmul(x, find(name + ".weight").t());
    return bias.defined() ? y + bias : y;
  };
  const std::int64_t width = config.key_width(d_model);
  const Tensor q = project("query"), k = project("key"), v = project("value");
  std::vector<Tensor> heads;
  for (std::int64_t h = 0; h < config.heads; ++h) {
    const auto of_head = [&](const Tensor& all) { return all.slice(-1, h * width, (h + 1) * width); };
    Tensor qh = of_head(q), kh = of_head(k);
    if (config.query_key_norm != "none") {
      qh = normalized_by_hand(config.query_key_norm, qh, find("query_norm.gain"), find("query_norm.bias"));
      kh = normalized_by_hand(config.query_key_norm, kh, find("key_norm.gain"), find("key_norm.bias"));
    }
    Tensor scores = at::matmul(qh, kh.transpose(1, 2)) / std::sqrt(static_cast<double>(width));
    if (config.soft_cap) scores = *config.soft_cap * (scores / *config.soft_cap).tanh();
    for (std::int64_t t = 0; t < x.size(1); ++t) {
      for (std::int64_t s = 0; s < x.size(1); ++s) {
        const bool ahead = causal && s > t;
        const bool far = config.window && std::abs(t - s) >= *config.window;
        if (ahead || far) scores.select(1, t).select(1, s).fill_(-1e30);
      }
    }
    heads.push_back(at::matmul(at::softmax(scores, -1), of_head(v)));
  }
  const Tensor joined = at::cat(heads, -1), bias = find("output.bias");
  const Tensor y = at::matmul(joined, find("output.weight").t());
  return bias.defined() ? y + bias : y;
}

std::vector<AttentionConfig> optional_configs() {
  std::vector<AttentionConfig> all(9);
  for (AttentionConfig& config : all) config.heads = 4;
  all[0].key_bias = false;
  all[1].bias = false;
  all[1].output_bias = true;
  all[2].query_key_norm = "layer_norm";
  all[3].query_key_norm = "rms_norm";
  all[4].query_key_norm = "scale_norm";
  all[5].soft_cap = 0.7;
  all[6].window = 3;
  all[7].window = 1;
  all[8].window = 100;
  return all;
}

}  // namespace

TEST_CASE("every option of attention is its formula, on every path", "[layers][attention]") {
  for (const AttentionConfig& config : optional_configs()) {
    INFO(config.query_key_norm << ", cap " << config.soft_cap.value_or(0) << ", window " << config.window.value_or(0));
    for (const bool causal : {false, true}) {
      const auto attention = make_test_attention(config);
      const auto in_float = make_test_attention(config, at::kFloat);
      AttentionMask mask;
      mask.causal = causal;
      const Tensor x = normal({2, 7, d_model}, 3);
      const Tensor expected = options_by_hand(*attention, config, x, causal);
      CHECK_CLOSE(attention->forward({.query_BTD = x, .memory_BSD = x, .mask = mask}), expected,
                  tolerance::same_in_double);
      AttentionTrace trace;
      CHECK_CLOSE(attention->forward({.query_BTD = x, .memory_BSD = x, .mask = mask, .trace = &trace}), expected,
                  tolerance::same_in_double);
      const Tensor x_float = x.to(at::kFloat);
      CHECK_CLOSE(in_float->forward({.query_BTD = x_float, .memory_BSD = x_float, .mask = mask}).to(at::kDouble),
                  expected, 1e-5);
      if (!causal) continue;
      AttentionCache cache;
      std::vector<Tensor> pieces;
      for (const auto& [first, last] : {std::pair{0, 2}, std::pair{2, 3}, std::pair{3, 7}}) {
        const Tensor piece = x.slice(1, first, last);
        pieces.push_back(attention->forward({.query_BTD = piece, .memory_BSD = piece, .mask = mask, .cache = &cache}));
      }
      CHECK_CLOSE(at::cat(pieces, 1), expected, tolerance::same_in_double);
    }
  }
}

TEST_CASE("biases of single projections can be left out", "[layers][attention]") {
  AttentionConfig config{.heads = 4};
  config.key_bias = false;
  config.output_bias = false;
  const auto names = make_test_attention(config)->named_parameters();
  CHECK(names.contains("query.bias"));
  CHECK_FALSE(names.contains("key.bias"));
  CHECK(names.contains("value.bias"));
  CHECK_FALSE(names.contains("output.bias"));
}

TEST_CASE("a window hides keys on both sides", "[layers][mask]") {
  const Tensor mask = window_mask(2, 1, 2, 4, at::kCPU);
  const Tensor expected = at::tensor(std::vector<std::int64_t>{1, 1, 1, 0, 0, 1, 1, 1}, at::kLong).view({2, 4});
  CHECK(mask.to(at::kLong).equal(expected));
}
