#include "transformer/kernels/activated_linear.h"

#include "transformer/core/shape.h"
#include "transformer/kernels/bf16.h"
#include "transformer/kernels/dropout_rows.h"
#include "transformer/kernels/linear_maps.h"
#include "transformer/kernels/matrix_product.h"

#include <torch/csrc/autograd/custom_function.h>

#include <stdexcept>

namespace ablate {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Activated {
  RowActivation kind;
  bool gated, biased[2];
  double rate;
  std::uint64_t key;
  std::size_t maps() const { return gated ? 2 : 1; }
  /// relu(z) tells where z > 0, and with dropout where it was kept: z itself need not be stored.
  bool keeps_output_alone() const { return kind == RowActivation::relu && !gated; }
};

/// to = factors * act(z) * inner; factors or inner may be null, `to` may be z.
template <class Act>
void activate_row(const float* z, const float* inner, const float* factors, std::int64_t width, float* to) {
  for_each_vector(width, [&](std::int64_t j, int count) {
    Floats y = Act::at(load_part(z + j, count)).value;
    if (inner != nullptr) y *= load_part(inner + j, count);
    if (factors != nullptr) y *= load_part(factors + j, count);
    store_part(to + j, y, count);
  });
}

/// The gradients of z and inner.
template <class Act>
void differentiate_row(const float* upstream, const float* z, const float* inner, const float* factors,
                       std::int64_t width, float* z_gradient, float* inner_gradient) {
  for_each_vector(width, [&](std::int64_t j, int count) {
    Floats d = load_part(upstream + j, count);
    if (factors != nullptr) d *= load_part(factors + j, count);
    const ValueAndSlope act = Act::at(load_part(z + j, count));
    if (inner != nullptr) {
      store_part(inner_gradient + j, d * act.value, count);
      d *= load_part(inner + j, count);
    }
    store_part(z_gradient + j, d * act.slope, count);
  });
}

/// Of relu(z) with dropout, from its result.
void differentiate_relu_row(const float* upstream, const float* y, float scale, std::int64_t width, float* gradient) {
  for_each_vector(width, [&](std::int64_t j, int count) {
    const Floats d = load_part(upstream + j, count) * scale;
    store_part(gradient + j, load_part(y + j, count) <= 0.0F ? Floats{} : d, count);
  });
}

/// The maps' weights, each with its bias behind it where it has one, are `parameters`.
struct ActivatedLinear : torch::autograd::Function<ActivatedLinear> {
  static Tensor forward(AutogradContext* context, const Tensor& x, at::TensorList parameters,
                        const Activated& activated) {
    const Tensor input = x.detach().contiguous();
    variable_list weights, biases;
    for (std::size_t map = 0, i = 0; map < activated.maps(); ++map) {
      weights.push_back(parameters[i++].detach().contiguous());
      biases.push_back(activated.biased[map] ? parameters[i++].detach().contiguous() : Tensor());
    }
    Tensor y;
    const variable_list z = multiply_forward(input, weights, biases, [&](const variable_list& outputs) -> OnRows {
      y = activated.keeps_output_alone() ? outputs[0] : at::empty_like(outputs[0]);
      const float* const from = outputs[0].const_data_ptr<float>();
      const float* const inner = activated.gated ? outputs[1].const_data_ptr<float>() : nullptr;
      float* const to = y.mutable_data_ptr<float>();
      const std::int64_t width = y.size(1);
      return [=](const RowsInCache& rows) {
        DropoutRows factors(activated.rate, activated.key, width);
        with_row_activation(activated.kind, [&]<class Act>(Act) {
          for (std::int64_t row = rows.begin; row < rows.begin + rows.rows; ++row) {
            const std::int64_t place = row * width;
            activate_row<Act>(from + place, inner != nullptr ? inner + place : nullptr, factors.of(row), width,
                              to + place);
          }
        });
      };
    });
    variable_list saved{input};
    saved.insert(saved.end(), weights.begin(), weights.end());
    saved.insert(saved.end(), z.begin(), z.end());
    context->save_for_backward(saved);
    context->saved_data["kind"] = static_cast<std::int64_t>(activated.kind);
    context->saved_data["biased"] = std::vector<std::int64_t>{activated.biased[0], activated.biased[1]};
    context->saved_data["rate"] = activated.rate;
    context->saved_data["key"] = static_cast<std::int64_t>(activated.key);
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    if (at::GradMode::is_enabled()) {
      throw std::logic_error("activated_linear has no second derivative: use the plain layers");
    }
    const WithoutAutocast in_32_bits;
    const variable_list saved = context->get_saved_variables();
    const std::vector<std::int64_t> biased = context->saved_data["biased"].toIntVector();
    const Activated activated{static_cast<RowActivation>(context->saved_data["kind"].toInt()),
                              saved.size() > 3,
                              {biased[0] != 0, biased[1] != 0},
                              context->saved_data["rate"].toDouble(),
                              static_cast<std::uint64_t>(context->saved_data["key"].toInt())};
    const Tensor& input = saved[0];
    const Tensor upstream = gradients[0].contiguous();
    std::vector<MapGradient> maps;
    std::vector<std::size_t> places;
    for (std::size_t map = 0, place = 1; map < activated.maps(); ++map) {
      const bool with_bias = activated.biased[map];
      maps.push_back({at::empty_like(upstream), saved[1 + map], with_bias && context->needs_input_grad(place + 1)});
      places.push_back(place);
      place += with_bias ? 2 : 1;
    }
    variable_list result(places.back() + (activated.biased[activated.maps() - 1] ? 2 : 1));
    result[0] = multiply_backward(maps, context->needs_input_grad(0), differentiate(activated, upstream, saved, maps));
    for (std::size_t map = 0; map < maps.size(); ++map) {
      if (context->needs_input_grad(places[map])) result[places[map]] = multiply_transposed(maps[map].upstream, input);
      if (maps[map].with_bias) result[places[map] + 1] = maps[map].bias_gradient;
    }
    result.emplace_back();  // activated
    return result;
  }

  /// Writes the upstream gradients of the maps.
  static OnRows differentiate(const Activated& activated, const Tensor& upstream, const variable_list& saved,
                              const std::vector<MapGradient>& maps) {
    const float* const from = upstream.const_data_ptr<float>();
    const float* const z = saved[1 + maps.size()].const_data_ptr<float>();
    const float* const inner = activated.gated ? saved[2 + maps.size()].const_data_ptr<float>() : nullptr;
    float* const z_gradient = maps[0].upstream.mutable_data_ptr<float>();
    float* const inner_gradient = activated.gated ? maps[1].upstream.mutable_data_ptr<float>() : nullptr;
    const std::int64_t width = upstream.size(1);
    if (activated.keeps_output_alone()) {
      const auto scale = static_cast<float>(DropoutThreshold(activated.rate).scale());
      return [=](const RowsInCache& rows) {
        const std::int64_t place = rows.begin * width;
        differentiate_relu_row(from + place, z + place, scale, rows.rows * width, z_gradient + place);
      };
    }
    return [=](const RowsInCache& rows) {
      DropoutRows factors(activated.rate, activated.key, width);
      with_row_activation(activated.kind, [&]<class Act>(Act) {
        for (std::int64_t row = rows.begin; row < rows.begin + rows.rows; ++row) {
          const std::int64_t place = row * width;
          differentiate_row<Act>(from + place, z + place, inner != nullptr ? inner + place : nullptr, factors.of(row),
                                 width, z_gradient + place,
                                 inner_gradient != nullptr ? inner_gradient + place : nullptr);
        }
      });
    };
  }
};

}  // namespace

bool has_activated_linear(const Tensor& x, RowActivation activation) {
  if (KeepPackedWeights::are_kept()) return false;
  return activation != RowActivation::none && x.device().is_cpu() && x.scalar_type() == at::kFloat && x.dim() > 0 &&
         x.size(-1) > 0 && pays_to_pack(x.numel() / x.size(-1)) && !asks_for_autocast(at::kCPU) &&
         !emulates_bf16(x.device());
}

Tensor activated_linear(const Tensor& x, const ActivatedLinearOptions& options) {
  Activated activated{options.activation, options.inner.weight.defined(), {}, options.dropout, 0};
  std::vector<Tensor> parameters;
  for (std::size_t map = 0; map < activated.maps(); ++map) {
    const LinearMap& given = map == 0 ? options.map : options.inner;
    check_shape(given.weight, {options.map.weight.size(0), x.size(-1)}, "weight");
    if (given.bias.defined()) check_shape(given.bias, {given.weight.size(0)}, "bias");
    activated.biased[map] = given.bias.defined();
    parameters.push_back(given.weight);
    if (given.bias.defined()) parameters.push_back(given.bias);
  }
  activated.key = dropout_key_for(options.dropout);
  const Tensor y = ActivatedLinear::apply(x.reshape({-1, x.size(-1)}), at::TensorList(parameters), activated);
  std::vector<std::int64_t> shape = x.sizes().vec();
  shape.back() = y.size(1);
  return y.view(shape);
}

}  // namespace ablate
