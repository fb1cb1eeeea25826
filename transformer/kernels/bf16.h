#pragma once
// Matrix products in bfloat16 on processors that have no instructions for them, where LibTorch's own take a hundred
// times as long as in 32 bits: operands and results are rounded to bfloat16, and the product between them is one in 32
// bits. That is what a processor with the instructions computes, whose sums are in 32 bits too.
#include "transformer/core/torch.h"

namespace ablate {

/// Whether LibTorch multiplies in bfloat16 by instructions of this device. On x86 it needs AVX-512.
bool has_bf16_products(at::Device device);

/// Whether autocast acts on products of this device: asked for, and not put off by WithoutAutocast.
bool asks_for_autocast(at::DeviceType device);

/// Whether products on this device are asked for in bfloat16 (autocast) and have to be put together from 32 bits.
bool emulates_bf16(at::Device device);

/// While it lives, autocast does not act on products on the CPU.
class WithoutAutocast {
 public:
  WithoutAutocast() = default;

 private:
  c10::impl::ExcludeDispatchKeyGuard guard_{c10::DispatchKey::AutocastCPU};
};

/// x rounded to bfloat16, in 32 bits; its gradient is rounded in the same way.
Tensor rounded_to_bf16(const Tensor& x);

}  // namespace ablate
