#include "transformer/training/step.h"

#include "transformer/training/autocast.h"

#include <algorithm>
#include <cmath>

namespace ablate {

TrainingStep::TrainingStep(Transformer& model, const TrainingConfig& config)
    : model_(model),
      loss_(config.loss),
      clip_norm_(config.clip_norm),
      precision_(precision_table().at(config.precision)),
      optimizer_(make_optimizer(config.optimizer, model)) {}

StepResult TrainingStep::run(const std::vector<Batch>& batches, double learning_rate) {
  StepResult result{.learning_rate = learning_rate};
  for (const Batch& batch : batches) result.tokens += batch.target_tokens;
  // Batches in which there is nothing to say, such as hidden words of empty documents, teach nothing.
  const double said = static_cast<double>(std::max<std::int64_t>(1, result.tokens));
  optimizer_->zero_grad();
  for (const Batch& batch : batches) {
    BatchLoss loss;
    {
      const Autocast autocast(precision_, model_.device());
      loss = compute_loss(model_, batch, loss_);
    }
    const Tensor minimised = loss.minimised();
    result.loss += minimised.item<double>();
    result.nll += loss.nll.item<double>();
    if (!std::isfinite(result.loss)) break;
    (minimised / said).backward();
  }
  result.loss /= said;
  result.nll /= said;
  if (!std::isfinite(result.loss)) return result;
  result.norm = optimizer_->clip_gradients(clip_norm_);
  if (std::isfinite(result.norm)) optimizer_->step(learning_rate);
  return result;
}

}  // namespace ablate
