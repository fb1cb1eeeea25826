#include "transformer/kernels/dropout.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <stdexcept>

namespace ablate {
namespace {

constexpr int rounds = 7;
constexpr int lanes = 16;  // counters in a tile
constexpr int tile = dropout_tile;
static_assert(tile == lanes * 4 * 2);  // four words of two halves each

constexpr PhiloxKey split(std::uint64_t key) {
  return {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)};
}

/// Arguments by value, pointers without aliases and a constant length: what the vectoriser needs.
template <class Number, class Scale>
void drop_tile(const Number* __restrict x, Number* __restrict y, const std::uint16_t* __restrict bits,
               std::uint32_t threshold, Scale scale) {
  for (int i = 0; i < tile; ++i) {
    y[i] = static_cast<Number>(static_cast<Scale>(x[i]) * (bits[i] < threshold ? Scale{0} : scale));
  }
}

template <class Number, class Scale>
void drop_elements(const Number* x, Number* y, std::int64_t size, std::uint64_t key, DropoutThreshold threshold) {
  const auto scale = static_cast<Scale>(threshold.scale());
  const auto drop_tiles = [=](std::int64_t begin, std::int64_t end) {
    std::uint16_t bits[tile];
    for (std::int64_t t = begin; t < end; ++t) {
      fill_dropout_tile(key, static_cast<std::uint64_t>(t), bits);
      const Number* const from = x + t * tile;
      Number* const to = y + t * tile;
      const std::int64_t left = size - t * tile;
      if (left >= tile) {
        drop_tile(from, to, bits, threshold.drop, scale);
      } else {
        Number padded[tile] = {}, result[tile];
        std::copy_n(from, left, padded);
        drop_tile(padded, result, bits, threshold.drop, scale);
        std::copy_n(result, left, to);
      }
    }
  };
  at::parallel_for(0, (size + tile - 1) / tile, /*grain_size=*/128, drop_tiles);
}

Tensor drop_by_key(const Tensor& input, std::uint64_t key, DropoutThreshold threshold) {
  const Tensor x = input.contiguous();
  Tensor y = at::empty_like(x);
  switch (x.scalar_type()) {
    case at::kFloat:
      drop_elements<float, float>(x.const_data_ptr<float>(), y.mutable_data_ptr<float>(), x.numel(), key, threshold);
      break;
    case at::kDouble:
      drop_elements<double, double>(x.const_data_ptr<double>(), y.mutable_data_ptr<double>(), x.numel(), key,
                                    threshold);
      break;
    default:
      drop_elements<at::BFloat16, float>(x.const_data_ptr<at::BFloat16>(), y.mutable_data_ptr<at::BFloat16>(),
                                         x.numel(), key, threshold);
  }
  return y;
}

/// Linear in x, so the gradient is the same function of the gradient, to any order.
struct DropByKey : torch::autograd::Function<DropByKey> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x, std::int64_t key, double rate) {
    context->saved_data["key"] = key;
    context->saved_data["rate"] = rate;
    return drop_by_key(x, static_cast<std::uint64_t>(key), DropoutThreshold(rate));
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    return {apply(gradients[0], context->saved_data["key"].toInt(), context->saved_data["rate"].toDouble()), Tensor(),
            Tensor()};
  }
};

bool has_kernel(const Tensor& x) {
  const at::ScalarType dtype = x.scalar_type();
  return x.device().is_cpu() && x.layout() == at::kStrided &&
         (dtype == at::kFloat || dtype == at::kDouble || dtype == at::kBFloat16);
}

}  // namespace

DropoutThreshold::DropoutThreshold(double rate) {
  if (!(rate >= 0 && rate <= 1)) {
    throw std::invalid_argument("dropout: the rate must lie in [0, 1], not " + std::to_string(rate));
  }
  const bool certain = rate == 0 || rate == 1;
  drop = static_cast<std::uint32_t>(std::lround(rate * 65536));
  if (!certain) drop = std::clamp<std::uint32_t>(drop, 1, 65535);
}

std::uint64_t draw_dropout_key() {
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  const std::lock_guard<std::mutex> lock(generator.mutex());
  return generator.get<at::CPUGeneratorImpl>()->random64();
}

// Counters of a tile share their upper 32 bits, because `lanes` divides 2^32.
void fill_dropout_tile(std::uint64_t key, std::uint64_t t, std::uint16_t* __restrict bits) {
  const std::uint64_t first = t * lanes;
  const auto low = static_cast<std::uint32_t>(first), high = static_cast<std::uint32_t>(first >> 32);
  std::uint32_t words[4][lanes];
  for (int l = 0; l < lanes; ++l) {
    const PhiloxCounter word = philox_4x32<rounds>({low + static_cast<std::uint32_t>(l), high, 0, 0}, split(key));
    words[0][l] = word[0];
    words[1][l] = word[1];
    words[2][l] = word[2];
    words[3][l] = word[3];
  }
  for (int w = 0; w < 4; ++w) {
    std::uint16_t* const __restrict low_half = bits + 2 * lanes * w;
    std::uint16_t* const __restrict high_half = low_half + lanes;
    for (int l = 0; l < lanes; ++l) low_half[l] = static_cast<std::uint16_t>(words[w][l]);
    for (int l = 0; l < lanes; ++l) high_half[l] = static_cast<std::uint16_t>(words[w][l] >> 16);
  }
}

std::uint16_t dropout_bits(std::uint64_t key, std::uint64_t element) {
  const std::uint64_t counter = element / tile * lanes + element % lanes;
  const PhiloxCounter words = philox_4x32<rounds>(
      {static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32), 0, 0}, split(key));
  const std::uint64_t word = element % tile / (2 * lanes), half = element % (2 * lanes) / lanes;
  return static_cast<std::uint16_t>(words[word] >> (16 * half));
}

Tensor counter_dropout(const Tensor& x, double rate) {
  const DropoutThreshold threshold(rate);
  if (threshold.drop == 0) return x;
  if (!has_kernel(x)) return at::dropout(x, rate, /*train=*/true);
  return DropByKey::apply(x, static_cast<std::int64_t>(draw_dropout_key()), rate);
}

}  // namespace ablate
