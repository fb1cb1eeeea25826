#include "transformer/layers/auxiliary_loss.h"

namespace ablate {
namespace {

thread_local AuxiliaryLosses* innermost = nullptr;

}  // namespace

AuxiliaryLosses::AuxiliaryLosses() : outer_(innermost) { innermost = this; }
AuxiliaryLosses::~AuxiliaryLosses() { innermost = outer_; }

bool AuxiliaryLosses::are_wanted() { return innermost != nullptr; }

void AuxiliaryLosses::add(const Tensor& loss) {
  if (innermost == nullptr) return;
  Tensor& sum = innermost->sum_;
  sum = sum.defined() ? sum + loss : loss;
}

}  // namespace ablate
