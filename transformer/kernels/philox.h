#pragma once
// Philox-4x32, the counter-based generator of Salmon et al. (2011, "Parallel random numbers: as easy as 1, 2,
// 3"): a keyed bijection of 128-bit counters, so that any number of the stream can be had without its
// predecessors. Here is the bijection alone; the key and the meaning of a counter are the caller's business.
#include <array>
#include <cstdint>

namespace ablate {

using PhiloxCounter = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

/// `rounds` rounds of Philox-4x32. Seven are the fewest that pass BigCrush; ten leave
/// a margin. Written as a recursion over a compile-time number, without a branch: a loop over independent
/// counters is then straight-line code, which compilers turn into vector instructions, provided that it is
/// inlined.
template <int rounds>
[[gnu::always_inline]] constexpr PhiloxCounter philox_4x32(PhiloxCounter c, PhiloxKey key) {
  if constexpr (rounds == 0) {
    return c;
  } else {
    const std::uint64_t product0 = std::uint64_t{0xD2511F53} * c[0];
    const std::uint64_t product1 = std::uint64_t{0xCD9E8D57} * c[2];
    const PhiloxCounter next{
        static_cast<std::uint32_t>(product1 >> 32) ^ c[1] ^ key[0], static_cast<std::uint32_t>(product1),
        static_cast<std::uint32_t>(product0 >> 32) ^ c[3] ^ key[1], static_cast<std::uint32_t>(product0)};
    return philox_4x32<rounds - 1>(next, {key[0] + 0x9E3779B9, key[1] + 0xBB67AE85});
  }
}

}  // namespace ablate
