#pragma once
// One update of the weights: gradients of a group of batches, clipping, optimizer. What repeats it, and when it ends,
// is the business of trainer.h.
#include "transformer/training/config.h"

namespace ablate {

/// What an update found, as means over the target tokens of its batches.
struct StepResult {
  double loss = 0;  ///< what is minimised: smoothed, nats per token, with the auxiliary losses of the layers
  double nll = 0;   ///< nats per token
  double norm = 0;  ///< of the gradient, before clipping
  double learning_rate = 0;
  std::int64_t tokens = 0;  ///< target tokens
};

class TrainingStep {
 public:
  TrainingStep(Transformer& model, const TrainingConfig& config);

  /// Minimises the loss per target token over all of `batches` together. A loss or a norm that is not finite leaves the
  /// weights as they were.
  StepResult run(const std::vector<Batch>& batches, double learning_rate);

  Optimizer& optimizer() { return *optimizer_; }
  const Optimizer& optimizer() const { return *optimizer_; }

 private:
  Transformer& model_;
  LossConfig loss_;
  std::optional<double> clip_norm_;
  Precision precision_;
  std::unique_ptr<Optimizer> optimizer_;
};

}  // namespace ablate
