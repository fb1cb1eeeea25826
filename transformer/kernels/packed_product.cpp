#include "transformer/kernels/packed_product.h"

#include <ATen/Parallel.h>

#include <algorithm>

namespace ablate {
namespace {

thread_local KeepPackedWeights* keeper = nullptr;

}  // namespace

PackedWeight::PackedWeight(std::int64_t in, std::int64_t out)
    : in_(in),
      out_(out),
      panels_(std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(panels_of(out) * in * panel_width))) {}

PackedWeight::PackedWeight(const Tensor& weight) : PackedWeight(weight.size(1), weight.size(0)) {
  const Tensor dense = weight.detach().contiguous();
  const float* const from = dense.const_data_ptr<float>();
  at::parallel_for(0, panels_of(out_), /*grain_size=*/2, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t first = begin * panel_width;
    pack_transposed({from + first * in_, std::min(out_, end * panel_width) - first, in_, in_},
                    panels_.get() + first * in_);
  });
}

PackedWeight PackedWeight::for_gradient(const Tensor& weight) {
  const Tensor dense = weight.detach().contiguous();
  const std::int64_t in = dense.size(0), out = dense.size(1);
  PackedWeight packed(in, out);
  const float* const from = dense.const_data_ptr<float>();
  at::parallel_for(0, panels_of(out), /*grain_size=*/2, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t first = begin * panel_width;
    pack_rows({from + first, in, std::min(out, end * panel_width) - first, out}, packed.panels_.get() + first * in);
  });
  return packed;
}

void multiply_by_panel(std::int64_t rows, const float* x, std::ptrdiff_t x_row, const PackedWeight& weight,
                       std::int64_t panel, float* c, std::ptrdiff_t c_row, bool add) {
  for (std::int64_t k = 0; k < weight.in(); k += most_products) {
    multiply_panel(rows, {x + k, x_row, 1, 0}, weight.panel(panel) + k * panel_width,
                   {1, std::min(most_products, weight.in() - k), panel_width}, c, c_row, add || k > 0);
  }
}

Tensor packed_linear(const Tensor& x, const PackedWeight& weight, const Tensor& bias) {
  const std::int64_t rows = x.size(0), out = weight.out();
  Tensor y = at::empty({rows, out}, x.options());
  const float* const from = x.const_data_ptr<float>();
  float* const to = y.mutable_data_ptr<float>();
  const float* const shift = bias.defined() ? bias.const_data_ptr<float>() : nullptr;
  // Threads share the columns, so that each reads its part of the weight once.
  at::parallel_for(0, panels_of(out), /*grain_size=*/1, [&](std::int64_t begin, std::int64_t end) {
    const auto buffer = std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(rows * panel_width));
    for (std::int64_t panel = begin; panel < end; ++panel) {
      const std::int64_t column = panel * panel_width, columns = std::min<std::int64_t>(panel_width, out - column);
      multiply_by_panel(rows, from, weight.in(), weight, panel, buffer.get(), panel_width);
      for (std::int64_t row = 0; row < rows; ++row) {
        const float* const sums = buffer.get() + row * panel_width;
        float* const target = to + row * out + column;
        if (columns < panel_width) {
          for (std::int64_t j = 0; j < columns; ++j) target[j] = sums[j] + (shift != nullptr ? shift[column + j] : 0);
          continue;
        }
        for (std::int64_t j = 0; j < panel_width; j += vector_width) {
          store(target + j, shift != nullptr ? load(sums + j) + load(shift + column + j) : load(sums + j));
        }
      }
    }
  });
  return y;
}

KeepPackedWeights::KeepPackedWeights() : before_(std::exchange(keeper, this)) {}
KeepPackedWeights::~KeepPackedWeights() {
  TORCH_INTERNAL_ASSERT(keeper == this, "packed weights are let go in the order in which they were kept");
  keeper = before_;
}

bool KeepPackedWeights::are_kept() { return keeper != nullptr; }

const PackedWeight* KeepPackedWeights::find(const Tensor& weight) {
  if (keeper == nullptr || weight.dim() != 2 || weight.size(1) == 0 || !weight.device().is_cpu() ||
      weight.scalar_type() != at::kFloat)
    return nullptr;
  const auto found = keeper->weights_.find(weight.const_data_ptr());
  if (found != keeper->weights_.end()) {
    // Another view that begins at the same place is another weight.
    const Tensor& kept = found->second.weight;
    return kept.sizes() == weight.sizes() && kept.strides() == weight.strides() ? &found->second.packed : nullptr;
  }
  return &keeper->weights_.emplace(weight.const_data_ptr(), Kept{weight, PackedWeight(weight)}).first->second.packed;
}

}  // namespace ablate
