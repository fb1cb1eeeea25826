#pragma once
// Products with a weight that is packed once and used at every step of decoding. With the few rows that a step has,
// packing it anew each time, as a library must, costs as much as the product.
#include "transformer/core/torch.h"
#include "transformer/kernels/packing.h"

#include <unordered_map>

namespace ablate {

/// A weight as the right operand (in, out) of a product, in panels: (panels of out, in, panel_width).
class PackedWeight {
 public:
  /// W^T of W (out, in), which y = x W^T is multiplied by. float on the CPU. In all threads.
  explicit PackedWeight(const Tensor& weight);
  /// W itself, which the gradient of x = dy W is multiplied by: its in() is W's out.
  static PackedWeight for_gradient(const Tensor& weight);
  std::int64_t in() const { return in_; }
  std::int64_t out() const { return out_; }
  /// (in, panel_width): the columns panel * panel_width, …
  const float* panel(std::int64_t index) const { return panels_.get() + index * in_ * panel_width; }

 private:
  PackedWeight(std::int64_t in, std::int64_t out);
  std::int64_t in_, out_;
  std::unique_ptr<float[]> panels_;
};

/// Products that are summed before C is written: a panel's part stays near, and C is seldom read again.
inline constexpr std::int64_t most_products = 1024;

/// `rows` x panel_width = rows of x by one panel (`add`: += it), rows `c_row` apart.
void multiply_by_panel(std::int64_t rows, const float* x, std::ptrdiff_t x_row, const PackedWeight& weight,
                       std::int64_t panel, float* c, std::ptrdiff_t c_row, bool add = false);

/// x (N, in) float, contiguous -> x W^T + bias (N, out); `bias` (out) or undefined.
Tensor packed_linear(const Tensor& x, const PackedWeight& weight, const Tensor& bias);

/// While it lives, linear() in this thread keeps the packed form of every weight that it meets without gradients. No
/// weight may change meanwhile.
class KeepPackedWeights {
 public:
  KeepPackedWeights();
  ~KeepPackedWeights();
  KeepPackedWeights(const KeepPackedWeights&) = delete;
  KeepPackedWeights& operator=(const KeepPackedWeights&) = delete;

  static bool are_kept();
  /// The packed form of a weight, or null where none are kept or the weight has no kernel.
  static const PackedWeight* find(const Tensor& weight);

 private:
  struct Kept {
    Tensor weight;  ///< alive, so that its address means no other
    PackedWeight packed;
  };
  std::unordered_map<const void*, Kept> weights_;
  KeepPackedWeights* before_;
};

}  // namespace ablate
