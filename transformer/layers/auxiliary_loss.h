#pragma once
// What layers add to the loss of training besides the error of the prediction. A layer gives it to whoever collects
// such losses on its thread, so that the tensors that pass between layers stay what they are without it.
#include "transformer/core/torch.h"

namespace ablate {

/// Collects for the time of a scope; scopes nest, and the innermost is given what comes.
class AuxiliaryLosses {
 public:
  AuxiliaryLosses();
  ~AuxiliaryLosses();
  AuxiliaryLosses(const AuxiliaryLosses&) = delete;
  AuxiliaryLosses& operator=(const AuxiliaryLosses&) = delete;

  /// Whether anybody collects on this thread: what nobody wants need not be computed.
  static bool are_wanted();
  /// A scalar with its gradient, scaled as it is to be minimised; nothing where nobody collects.
  static void add(const Tensor& loss);

  /// Scalar; undefined if no layer gave one.
  const Tensor& sum() const { return sum_; }

 private:
  Tensor sum_;
  AuxiliaryLosses* outer_;
};

}  // namespace ablate
