#include "transformer/kernels/residual_norm.h"

#include "transformer/core/parallel.h"
#include "transformer/core/shape.h"
#include "transformer/kernels/dropout_rows.h"
#include "transformer/kernels/vector.h"

#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace ablate {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Rows that one thread takes at a time. The sums over rows are made by these parts, so that their order is fixed.
constexpr std::int64_t part_rows = 64;

template <class Body>
void for_each_part(std::int64_t rows, const Body& body) {
  for_each_unit((rows + part_rows - 1) / part_rows,
                [&](std::int64_t part) { body(part, part * part_rows, std::min(rows, (part + 1) * part_rows)); });
}

/// to = x + factor * f
void add_row(const float* x, const float* f, const float* factors, std::int64_t width, float* to) {
  for_each_vector(width, [&](std::int64_t j, int count) {
    Floats added = load_part(f + j, count);
    if (factors != nullptr) added *= load_part(factors + j, count);
    store_part(to + j, load_part(x + j, count) + added, count);
  });
}

void multiply_row(const float* x, const float* factors, std::int64_t width, float* to) {
  for_each_vector(width, [&](std::int64_t j, int count) {
    store_part(to + j, load_part(x + j, count) * load_part(factors + j, count), count);
  });
}

struct Moments {
  float mean, rstd;
};

Moments moments_of(const float* z, std::int64_t width, RowNorm kind, double eps) {
  double mean = 0;
  if (kind == RowNorm::layer) {
    Floats sums{};
    for_each_vector(width, [&](std::int64_t j, int count) { sums += load_part(z + j, count); });
    mean = sum_of(sums) / static_cast<double>(width);
  }
  const auto center = static_cast<float>(mean);
  Floats squares{};
  for_each_vector(width, [&](std::int64_t j, int count) {
    const Floats distance = load_part(z + j, count, center) - center;
    squares += distance * distance;
  });
  return {center, static_cast<float>(1 / std::sqrt(sum_of(squares) / static_cast<double>(width) + eps))};
}

Tensor rows_of(const Tensor& x) { return x.detach().contiguous().view({-1, x.size(-1)}); }

struct ResidualNorm : torch::autograd::Function<ResidualNorm> {
  static Tensor forward(AutogradContext* context, const Tensor& given_x, const Tensor& given_f, const Tensor& gain,
                        const std::optional<Tensor>& bias, std::int64_t kind, double eps, double rate,
                        std::int64_t key) {
    const Tensor x = rows_of(given_x), f = rows_of(given_f);
    const std::int64_t rows = x.size(0), width = x.size(1);
    const Tensor z = at::empty_like(x), y = at::empty_like(x), moments = at::empty({rows, 2}, x.options());
    const Tensor dense_gain = gain.detach().contiguous();
    const Tensor dense_bias = bias ? bias->detach().contiguous() : Tensor();
    const float* const g = dense_gain.const_data_ptr<float>();
    const float* const b = dense_bias.defined() ? dense_bias.const_data_ptr<float>() : nullptr;
    const float *const from_x = x.const_data_ptr<float>(), *const from_f = f.const_data_ptr<float>();
    float *const to_z = z.mutable_data_ptr<float>(), *const to_y = y.mutable_data_ptr<float>();
    auto* const to_moments = reinterpret_cast<Moments*>(moments.mutable_data_ptr<float>());
    for_each_part(rows, [&](std::int64_t, std::int64_t begin, std::int64_t end) {
      DropoutRows factors(rate, static_cast<std::uint64_t>(key), width);
      for (std::int64_t row = begin; row < end; ++row) {
        float* const sum = to_z + row * width;
        add_row(from_x + row * width, from_f + row * width, factors.of(row), width, sum);
        const Moments m = moments_of(sum, width, static_cast<RowNorm>(kind), eps);
        to_moments[row] = m;
        for_each_vector(width, [&](std::int64_t j, int count) {
          Floats value = (load_part(sum + j, count) - m.mean) * m.rstd * load_part(g + j, count);
          if (b != nullptr) value += load_part(b + j, count);
          store_part(to_y + row * width + j, value, count);
        });
      }
    });
    context->save_for_backward({z, moments, dense_gain});
    context->saved_data["kind"] = kind;
    context->saved_data["rate"] = rate;
    context->saved_data["key"] = key;
    context->saved_data["bias"] = bias.has_value();
    return y.view(given_x.sizes());
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    if (at::GradMode::is_enabled()) throw std::logic_error("residual_norm has no second derivative");
    const variable_list saved = context->get_saved_variables();
    const Tensor &z = saved[0], &gain = saved[2];
    const bool centered = static_cast<RowNorm>(context->saved_data["kind"].toInt()) == RowNorm::layer;
    const bool with_bias = context->saved_data["bias"].toBool();
    const double rate = context->saved_data["rate"].toDouble();
    const auto key = static_cast<std::uint64_t>(context->saved_data["key"].toInt());
    const bool drops = DropoutThreshold(rate).drop > 0;
    const Tensor upstream = rows_of(gradients[0]);
    const std::int64_t rows = z.size(0), width = z.size(1), parts = (rows + part_rows - 1) / part_rows;
    const Tensor x_gradient = at::empty_like(z), f_gradient = drops ? at::empty_like(z) : x_gradient;
    const Tensor partial = at::zeros({2, parts, width}, z.options());
    const auto* const moments = reinterpret_cast<const Moments*>(saved[1].const_data_ptr<float>());
    const float *const from = upstream.const_data_ptr<float>(), *const g = gain.const_data_ptr<float>();
    const float* const sums = z.const_data_ptr<float>();
    float *const to_x = x_gradient.mutable_data_ptr<float>(), *const to_f = f_gradient.mutable_data_ptr<float>();
    for_each_part(rows, [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
      DropoutRows factors(rate, key, width);
      float* const gain_sums = partial.mutable_data_ptr<float>() + part * width;
      float* const bias_sums = gain_sums + parts * width;
      for (std::int64_t row = begin; row < end; ++row) {
        const Moments m = moments[row];
        const float *const dy = from + row * width, *const sum = sums + row * width;
        Floats along{}, total{};
        for_each_vector(width, [&](std::int64_t j, int count) {
          const Floats normal = (load_part(sum + j, count, m.mean) - m.mean) * m.rstd, d = load_part(dy + j, count);
          const Floats scaled = d * load_part(g + j, count);
          along += scaled * normal;
          total += scaled;
          store_part(gain_sums + j, load_part(gain_sums + j, count) + d * normal, count);
          if (with_bias) store_part(bias_sums + j, load_part(bias_sums + j, count) + d, count);
        });
        const auto mean_along = static_cast<float>(sum_of(along) / static_cast<double>(width));
        const auto mean = static_cast<float>(centered ? sum_of(total) / static_cast<double>(width) : 0);
        for_each_vector(width, [&](std::int64_t j, int count) {
          const Floats normal = (load_part(sum + j, count, m.mean) - m.mean) * m.rstd;
          const Floats scaled = load_part(dy + j, count) * load_part(g + j, count);
          store_part(to_x + row * width + j, (scaled - mean - normal * mean_along) * m.rstd, count);
        });
        if (drops) multiply_row(to_x + row * width, factors.of(row), width, to_f + row * width);
      }
    });
    const Tensor sums_over_rows = partial.sum(1);
    variable_list result(8);
    result[0] = x_gradient.view(gradients[0].sizes());
    // One handle where both are one tensor: the engine then copies before it adds to either.
    result[1] = drops ? f_gradient.view(gradients[0].sizes()) : result[0];
    result[2] = sums_over_rows[0];
    if (with_bias) result[3] = sums_over_rows[1];
    return result;
  }
};

/// x + dropout(f); the gradient of f is dropout of the gradient.
struct ResidualSum : torch::autograd::Function<ResidualSum> {
  static Tensor forward(AutogradContext* context, const Tensor& given_x, const Tensor& given_f, double rate,
                        std::int64_t key) {
    const Tensor x = rows_of(given_x), f = rows_of(given_f), sum = at::empty_like(x);
    const std::int64_t width = x.size(1);
    const float *const from_x = x.const_data_ptr<float>(), *const from_f = f.const_data_ptr<float>();
    float* const to = sum.mutable_data_ptr<float>();
    for_each_part(x.size(0), [&](std::int64_t, std::int64_t begin, std::int64_t end) {
      DropoutRows factors(rate, static_cast<std::uint64_t>(key), width);
      for (std::int64_t row = begin; row < end; ++row) {
        add_row(from_x + row * width, from_f + row * width, factors.of(row), width, to + row * width);
      }
    });
    context->saved_data["rate"] = rate;
    context->saved_data["key"] = key;
    return sum.view(given_x.sizes());
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    if (at::GradMode::is_enabled()) throw std::logic_error("residual_sum has no second derivative");
    const Tensor upstream = rows_of(gradients[0]), dropped = at::empty_like(upstream);
    const std::int64_t width = upstream.size(1);
    const double rate = context->saved_data["rate"].toDouble();
    const auto key = static_cast<std::uint64_t>(context->saved_data["key"].toInt());
    const float* const from = upstream.const_data_ptr<float>();
    float* const to = dropped.mutable_data_ptr<float>();
    for_each_part(upstream.size(0), [&](std::int64_t, std::int64_t begin, std::int64_t end) {
      DropoutRows factors(rate, key, width);
      for (std::int64_t row = begin; row < end; ++row) {
        multiply_row(from + row * width, factors.of(row), width, to + row * width);
      }
    });
    return {gradients[0], dropped.view(gradients[0].sizes()), Tensor(), Tensor()};
  }
};

}  // namespace

bool has_residual_norm(const Tensor& x, const Tensor& f, const Tensor& gain) {
  const auto fits = [](const Tensor& tensor) { return tensor.device().is_cpu() && tensor.scalar_type() == at::kFloat; };
  return fits(x) && fits(f) && (!gain.defined() || fits(gain)) && x.sizes() == f.sizes() && x.numel() > 0;
}

Tensor residual_norm(const Tensor& x, const Tensor& f, const ResidualNormOptions& options) {
  check_shape(options.gain, {x.size(-1)}, "gain");
  if (options.bias.defined()) check_shape(options.bias, {x.size(-1)}, "bias");
  return ResidualNorm::apply(x, f, options.gain, options.bias.defined() ? std::optional(options.bias) : std::nullopt,
                             static_cast<std::int64_t>(options.kind), options.eps, options.dropout,
                             static_cast<std::int64_t>(dropout_key_for(options.dropout)));
}

Tensor residual_sum(const Tensor& x, const Tensor& f, double dropout) {
  if (DropoutThreshold(dropout).drop == 0) return x + f;
  return ResidualSum::apply(x, f, dropout, static_cast<std::int64_t>(dropout_key_for(dropout)));
}

}  // namespace ablate
