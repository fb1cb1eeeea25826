#pragma once
// Products of many tokens with a weight, on the CPU in float. The weight is packed; tokens are read where they lie,
// while a library copies both. They pass in blocks of rows, so that what stands before and behind
// a product can be done while its rows are in cache.
#include "transformer/kernels/packed_product.h"

namespace ablate {

/// Rows in blocks of about one size, made of whole tiles: threads that share them end together.
class RowBlocks {
 public:
  explicit RowBlocks(std::int64_t rows);
  std::int64_t count() const { return count_; }
  std::int64_t begin(std::int64_t block) const { return block * size_; }
  std::int64_t rows(std::int64_t block) const { return std::min(size_, rows_ - begin(block)); }

 private:
  std::int64_t rows_, count_, size_;
};

/// Whether packing the weight costs little beside the product.
inline constexpr bool pays_to_pack(std::int64_t rows) { return rows >= 192; }

/// One block: C (a.count, b.out()), rows `c_row` apart, = A B + bias, or with `add` += A B. `bias` (b.out()) or null:
/// zero. a.width is b.in().
void multiply_block(const Rows& a, const PackedWeight& b, const float* bias, float* c, std::ptrdiff_t c_row, bool add);

/// A^T B (a.width, b.width) of two matrices with the same many rows: a weight's gradient from those of the outputs and
/// the inputs. In all threads, the order of each sum fixed. Large results are the library's.
Tensor multiply_transposed(const Tensor& a, const Tensor& b);

/// Sums over rows, in an order that does not depend on the number of threads: each block's own, then the blocks'.
class RowSums {
 public:
  RowSums(std::int64_t blocks, std::int64_t width);
  void add(std::int64_t block, const float* row);
  Tensor total() const;  ///< (width)

 private:
  Tensor sums_;  ///< (blocks, width)
  float* data_;
};

}  // namespace ablate
