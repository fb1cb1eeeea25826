#pragma once
// The narrow set of LibTorch headers that the whole project uses, and its one precompiled header.
// <torch/torch.h> is never included: a translation unit with it takes 13-25 s instead of about 4.
#include <torch/csrc/api/include/torch/types.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ablate {
using torch::Tensor;
}  // namespace ablate
