// Shapes, masks and kinds that attention is tested in, the odd ones included.
#pragma once

#include "transformer/layers/attention.h"

#include <sstream>
#include <string>
#include <vector>

#include "tests/tensors.h"

namespace ablate::testing {

constexpr std::int64_t d_model = 12;

struct AttentionCase {
  std::string kind;
  std::optional<std::int64_t> d_k, d_v;
  std::int64_t batch, queries, keys;
  std::string mask;  // none, padding, causal, causal_padding, prefix, prefix_padding; hidden: a sentence without any
                     // visible key
  std::string text() const {
    std::ostringstream out;
    out << kind << ", d_k " << d_k.value_or(-1) << ", d_v " << d_v.value_or(-1) << ", B " << batch << ", T " << queries
        << ", S " << keys << ", mask " << mask;
    return out.str();
  }
  AttentionConfig config() const { return {.kind = kind, .heads = 4, .key_value_heads = 2, .d_k = d_k, .d_v = d_v}; }
};

inline std::vector<AttentionCase> attention_cases() {
  std::vector<AttentionCase> all;
  for (const char* kind : {"scaled_dot_product", "multi_query", "grouped_query"}) {
    for (const char* mask : {"none", "padding", "causal", "causal_padding", "prefix", "prefix_padding", "hidden"}) {
      all.push_back({kind, {}, {}, 3, 5, 5, mask});
      all.push_back({kind, {}, {}, 2, 3, 7, mask});    // T < S
      all.push_back({kind, {}, {}, 2, 7, 3, mask});    // T > S
      all.push_back({kind, 5, {}, 2, 4, 4, mask});     // d_k != d_v, and not a multiple of a vector's width
      all.push_back({kind, {}, 7, 1, 6, 6, mask});     // B = 1, d_v != d_k
      all.push_back({kind, 1, 2, 1, 1, 4, mask});      // one query
      all.push_back({kind, 16, 16, 2, 40, 37, mask});  // more than one block of a fused kernel
    }
  }
  return all;
}

/// Masks that hide different keys in different sentences.
inline AttentionMask make_mask(const AttentionCase& which) {
  AttentionMask mask;
  if (which.mask.ends_with("padding") || which.mask == "hidden") {
    mask.keys = at::ones({which.batch, 1, 1, which.keys}, at::kBool);
    for (std::int64_t sentence = 0; sentence < which.batch; ++sentence) {
      mask.keys[sentence].slice(-1, std::max<std::int64_t>(1, which.keys - 1 - sentence)).fill_(false);
    }
    if (which.mask == "hidden") mask.keys[which.batch - 1].fill_(false);
  }
  const bool has_prefix = which.mask.starts_with("prefix");
  mask.causal = which.mask.starts_with("causal") || has_prefix;
  // The last sentence is one prefix.
  if (has_prefix) mask.prefix = at::arange(1, which.batch + 1, at::kLong).mul(which.keys).floor_divide(which.batch);
  return mask;
}

inline std::shared_ptr<Attention> make_test_attention(const AttentionConfig& config, at::ScalarType dtype = at::kDouble,
                                                      std::uint64_t seed = 5) {
  ParameterFactory factory(at::kCPU, dtype);
  std::shared_ptr<Attention> attention = make_attention(config, d_model, {}, factory);
  randomize(*attention, seed);
  return attention;
}

/// The paper's formulas, head by head, from the module's own parameters.
inline Tensor attention_by_hand(Attention& attention, const AttentionConfig& config, const Tensor& query,
                                const Tensor& memory, const Tensor& allowed) {
  const auto parameters = attention.named_parameters();
  const auto project = [&](const char* name, const Tensor& x) {
    return at::matmul(x, parameters[std::string(name) + ".weight"].t()) + parameters[std::string(name) + ".bias"];
  };
  const std::int64_t d_k = config.key_width(d_model);
  const std::int64_t d_v = config.value_width(d_model);
  const Tensor q = project("query", query);
  const Tensor k = project("key", memory);
  const Tensor v = project("value", memory);
  const std::int64_t groups = k.size(-1) / d_k;
  std::vector<Tensor> heads;
  for (std::int64_t head = 0; head < config.heads; ++head) {
    const std::int64_t group = head * groups / config.heads;
    const Tensor scores = at::bmm(q.slice(-1, head * d_k, (head + 1) * d_k),
                                  k.slice(-1, group * d_k, (group + 1) * d_k).transpose(1, 2)) *
                          config.scale.value_or(1 / std::sqrt(static_cast<double>(d_k)));
    Tensor exponentials = (scores - scores.amax(-1, /*keepdim=*/true)).exp();
    if (allowed.defined()) exponentials = exponentials * allowed.squeeze(1).to(exponentials.dtype());
    const Tensor weights = exponentials / exponentials.sum(-1, true).clamp_min(1e-300);
    heads.push_back(at::bmm(weights, v.slice(-1, group * d_v, (group + 1) * d_v)));
  }
  return project("output", at::cat(heads, -1));
}

}  // namespace ablate::testing
