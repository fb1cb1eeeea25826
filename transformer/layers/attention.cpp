// Shapes: B batch, T queries, S keys, D model width, H query heads, G key-value heads, K width of a head's queries and
// keys, V width of its values.
#include "transformer/layers/attention.h"

#include "transformer/core/shape.h"
#include "transformer/kernels/attention.h"
#include "transformer/kernels/bf16.h"
#include "transformer/layers/dropout.h"

#include <ATen/autocast_mode.h>

#include <cmath>
#include <limits>
#include <stdexcept>

namespace ablate {

PlainAttention plain_attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& allowed,
                               const Tensor& bias, double scale, double dropout_rate, bool training,
                               std::optional<double> soft_cap, const Tensor& more) {
  Tensor scores = at::matmul(q, k.transpose(-2, -1));  // (B, H, T, S)
  scores = (more.defined() ? scores + more : scores).mul(scale);
  if (soft_cap) scores = at::tanh(scores / *soft_cap) * *soft_cap;
  if (bias.defined()) scores = scores + bias;
  if (allowed.defined()) scores = scores.masked_fill(allowed.logical_not(), -std::numeric_limits<double>::infinity());
  Tensor weights = at::softmax(scores, -1);
  if (allowed.defined()) {
    // Without any allowed key softmax gives 0 / 0; the gradient of `where` keeps that NaN out of the way back.
    weights = at::where(allowed.any(-1, /*keepdim=*/true), weights, at::zeros({}, weights.options()));
  }
  const Tensor kept = apply_dropout(weights, dropout_rate, training);
  return {at::matmul(kept, v), weights, kept};
}

namespace {

enum class KeyValueHeads { as_many, one, grouped };

template <KeyValueHeads sharing>
class ScaledDotProduct final : public Attention {
 public:
  ScaledDotProduct(const AttentionConfig& config, std::int64_t d_model, const AttentionInitialization& init,
                   ParameterFactory& factory)
      : heads_(config.heads),
        groups_(sharing == KeyValueHeads::as_many ? config.heads
                : sharing == KeyValueHeads::one   ? 1
                                                  : config.key_value_heads),
        d_k_(config.key_width(d_model)),
        d_v_(config.value_width(d_model)),
        scale_(config.scale.value_or(1.0 / std::sqrt(static_cast<double>(d_k_)))),
        dropout_(config.dropout),
        soft_cap_(config.soft_cap),
        window_(config.window) {
    const auto project = [&](const char* name, std::int64_t width, const std::optional<bool>& bias,
                             const WeightInitialization& start) {
      return register_module(name,
                             std::make_shared<Linear>(d_model, width, bias.value_or(config.bias), start, factory));
    };
    query_ = project("query", heads_ * d_k_, config.query_bias, init.query);
    key_ = project("key", groups_ * d_k_, config.key_bias, init.key_value);
    value_ = project("value", groups_ * d_v_, config.value_bias, init.key_value);
    output_ = register_module(
        "output", std::make_shared<Linear>(heads_ * d_v_, d_model, config.has_output_bias(), init.output, factory));
    if (config.query_key_norm == "none") return;
    NormConfig norm;
    norm.kind = config.query_key_norm;
    norm.eps = config.query_key_norm_eps;
    query_norm_ = register_module("query_norm", make_norm(norm, d_k_, factory));
    key_norm_ = register_module("key_norm", make_norm(norm, d_k_, factory));
  }

  bool reads_history() const override { return !query_norm_ && !soft_cap_; }

  Tensor forward(const AttentionInput& in) override {
    if (in.history != nullptr) return output_->forward(attend_step(in).unsqueeze(1));
    const bool self = in.query_BTD.is_same(in.memory_BSD);
    const std::int64_t first = in.cache != nullptr && self ? in.cache->length() : 0;
    const auto [q_BHTK, k_BGSK, v_BGSV] = project(in, first);
    const Tensor output_BHTV = attend(in, q_BHTK, k_BGSK, v_BGSV, first);
    return output_->forward(output_BHTV.transpose(1, 2).reshape({in.query_BTD.size(0), in.query_BTD.size(1), -1}));
  }

 private:
  static Tensor split_heads(const Tensor& x, std::int64_t heads, std::int64_t width) {
    return x.view({x.size(0), x.size(1), heads, width}).transpose(1, 2);  // (B, T, H * W) -> (B, H, T, W)
  }

  /// (rows, 1, heads * W) turned by their position -> (rows, heads * W).
  Tensor turn(const AttentionInput& in, const Tensor& x, std::int64_t heads) const {
    if (in.position == nullptr) return x.squeeze(1);
    return in.position->rotate(split_heads(x, heads, d_k_), in.history->steps() - 1).reshape({x.size(0), -1});
  }

  /// One query per row: nothing is copied but the new keys and values into the list of steps.
  Tensor attend_step(const AttentionInput& in) {
    if (in.trace != nullptr || (is_training() && dropout_ > 0) || at::GradMode::is_enabled()) {
      throw std::logic_error("a step with a RowHistory has no trace, no dropout and no gradient");
    }
    StepMemory& memory = in.cache->steps;
    const bool self = in.query_BTD.is_same(in.memory_BSD);
    std::vector<Tensor> y;
    if (self) {
      y = linear(in.query_BTD, {query_->map(), key_->map(), value_->map()});
      memory.keys.push_back(turn(in, y[1], groups_));
      memory.values.push_back(y[2].squeeze(1));
    } else {
      y = {query_->forward(in.query_BTD)};
      if (!in.cache_is_complete) {
        memory.source_keys = key_->forward(in.memory_BSD);
        memory.source_values = value_->forward(in.memory_BSD);
      }
    }
    const auto steps = static_cast<std::int64_t>(memory.keys.size());
    Tensor bias;
    if (in.position != nullptr) bias = in.position->bias(steps - 1, 1, steps);
    if (self) bias = with_window(bias, keys_in_window(steps - 1, 1, steps, y[0].device()), y[0].options());
    return step_attention(self ? turn(in, y[0], heads_) : y[0].squeeze(1), memory, *in.history,
                          {.heads = heads_,
                           .groups = groups_,
                           .scale = scale_,
                           .bias = bias.defined() ? bias.select(1, 0).contiguous() : bias,
                           .visible = self || !in.mask.keys.defined() ? Tensor() : in.mask.keys.contiguous()});
  }

  struct Projections {
    Tensor q_BHTK, k_BGSK, v_BGSV;
  };

  /// Queries, and the keys and values of the cache and of this call together.
  Projections project(const AttentionInput& in, std::int64_t first) {
    Projections out;
    const bool from_cache = in.cache != nullptr && in.cache_is_complete;
    // What reads one input is one step: its gradient is then summed in place.
    std::vector<Tensor> y;
    if (from_cache) {
      y = {query_->forward(in.query_BTD)};
    } else if (in.query_BTD.is_same(in.memory_BSD)) {
      y = linear(in.query_BTD, {query_->map(), key_->map(), value_->map()});
    } else {
      y = linear(in.memory_BSD, {key_->map(), value_->map()});
      y.insert(y.begin(), query_->forward(in.query_BTD));
    }
    out.q_BHTK = split_heads(y[0], heads_, d_k_);
    // A norm computes in its gain's precision; what follows is in that of the projections.
    if (query_norm_) out.q_BHTK = query_norm_->forward(out.q_BHTK).to(y[0].scalar_type());
    if (in.position != nullptr) out.q_BHTK = in.position->rotate(out.q_BHTK, first);
    if (from_cache) {
      out.k_BGSK = in.cache->key_BGSK;
      out.v_BGSV = in.cache->value_BGSV;
      return out;
    }
    out.k_BGSK = split_heads(y[1], groups_, d_k_);
    out.v_BGSV = split_heads(y[2], groups_, d_v_);
    if (key_norm_) out.k_BGSK = key_norm_->forward(out.k_BGSK).to(y[1].scalar_type());
    if (in.position != nullptr) out.k_BGSK = in.position->rotate(out.k_BGSK, first);
    if (in.cache == nullptr) return out;
    if (in.cache->length() > 0) {
      out.k_BGSK = at::cat({in.cache->key_BGSK, out.k_BGSK}, 2);
      out.v_BGSV = at::cat({in.cache->value_BGSV, out.v_BGSV}, 2);
    }
    in.cache->key_BGSK = out.k_BGSK;
    in.cache->value_BGSV = out.v_BGSV;
    return out;
  }

  /// True for the keys in the window of each query, (T, S); undefined where all are.
  Tensor keys_in_window(std::int64_t first, std::int64_t queries, std::int64_t keys, at::Device device) const {
    if (!window_ || std::max(first + queries, keys) <= *window_) return {};
    return window_mask(*window_, first, queries, keys, device);
  }

  /// -inf, added to the scores of keys that are out of the window: (1 or H, T, S).
  static Tensor with_window(const Tensor& bias, const Tensor& near, const at::TensorOptions& options) {
    if (!near.defined()) return bias;
    const Tensor hidden = at::zeros(near.sizes(), options)
                              .masked_fill_(near.logical_not(), -std::numeric_limits<double>::infinity())
                              .unsqueeze(0);
    return bias.defined() ? bias + hidden : hidden;
  }

  static Tensor both(const Tensor& a, const Tensor& b) {
    return !a.defined() ? b : !b.defined() ? a : a.logical_and(b);
  }

  /// The formula itself, for who asks for its weights or has no kernel.
  Tensor attend_plainly(const AttentionInput& in, const Tensor& q_BHTK, const Tensor& k_BGSK, const Tensor& v_BGSV,
                        const Tensor& allowed, const Tensor& bias, std::int64_t first) const {
    if (emulates_bf16(q_BHTK.device())) {
      const WithoutAutocast in_32_bits;
      const Tensor q = q_BHTK.to(at::kFloat), k = k_BGSK.to(at::kFloat), v = v_BGSV.to(at::kFloat);
      return attend_plainly(in, q, k, v, allowed, bias, first).to(q_BHTK.scalar_type());
    }
    const std::int64_t repeat = heads_ / groups_;
    const Tensor k_BHSK = k_BGSK.repeat_interleave(repeat, 1), v_BHSV = v_BGSV.repeat_interleave(repeat, 1);
    const Tensor more = in.position != nullptr ? in.position->scores(q_BHTK, k_BHSK, first) : Tensor();
    const PlainAttention plain =
        plain_attention(q_BHTK, k_BHSK, v_BHSV, allowed, bias, scale_, dropout_, is_training(), soft_cap_, more);
    if (in.trace != nullptr) in.trace->weights_BHTS.emplace_back(in.trace->prefix, plain.weights.detach());
    const Tensor beside = in.position != nullptr ? in.position->values(plain.kept, first) : Tensor();
    return beside.defined() ? plain.output + beside : plain.output;
  }

  Tensor attend(const AttentionInput& in, const Tensor& q_BHTK, const Tensor& k_BGSK, const Tensor& v_BGSV,
                std::int64_t first) {
    const std::int64_t queries = q_BHTK.size(2);
    const std::int64_t keys = k_BGSK.size(2);
    const Tensor bias = in.position != nullptr ? in.position->bias(first, queries, keys) : Tensor();
    const bool self = in.query_BTD.is_same(in.memory_BSD);
    const Tensor near = self ? keys_in_window(first, queries, keys, q_BHTK.device()) : Tensor();
    // No kernel gives the bias its gradient, none bends the scores, and none shows them the queries.
    const bool reads_queries = in.position != nullptr && in.position->reads_queries();
    if (in.trace != nullptr || soft_cap_ || reads_queries || (bias.defined() && bias.requires_grad())) {
      const Tensor allowed = both(explicit_mask(in.mask, first, queries, keys, q_BHTK.device()), near);
      return attend_plainly(in, q_BHTK, k_BGSK, v_BGSV, allowed, bias, first);
    }
    const bool emulates = emulates_bf16(q_BHTK.device());
    const Tensor near_bias = with_window(bias, near, emulates ? q_BHTK.options().dtype(at::kFloat) : q_BHTK.options());
    const double dropout = is_training() ? dropout_ : 0.0;
    const FusedAttentionOptions options{.keys = in.mask.keys,
                                        .bias = near_bias,
                                        .prefix = in.mask.prefix,
                                        .causal = in.mask.causal,
                                        .first = first,
                                        .scale = scale_,
                                        .dropout = dropout};
    if (emulates) {
      const Tensor q = q_BHTK.to(at::kFloat), k = k_BGSK.to(at::kFloat), v = v_BGSV.to(at::kFloat);
      if (has_fused_attention(q, k, v, near_bias)) return fused_attention(q, k, v, options).to(q_BHTK.scalar_type());
    }
    if (queries > 1 && !at::autocast::is_autocast_enabled(at::kCPU) &&
        has_fused_attention(q_BHTK, k_BGSK, v_BGSV, near_bias)) {
      return fused_attention(q_BHTK, k_BGSK, v_BGSV, options);
    }
    // LibTorch's kernel knows causality by itself only for queries and keys that start together and nothing else.
    const bool causal_alone = in.mask.causal && !in.mask.keys.defined() && !in.mask.prefix.defined() &&
                              !near_bias.defined() && first == 0 && queries > 1;
    Tensor mask = causal_alone ? Tensor() : both(explicit_mask(in.mask, first, queries, keys, q_BHTK.device()), near);
    if (bias.defined()) {
      const Tensor bias_1HTS = bias.unsqueeze(0).to(q_BHTK.scalar_type());
      mask = mask.defined() ? bias_1HTS.masked_fill(mask.logical_not(), -std::numeric_limits<double>::infinity())
                            : bias_1HTS;
    }
    return at::scaled_dot_product_attention(q_BHTK, k_BGSK, v_BGSV,
                                            mask.defined() ? std::optional<Tensor>(mask) : std::nullopt, dropout,
                                            causal_alone, scale_, /*enable_gqa=*/heads_ != groups_);
  }

  std::int64_t heads_, groups_, d_k_, d_v_;
  double scale_, dropout_;
  std::optional<double> soft_cap_;
  std::optional<std::int64_t> window_;
  std::shared_ptr<Linear> query_, key_, value_, output_;
  std::shared_ptr<Norm> query_norm_, key_norm_;
};

template <class Kind>
std::shared_ptr<Attention> make(const AttentionConfig& config, std::int64_t d_model,
                                const AttentionInitialization& init, ParameterFactory& factory) {
  return std::make_shared<Kind>(config, d_model, init, factory);
}

constexpr config::Variant<MakeAttention> attention_rows[] = {
    {{"scaled_dot_product", "softmax(Q K^T / sqrt(d_k)) V with keys and values for every head",
      "Vaswani et al. 2017, section 3.2", ""},
     make<ScaledDotProduct<KeyValueHeads::as_many>>},
    {{"multi_query", "the same with one head of keys and values shared by all queries", "Shazeer 2019, section 3", ""},
     make<ScaledDotProduct<KeyValueHeads::one>>},
    {{"grouped_query", "the same with key_value_heads heads of keys and values", "Ainslie et al. 2023, section 2.2",
      "key_value_heads"},
     make<ScaledDotProduct<KeyValueHeads::grouped>>},
};
constexpr config::VariantTable<MakeAttention> attentions{"attention", attention_rows};

struct QueryKeyNorm {};
constexpr config::Variant<QueryKeyNorm> query_key_norm_rows[] = {
    {{"none", "queries and keys as they are", "", ""}, {}},
    {{"layer_norm", "LayerNorm over a head's width, one gain and bias for all heads", "", ""}, {}},
    {{"rms_norm", "RMSNorm over a head's width, one gain for all heads", "Dehghani et al. 2023, section 2", ""}, {}},
    {{"scale_norm",
      "vectors of one learned length, one for queries and one for keys; the scale of the scores stays, which in the "
      "paper the learned length replaces",
      "after Henry et al. 2020", ""},
     {}},
};
constexpr config::VariantTable<QueryKeyNorm> query_key_norms{"query_key_norm", query_key_norm_rows};

}  // namespace

void AttentionConfig::describe(config::Fields& f) {
  f.variant(kind, attentions.choices(), "how queries meet keys and values");
  f.field("heads", heads, "h, number of query heads", config::width);
  f.field("key_value_heads", key_value_heads, "heads of keys and values; divides heads", config::width);
  f.field("d_k", d_k, "width of a head's queries and keys; null: d_model / heads", config::width);
  f.field("d_v", d_v, "width of a head's values; null: d_model / heads", config::width);
  f.field("scale", scale, "factor on the scores; null: 1 / sqrt(d_k)", config::positive);
  f.field("bias", bias, "biases on the four projections, but for those that say otherwise");
  f.field("query_bias", query_bias, "a bias on that of the queries; null: as bias says");
  f.field("key_bias", key_bias, "a bias on that of the keys; null: as bias says");
  f.field("value_bias", value_bias, "a bias on that of the values; null: as bias says");
  f.field("output_bias", output_bias, "a bias on that of the concatenated heads; null: as bias says");
  f.choice("query_key_norm", query_key_norm, query_key_norms.choices(),
           "normalises every head's queries and keys before positions turn them");
  f.only_if(query_key_norm != "none", "has no effect with query_key_norm 'none'", "query_key_norm")
      .field("query_key_norm_eps", query_key_norm_eps, "its eps", config::positive);
  f.field("soft_cap", soft_cap, "c of c tanh(score / c); null: scores are as they are", config::positive);
  f.field("window", window, "self-attention: keys less than so many positions from the query; null: all of them",
          config::at_least_one);
  f.field("dropout", dropout, "dropout on the attention weights", config::probability);
  f.check(kind != "grouped_query" || heads % key_value_heads == 0, "key_value_heads",
          "must divide heads: " + std::to_string(key_value_heads) + " does not divide " + std::to_string(heads));
}

const config::VariantTable<MakeAttention>& attention_table() { return attentions; }

std::shared_ptr<Attention> make_attention(const AttentionConfig& config, std::int64_t d_model,
                                          const AttentionInitialization& init, ParameterFactory& factory) {
  return attentions.at(config.kind)(config, d_model, init, factory);
}

}  // namespace ablate
