#include "transformer/kernels/philox.h"

#include "tests/catch.h"

using ablate::philox_4x32;
using ablate::PhiloxCounter;
using ablate::PhiloxKey;

// The known answers that its authors publish with Random123.
TEST_CASE("Philox-4x32 gives the published numbers", "[kernels][philox]") {
  const PhiloxCounter zeros{}, ones{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff};
  const PhiloxCounter pi{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344};
  const PhiloxKey zero_key{}, ones_key{0xffffffff, 0xffffffff}, pi_key{0xa4093822, 0x299f31d0};

  SECTION("ten rounds") {
    CHECK(philox_4x32<10>(zeros, zero_key) == PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    CHECK(philox_4x32<10>(ones, ones_key) == PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    CHECK(philox_4x32<10>(pi, pi_key) == PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
  }
  SECTION("seven rounds") {
    CHECK(philox_4x32<7>(zeros, zero_key) == PhiloxCounter{0x5f6fb709, 0x0d893f64, 0x4f121f81, 0x4f730a48});
    CHECK(philox_4x32<7>(ones, ones_key) == PhiloxCounter{0x5207ddc2, 0x45165e59, 0x4d8ee751, 0x8c52f662});
    CHECK(philox_4x32<7>(pi, pi_key) == PhiloxCounter{0x4dfccaba, 0x190a87f0, 0xc47362ba, 0xb6b5242a});
  }
}
