#include "transformer/kernels/linear_cross_entropy.h"

#include "transformer/core/shape.h"
#include "transformer/kernels/cross_entropy_chunk.h"

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <stdexcept>

namespace ablate {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Result {
  CrossEntropySums sums;
  Tensor hidden_gradient, weight_gradient, bias_gradient;  // undefined if not wanted
};

/// Tokens at a time: enough to use each weight often once it is in cache, few enough for their logits to stay near.
constexpr std::int64_t most_chunk_rows = 240;

void check_targets(const Tensor& target, std::int64_t vocabulary) {
  const std::int64_t* ids = target.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < target.numel(); ++i) {
    if (ids[i] < 0 || ids[i] >= vocabulary) {
      throw std::invalid_argument("cross-entropy: target " + std::to_string(ids[i]) + " at position " +
                                  std::to_string(i) + " is not in a vocabulary of " + std::to_string(vocabulary));
    }
  }
}

/// Everything for detached, contiguous float32 tensors.
Result fused(const Tensor& hidden, const Tensor& weight, const Tensor& bias, const Tensor& target, double eps,
             WantedGradients wanted) {
  const std::int64_t tokens = hidden.size(0), width = hidden.size(1), vocabulary = weight.size(0);
  check_targets(target, vocabulary);
  Result result;
  if (wanted.hidden) result.hidden_gradient = at::empty_like(hidden);

  std::vector<TokenLoss> results(static_cast<std::size_t>(tokens));
  const std::int64_t chunks = std::max<std::int64_t>(1, (tokens + most_chunk_rows - 1) / most_chunk_rows);
  const std::int64_t most_rows = (tokens + chunks - 1) / chunks;
  CrossEntropyChunks cross_entropy(weight, bias, eps, wanted, most_rows);
  for (std::int64_t first = 0; first < tokens; first += most_rows) {
    cross_entropy.run(hidden.const_data_ptr<float>() + first * width, std::min(most_rows, tokens - first),
                      target.const_data_ptr<std::int64_t>() + first, results.data() + first,
                      wanted.hidden ? result.hidden_gradient.mutable_data_ptr<float>() + first * width : nullptr);
  }
  if (wanted.weight) result.weight_gradient = tokens > 0 ? cross_entropy.weight_gradient() : at::zeros_like(weight);
  if (wanted.bias) result.bias_gradient = cross_entropy.bias_gradient();

  // In the order of the tokens, so that the sums do not depend on the number of threads.
  double loss = 0, nll = 0;
  std::int64_t correct = 0;
  for (const TokenLoss& token : results) {
    loss += token.loss;
    nll += token.nll;
    correct += token.correct;
  }
  result.sums = {at::full({}, loss, hidden.options()), at::full({}, nll, hidden.options()),
                 at::full({}, correct, hidden.options().dtype(at::kLong))};
  return result;
}

Tensor values(const Tensor& x) { return x.defined() ? x.detach().contiguous() : x; }

bool wants(const Tensor& x) { return at::GradMode::is_enabled() && x.defined() && x.requires_grad(); }

/// The gradient is linear in the scalar that arrives from above, so it is computed in the forward pass, while
/// the logits are in cache, and only scaled in the backward pass.
struct LinearCrossEntropy : torch::autograd::Function<LinearCrossEntropy> {
  static variable_list forward(AutogradContext* context, const Tensor& hidden, const Tensor& weight,
                               const std::optional<Tensor>& bias, const Tensor& target, double eps, bool wants_hidden,
                               bool wants_weight, bool wants_bias) {
    const Result result = fused(values(hidden), values(weight), bias ? values(*bias) : Tensor(), target, eps,
                                {.hidden = wants_hidden, .weight = wants_weight, .bias = wants_bias});
    context->save_for_backward({result.hidden_gradient, result.weight_gradient, result.bias_gradient});
    context->mark_non_differentiable({result.sums.nll, result.sums.correct});
    return {result.sums.loss, result.sums.nll, result.sums.correct};
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    if (at::GradMode::is_enabled()) {
      throw std::logic_error("linear_cross_entropy has no second derivative: use plain_linear_cross_entropy");
    }
    variable_list result(8);
    const variable_list saved = context->get_saved_variables();
    for (std::size_t i = 0; i < saved.size(); ++i) {
      if (saved[i].defined()) result[i] = saved[i] * gradients[0];
    }
    return result;
  }
};

void check_shapes(const Tensor& hidden, const Tensor& weight, const Tensor& bias, const Tensor& target) {
  check_shape(weight, {any, any}, "weight");
  check_shape(hidden, {any, weight.size(1)}, "hidden");
  check_shape(target, {hidden.size(0)}, "target");
  if (bias.defined()) check_shape(bias, {weight.size(0)}, "bias");
}

bool has_kernel(const Tensor& hidden, const Tensor& weight, const Tensor& bias) {
  const auto is_plain_float = [](const Tensor& x) { return x.device().is_cpu() && x.scalar_type() == at::kFloat; };
  const bool cast = hidden.device().is_cpu() && hidden.scalar_type() == at::kBFloat16;
  return (cast || is_plain_float(hidden)) && is_plain_float(weight) && (!bias.defined() || is_plain_float(bias));
}

}  // namespace

CrossEntropySums linear_cross_entropy(const Tensor& given_hidden, const Tensor& weight, const Tensor& bias,
                                      const Tensor& target, double eps_prime) {
  if (!has_kernel(given_hidden, weight, bias)) {
    return plain_linear_cross_entropy(given_hidden, weight, bias, target, eps_prime);
  }
  const Tensor hidden = given_hidden.to(at::kFloat);
  check_shapes(hidden, weight, bias, target);
  const Tensor ids = target.contiguous();
  const WantedGradients wanted{.hidden = wants(hidden), .weight = wants(weight), .bias = wants(bias)};
  if (!wanted.any()) return fused(values(hidden), values(weight), values(bias), ids, eps_prime, wanted).sums;
  const std::optional<Tensor> given_bias = bias.defined() ? std::optional(bias) : std::nullopt;
  const variable_list sums =
      LinearCrossEntropy::apply(hidden, weight, given_bias, ids, eps_prime, wanted.hidden, wanted.weight, wanted.bias);
  return {sums[0], sums[1], sums[2]};
}

CrossEntropySums plain_linear_cross_entropy(const Tensor& hidden, const Tensor& weight, const Tensor& bias,
                                            const Tensor& target, double eps_prime) {
  check_shapes(hidden, weight, bias, target);
  const Tensor logits = at::linear(hidden, weight, bias.defined() ? std::optional(bias) : std::nullopt);
  const Tensor log_p = at::log_softmax(logits.to(at::promote_types(logits.scalar_type(), at::kFloat)), 1);
  const Tensor nll = -log_p.gather(1, target.unsqueeze(1)).sum();
  Tensor loss = nll;
  if (eps_prime != 0) {
    loss = (1 - eps_prime) * nll - eps_prime / static_cast<double>(weight.size(0)) * log_p.sum();
  }
  return {loss, nll.detach(), (log_p.argmax(1) == target).sum()};
}

}  // namespace ablate
