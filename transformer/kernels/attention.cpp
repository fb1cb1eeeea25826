#include "transformer/kernels/attention.h"

#include "transformer/core/parallel.h"
#include "transformer/core/shape.h"
#include "transformer/kernels/attention_head.h"
#include "transformer/kernels/dropout_rows.h"

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <stdexcept>

namespace ablate {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Neighbours in a row are neighbours in memory.
Tensor with_dense_rows(const Tensor& x) {
  return x.stride(3) == 1 || x.size(3) <= 1 ? x.detach() : x.detach().contiguous();
}

Rows head_of(const Tensor& x, std::int64_t sentence, std::int64_t head) {
  return {x.const_data_ptr<float>() + sentence * x.stride(0) + head * x.stride(1), x.size(2), x.size(3), x.stride(2)};
}

/// A thread takes the heads of a sentence together, because they share its rows; where sentences are few, one by one.
std::int64_t heads_taken(std::int64_t sentences, std::int64_t groups) { return sentences >= 16 ? groups : 1; }

/// Rows of a head are short pieces of long rows, which the processor does not foresee.
void fetch(const Rows& rows) {
  constexpr std::int64_t most_rows = 64;  // longer heads keep it busy in the meantime
  for (std::int64_t row = 0; row < std::min(rows.count, most_rows); ++row) {
    prefetch_floats(rows.at(row), rows.width);
  }
}

/// run(work, sentence, group) for each, while the rows of `inputs` that the next one reads come from memory.
template <class Run>
void for_each_group(const AttentionHead& start, std::int64_t sentences, std::int64_t groups,
                    const std::vector<Tensor>& inputs, const Run& run) {
  const std::int64_t together = heads_taken(sentences, groups);
  share_units(sentences * groups / together, [&](SharedUnits& units) {
    AttentionHead work = start;
    for (std::int64_t unit; (unit = units.take()) >= 0;) {
      for (std::int64_t i = unit * together; i < (unit + 1) * together; ++i) {
        if (const std::int64_t next = i + 1; next < sentences * groups) {
          for (const Tensor& x : inputs) fetch(head_of(x, next / groups, next % groups * (x.size(1) / groups)));
        }
        run(work, i / groups, i % groups);
      }
    }
  });
}

/// (B, H, T, W) in the layout (B, T, H, W), which the projection that follows reads as rows.
Tensor empty_heads(const Tensor& like, std::int64_t width) {
  return at::empty({like.size(0), like.size(2), like.size(1), width}, like.options()).transpose(1, 2);
}

float* mutable_head(const Tensor& x, std::int64_t sentence, std::int64_t head) {
  return x.mutable_data_ptr<float>() + sentence * x.stride(0) + head * x.stride(1);
}

/// What all heads share, made once for a batch.
class Rules {
 public:
  Rules(const Tensor& hide, const Tensor& bias, const Tensor& prefix, bool causal, std::int64_t first, double scale,
        double dropout, std::uint64_t key, const Tensor& q)
      : hide_(hide), bias_(bias), prefix_(prefix), heads_(q.size(1)), queries_(q.size(2)), threshold_(dropout) {
    rules_ = {.hide = nullptr,
              .bias = nullptr,
              .causal = causal,
              .first = first,
              .prefix = 0,
              .scale = static_cast<float>(scale),
              .drop = threshold_.drop,
              .keep_scale = static_cast<float>(threshold_.scale()),
              .key = key,
              .tile = 0};
  }

  ScoreRules of(std::int64_t sentence, std::int64_t head, std::int64_t keys) const {
    ScoreRules rules = rules_;
    if (hide_.defined()) rules.hide = hide_.const_data_ptr<float>() + sentence * hide_.size(1);
    if (bias_.defined()) {
      rules.bias = bias_.const_data_ptr<float>() + (bias_.size(0) > 1 ? head : 0) * bias_.stride(0);
    }
    if (prefix_.defined()) rules.prefix = prefix_.const_data_ptr<std::int64_t>()[sentence];
    rules.tile = static_cast<std::uint64_t>((sentence * heads_ + head) * queries_ * ScoreRules::tiles(keys));
    return rules;
  }

 private:
  Tensor hide_, bias_, prefix_;
  std::int64_t heads_, queries_;
  DropoutThreshold threshold_;
  ScoreRules rules_;
};

/// (B, S up to the end of its last panel): 0 for a key that may be looked at, -inf for one that may not.
Tensor additive_mask(const Tensor& keys_B11S) {
  if (!keys_B11S.defined()) return {};
  const std::int64_t keys = keys_B11S.size(3), batch = keys_B11S.size(0);
  Tensor hide = at::zeros({batch, panels_of(keys) * panel_width}, at::kFloat);
  hide.narrow(1, 0, keys)
      .masked_fill_(keys_B11S.view({batch, keys}).logical_not(), -std::numeric_limits<double>::infinity());
  return hide;
}

struct FusedAttention : torch::autograd::Function<FusedAttention> {
  static Tensor forward(AutogradContext* context, const Tensor& given_q, const Tensor& given_k, const Tensor& given_v,
                        const std::optional<Tensor>& hide, const std::optional<Tensor>& bias,
                        const std::optional<Tensor>& prefix, bool causal, std::int64_t first, double scale,
                        double dropout, std::int64_t key) {
    const Tensor q = with_dense_rows(given_q), k = with_dense_rows(given_k), v = with_dense_rows(given_v);
    const std::int64_t heads = q.size(1), groups = k.size(1), keys = k.size(2), repeat = heads / groups;
    const Tensor output = empty_heads(q, v.size(3));
    const Tensor log_normalizer = at::empty({q.size(0), heads, q.size(2)}, q.options());
    float* const log_normalizers = log_normalizer.mutable_data_ptr<float>();
    const Rules rules(hide.value_or(Tensor()), bias.value_or(Tensor()), prefix.value_or(Tensor()), causal, first, scale,
                      dropout, static_cast<std::uint64_t>(key), q);
    const auto run = [&](AttentionHead& work, std::int64_t sentence, std::int64_t group) {
      work.set_memory(head_of(k, sentence, group), head_of(v, sentence, group));
      for (std::int64_t head = group * repeat; head < (group + 1) * repeat; ++head) {
        work.forward(head_of(q, sentence, head), rules.of(sentence, head, keys), mutable_head(output, sentence, head),
                     output.stride(2), log_normalizers + (sentence * heads + head) * q.size(2));
      }
    };
    for_each_group({keys, k.size(3), v.size(3), /*backward=*/false}, q.size(0), groups, {q, k, v}, run);
    context->save_for_backward(
        {q, k, v, output, log_normalizer, hide.value_or(Tensor()), bias.value_or(Tensor()), prefix.value_or(Tensor())});
    context->saved_data["causal"] = causal;
    context->saved_data["first"] = first;
    context->saved_data["scale"] = scale;
    context->saved_data["dropout"] = dropout;
    context->saved_data["key"] = key;
    return output;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    if (at::GradMode::is_enabled()) {
      throw std::logic_error("fused_attention has no second derivative: ask for the weights, as a trace does");
    }
    const variable_list saved = context->get_saved_variables();
    const Tensor &q = saved[0], &k = saved[1], &v = saved[2], &output = saved[3], &log_normalizer = saved[4];
    const Tensor upstream = with_dense_rows(gradients[0]);
    const std::int64_t heads = q.size(1), groups = k.size(1), keys = k.size(2), repeat = heads / groups;
    const Tensor q_gradient = empty_heads(q, q.size(3)), k_gradient = empty_heads(k, k.size(3)),
                 v_gradient = empty_heads(v, v.size(3));
    const float* const log_normalizers = log_normalizer.const_data_ptr<float>();
    const auto& data = context->saved_data;
    const Rules rules(saved[5], saved[6], saved[7], data.at("causal").toBool(), data.at("first").toInt(),
                      data.at("scale").toDouble(), data.at("dropout").toDouble(),
                      static_cast<std::uint64_t>(data.at("key").toInt()), q);
    const auto run = [&](AttentionHead& work, std::int64_t sentence, std::int64_t group) {
      work.set_memory(head_of(k, sentence, group), head_of(v, sentence, group));
      for (std::int64_t head = group * repeat; head < (group + 1) * repeat; ++head) {
        work.backward(head_of(q, sentence, head), head_of(output, sentence, head), head_of(upstream, sentence, head),
                      rules.of(sentence, head, keys), log_normalizers + (sentence * heads + head) * q.size(2),
                      mutable_head(q_gradient, sentence, head), q_gradient.stride(2));
      }
      work.take_gradients(mutable_head(k_gradient, sentence, group), k_gradient.stride(2),
                          mutable_head(v_gradient, sentence, group), v_gradient.stride(2));
    };
    for_each_group({keys, k.size(3), v.size(3), /*backward=*/true}, q.size(0), groups, {q, k, v, output, upstream},
                   run);
    variable_list result(11);
    result[0] = q_gradient;
    result[1] = k_gradient;
    result[2] = v_gradient;
    return result;
  }
};

void check(const Tensor& q, const Tensor& k, const Tensor& v, const FusedAttentionOptions& options) {
  check_shape(q, {any, any, any, any}, "q");
  check_shape(k, {q.size(0), any, any, q.size(3)}, "k");
  check_shape(v, {q.size(0), k.size(1), k.size(2), any}, "v");
  if (k.size(1) == 0 || q.size(1) % k.size(1) != 0) {
    throw std::invalid_argument("fused_attention: " + std::to_string(k.size(1)) + " heads of keys do not divide " +
                                std::to_string(q.size(1)) + " heads of queries");
  }
  if (options.keys.defined()) check_shape(options.keys, {q.size(0), 1, 1, k.size(2)}, "keys");
  if (options.bias.defined()) {
    check_shape(options.bias, {options.bias.size(0) == 1 ? 1 : q.size(1), q.size(2), k.size(2)}, "bias");
  }
  if (options.prefix.defined()) {
    check_shape(options.prefix, {q.size(0)}, "prefix");
    if (!options.causal) throw std::invalid_argument("fused_attention: a prefix is of a causal mask");
  }
  if (!(options.scale > 0)) throw std::invalid_argument("fused_attention: the scale must be positive");
}

}  // namespace

bool has_fused_attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& bias) {
  const auto fits = [](const Tensor& x) { return x.device().is_cpu() && x.scalar_type() == at::kFloat; };
  return fits(q) && fits(k) && fits(v) && (!bias.defined() || (fits(bias) && !bias.requires_grad()));
}

Tensor fused_attention(const Tensor& q, const Tensor& k, const Tensor& v, const FusedAttentionOptions& options) {
  check(q, k, v, options);
  const auto given = [](const Tensor& x) { return x.defined() ? std::optional(x) : std::nullopt; };
  const Tensor hide = additive_mask(options.keys);
  const Tensor bias = options.bias.defined() ? options.bias.detach().contiguous() : Tensor();
  const Tensor prefix = options.prefix.defined() ? options.prefix.contiguous() : Tensor();
  const std::uint64_t key = dropout_key_for(options.dropout);
  return FusedAttention::apply(q, k, v, given(hide), given(bias), given(prefix), options.causal, options.first,
                               options.scale, options.dropout, static_cast<std::int64_t>(key));
}

}  // namespace ablate
