#pragma once
// Dropout's factors row by row, for kernels that drop while they compute.
#include "transformer/kernels/dropout.h"

#include <vector>

namespace ablate {

/// The same mask as counter_dropout draws with `key` on a tensor (rows, width).
class DropoutRows {
 public:
  DropoutRows(double rate, std::uint64_t key, std::int64_t width)
      : threshold_(rate), key_(key), width_(width), factors_(any() ? buffer_size(width) : 0) {}

  bool any() const { return threshold_.drop > 0; }

  /// The `width` factors of a row, 0 or 1 / (1 - rate), until the next call; null where nothing is dropped.
  const float* of(std::int64_t row) {
    if (!any()) return nullptr;
    const std::int64_t begin = row * width_, end = begin + width_, first = begin / dropout_tile;
    for (std::int64_t tile = first; tile * dropout_tile < end; ++tile) {
      std::uint16_t bits[dropout_tile];
      fill_dropout_tile(key_, static_cast<std::uint64_t>(tile), bits);
      write_tile(bits, factors_.data() + (tile - first) * dropout_tile);
    }
    return factors_.data() + begin % dropout_tile;
  }

 private:
  static std::size_t buffer_size(std::int64_t width) { return static_cast<std::size_t>(width + 2 * dropout_tile); }

  /// A constant length and pointers without aliases: what the vectoriser needs.
  void write_tile(const std::uint16_t* __restrict bits, float* __restrict to) const {
    const auto scale = static_cast<float>(threshold_.scale());
    const std::uint32_t drop = threshold_.drop;
    for (int i = 0; i < dropout_tile; ++i) to[i] = bits[i] < drop ? 0.0F : scale;
  }

  DropoutThreshold threshold_;
  std::uint64_t key_;
  std::int64_t width_;
  std::vector<float> factors_;
};

/// A key for a mask that is drawn; 0 where nothing is dropped, so that nothing is taken from the generator.
inline std::uint64_t dropout_key_for(double rate) { return DropoutThreshold(rate).drop > 0 ? draw_dropout_key() : 0; }

}  // namespace ablate
