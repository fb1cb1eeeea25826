#include "transformer/model/layer_states.h"

namespace ablate {
namespace {

thread_local LayerStates* innermost_states = nullptr;

}  // namespace

LayerStates::LayerStates() : outer_(innermost_states) { innermost_states = this; }
LayerStates::~LayerStates() { innermost_states = outer_; }

void LayerStates::add(const std::string& stack, const Tensor& x) {
  if (innermost_states != nullptr) innermost_states->states_[stack].push_back(x);
}

}  // namespace ablate
