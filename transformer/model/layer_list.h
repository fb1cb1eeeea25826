#pragma once
// The layers of a stack as they are registered, which may be fewer than there are passes through them.
#include "transformer/core/torch.h"

namespace ablate {

/// Numbered from 0. A layer that stands for several is registered, saved and counted once.
class LayerList : public torch::nn::ModuleListImpl {
 public:
  explicit LayerList(std::int64_t passes) : passes_(passes) {}
  /// How many layers a token passes through.
  std::int64_t passes() const { return passes_; }

 private:
  std::int64_t passes_;
};

}  // namespace ablate
