#include "transformer/kernels/linear.h"

#include "transformer/core/shape.h"
#include "transformer/kernels/bf16.h"
#include "transformer/kernels/linear_maps.h"
#include "transformer/kernels/matrix_product.h"

#include <torch/csrc/autograd/custom_function.h>

#include <stdexcept>

namespace ablate {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Of all maps of one input. Every map has its weight in `parameters`, and behind it its bias where `biased` says so.
struct LinearMaps : torch::autograd::Function<LinearMaps> {
  static variable_list forward(AutogradContext* context, const Tensor& x, at::TensorList parameters,
                               const std::vector<std::int64_t>& biased) {
    const Tensor input = x.detach().contiguous();
    variable_list saved{input}, biases;
    for (std::size_t map = 0, i = 0; map < biased.size(); ++map) {
      saved.push_back(parameters[i++].detach().contiguous());
      biases.push_back(biased[map] != 0 ? parameters[i++].detach().contiguous() : Tensor());
    }
    const variable_list outputs = multiply_forward(input, {saved.begin() + 1, saved.end()}, biases, {});
    // An output that nobody uses has no gradient, and its weight none either.
    context->set_materialize_grads(false);
    context->save_for_backward(saved);
    context->saved_data["biased"] = biased;
    return outputs;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    if (at::GradMode::is_enabled()) throw std::logic_error("linear has no second derivative: use plain_linear");
    const WithoutAutocast in_32_bits;
    const variable_list saved = context->get_saved_variables();
    const Tensor& input = saved[0];
    const std::vector<std::int64_t> biased = context->saved_data["biased"].toIntVector();
    variable_list result(1);
    std::vector<MapGradient> maps;
    std::vector<std::size_t> bias_places;
    for (std::size_t map = 0; map < gradients.size(); ++map) {
      const std::size_t weight_place = result.size();
      result.resize(weight_place + (biased[map] != 0 ? 2 : 1));
      if (!gradients[map].defined()) continue;
      const bool with_bias = biased[map] != 0 && context->needs_input_grad(weight_place + 1);
      maps.push_back({gradients[map].contiguous(), saved[map + 1], with_bias});
      bias_places.push_back(weight_place + 1);
      if (context->needs_input_grad(weight_place)) {
        // In the weight's own layout: the engine would copy the transpose that autograd's own formula gives.
        result[weight_place] = multiply_transposed(maps.back().upstream, input);
      }
    }
    result[0] = multiply_backward(maps, context->needs_input_grad(0), {});
    for (std::size_t map = 0; map < maps.size(); ++map) {
      if (maps[map].with_bias) result[bias_places[map]] = maps[map].bias_gradient;
    }
    result.emplace_back();  // biased
    return result;
  }
};

std::vector<Tensor> emulated_bf16_linear(const Tensor& x, const std::vector<LinearMap>& maps) {
  const WithoutAutocast in_32_bits;
  std::vector<LinearMap> rounded;
  for (const LinearMap& map : maps) {
    rounded.push_back({rounded_to_bf16(map.weight), map.bias.defined() ? rounded_to_bf16(map.bias) : Tensor()});
  }
  const Tensor rounded_x = rounded_to_bf16(x);
  std::vector<Tensor> outputs =
      at::GradMode::is_enabled() ? linear(rounded_x, rounded) : plain_linear(rounded_x, rounded);
  for (Tensor& y : outputs) y = y.to(at::kBFloat16);
  return outputs;
}

/// With more rows than this a product is as fast with the weight as it stands.
constexpr std::int64_t few_rows = 512;

/// What decoding asks for at every step; undefined where the weight is not kept packed.
Tensor try_packed_linear(const Tensor& x, const LinearMap& map) {
  if (x.scalar_type() != at::kFloat || x.dim() == 0 || x.numel() > few_rows * x.size(-1)) return {};
  const PackedWeight* const weight = KeepPackedWeights::find(map.weight);
  if (weight == nullptr || weight->in() != x.size(-1)) return {};
  std::vector<std::int64_t> shape = x.sizes().vec();
  shape.back() = weight->out();
  return packed_linear(x.reshape({-1, x.size(-1)}).contiguous(), *weight, map.bias).view(shape);
}

}  // namespace

std::vector<Tensor> plain_linear(const Tensor& x, const std::vector<LinearMap>& maps) {
  std::vector<Tensor> outputs;
  for (const LinearMap& map : maps) outputs.push_back(at::linear(x, map.weight, map.bias));
  return outputs;
}

std::vector<Tensor> linear(const Tensor& x, const std::vector<LinearMap>& maps) {
  if (emulates_bf16(x.device())) return emulated_bf16_linear(x, maps);
  const at::DeviceType device = x.device().type();
  if (device == at::kMeta || asks_for_autocast(device)) return plain_linear(x, maps);
  if (!at::GradMode::is_enabled()) {
    std::vector<Tensor> outputs;
    for (const LinearMap& map : maps) {
      const Tensor y = try_packed_linear(x, map);
      outputs.push_back(y.defined() ? y : at::linear(x, map.weight, map.bias));
    }
    return outputs;
  }
  std::vector<Tensor> parameters;
  std::vector<std::int64_t> biased;
  for (const LinearMap& map : maps) {
    check_shape(map.weight, {any, x.size(-1)}, "weight");
    if (map.bias.defined()) check_shape(map.bias, {map.weight.size(0)}, "bias");
    parameters.push_back(map.weight);
    biased.push_back(map.bias.defined());
    if (map.bias.defined()) parameters.push_back(map.bias);
  }
  std::vector<Tensor> outputs = LinearMaps::apply(x.reshape({-1, x.size(-1)}), at::TensorList(parameters), biased);
  std::vector<std::int64_t> shape = x.sizes().vec();
  for (Tensor& y : outputs) {
    shape.back() = y.size(1);
    y = y.view(shape);
  }
  return outputs;
}

Tensor linear(const Tensor& x, const LinearMap& map) { return linear(x, std::vector<LinearMap>{map}).front(); }

}  // namespace ablate
