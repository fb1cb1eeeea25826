#pragma once
// Products with a weight that is packed once and used at every step of decoding. With the few rows that a step has,
// packing it anew each time, as a library must, costs as much as the product.
#include "transformer/core/torch.h"
#include "transformer/kernels/packing.h"

#include <unordered_map>

namespace ablate {

/// W^T (in, out) of a weight W (out, in) in panels: (panels of out, in, panel_width).
class PackedWeight {
 public:
  /// weight: float on the CPU. In all threads.
  explicit PackedWeight(const Tensor& weight);
  std::int64_t in() const { return in_; }
  std::int64_t out() const { return out_; }
  /// (in, panel_width): the columns panel * panel_width, …
  const float* panel(std::int64_t index) const { return panels_.get() + index * in_ * panel_width; }

 private:
  std::int64_t in_, out_;
  std::unique_ptr<float[]> panels_;
};

/// `rows` x panel_width = rows of x by one panel (`add`: += it), rows `c_row` apart; deep products are summed in parts
/// that stay in the first-level cache.
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
