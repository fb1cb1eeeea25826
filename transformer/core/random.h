#pragma once
// Random numbers that are the same on every machine and with every standard library: std::shuffle and the
// std:: distributions leave their mapping open, so data drawn with them could not be drawn again elsewhere.
// For data and its order only; tensors are drawn by torch's own generators.
#include <concepts>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <utility>

namespace ablate {

/// SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators", section 4):
/// 64 bits of state, every 64-bit value once per period of 2^64. `state` is all there is to save and restore.
struct SplitMix64 {
  std::uint64_t state;

  explicit constexpr SplitMix64(std::uint64_t seed) : state(seed) {}

  /// An independent stream of numbers for (seed, stream), e.g. (seed, epoch): the stream is mixed into a
  /// mixed seed, so neighbouring seeds and neighbouring streams have nothing in common.
  constexpr SplitMix64(std::uint64_t seed, std::uint64_t stream) : state(mix(mix(seed + gamma) ^ (stream + gamma))) {}

  /// The next 64 bits: state += gamma, then the mix of the state.
  constexpr std::uint64_t next() { return mix(state += gamma); }

  /// An integer in [0, n), each equally likely: next() modulo n, after drawing again while next() lies under
  /// 2^64 mod n. Throws std::invalid_argument for n = 0.
  constexpr std::uint64_t below(std::uint64_t n) {
    if (n == 0) throw std::invalid_argument("SplitMix64::below(0): there is no integer in an empty range");
    const std::uint64_t surplus = (std::numeric_limits<std::uint64_t>::max() % n + 1) % n;
    std::uint64_t bits = next();
    while (bits < surplus) bits = next();
    return bits % n;
  }

  /// An integer in [low, high], each equally likely: low + below(high - low + 1). Needs low <= high and
  /// high - low within the range of Integer.
  template <std::integral Integer>
  constexpr Integer between(Integer low, Integer high) {
    const std::uint64_t count = static_cast<std::uint64_t>(high - low) + 1;
    return static_cast<Integer>(low + static_cast<Integer>(below(count)));
  }

  /// A multiple of 2^-53 in [0, 1): the upper 53 bits of next().
  constexpr double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

  /// Every order equally likely: Fisher and Yates, from the last place down, swapping with below(place + 1).
  template <class T>
  constexpr void shuffle(std::span<T> values) {
    for (std::size_t place = values.size(); place-- > 1;) {
      std::swap(values[place], values[static_cast<std::size_t>(below(place + 1))]);
    }
  }

 private:
  static constexpr std::uint64_t gamma = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio, odd

  static constexpr std::uint64_t mix(std::uint64_t bits) {
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
    return bits ^ (bits >> 31);
  }
};

}  // namespace ablate
