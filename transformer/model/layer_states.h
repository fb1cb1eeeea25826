#pragma once
// What goes through the layers of a stack, for who looks into a model. Given to whoever collects it on this thread, so
// that a forward pass, and the kernels that it takes, are the same with it.
#include "transformer/core/torch.h"

#include <map>
#include <string>
#include <vector>

namespace ablate {

/// Collects for the time of a scope; scopes nest, and the innermost is given what comes.
class LayerStates {
 public:
  LayerStates();
  ~LayerStates();
  LayerStates(const LayerStates&) = delete;
  LayerStates& operator=(const LayerStates&) = delete;

  /// Nothing where nobody collects. `stack`: "encoder" or "decoder".
  static void add(const std::string& stack, const Tensor& x);

  /// N + 1 tensors (B, T, D) a pass: what each of the N layers reads, then what the stack gives, behind its last norm.
  const std::vector<Tensor>& of(const std::string& stack) { return states_[stack]; }

 private:
  std::map<std::string, std::vector<Tensor>> states_;
  LayerStates* outer_;
};

}  // namespace ablate
