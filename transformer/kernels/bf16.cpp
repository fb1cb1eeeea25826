#include "transformer/kernels/bf16.h"

#include <ATen/autocast_mode.h>

namespace ablate {

bool has_bf16_products(at::Device device) {
#if defined(__x86_64__)
  if (device.is_cpu()) {
    return __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
           __builtin_cpu_supports("avx512dq") != 0;
  }
#endif
  static_cast<void>(device);
  return true;
}

bool asks_for_autocast(at::DeviceType device) {
  return at::autocast::is_autocast_enabled(device) &&
         !c10::impl::tls_is_dispatch_key_excluded(at::autocast::get_autocast_dispatch_key_from_device_type(device));
}

bool emulates_bf16(at::Device device) {
  return device.is_cpu() && asks_for_autocast(at::kCPU) &&
         at::autocast::get_autocast_dtype(at::kCPU) == at::kBFloat16 && !has_bf16_products(device);
}

Tensor rounded_to_bf16(const Tensor& x) { return x.to(at::kBFloat16).to(at::kFloat); }

}  // namespace ablate
