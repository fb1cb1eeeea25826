#pragma once
#include "transformer/core/torch.h"

namespace ablate {

/// Dropout off and no gradients while it lives.
class EvaluationMode {
 public:
  explicit EvaluationMode(torch::nn::Module& model) : model_(model), was_training_(model.is_training()) {
    model_.eval();
  }
  ~EvaluationMode() { model_.train(was_training_); }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  torch::nn::Module& model_;
  bool was_training_;
  at::NoGradGuard no_gradients_;
};

}  // namespace ablate
