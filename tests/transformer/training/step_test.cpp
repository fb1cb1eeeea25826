// What an update does with more than one loss.
#include "transformer/training/step.h"

#include "tests/transformer/training/support.h"

using namespace ablate;
using namespace ablate::testing;

TEST_CASE("an update minimises the load of experts beside the mean loss per token", "[training][trainer]") {
  ModelConfig config = small_model(0);
  for (FeedForwardConfig* unit : {&config.encoder.feed_forward, &config.decoder.feed_forward}) {
    unit->experts.kind = "top_k_softmax";
    unit->experts.number = 3;
    unit->experts.load_balancing = 0.5;
  }
  const auto updated = make_transformer(config, tiny_vocabulary, at::kCPU, 1);
  updated->train();
  // One plain gradient step with learning rate 1: the change of the weights is the gradient.
  TrainingConfig training = short_training();
  training.optimizer.kind = "sgd";
  training.schedule.learning_rate = 1;
  const std::vector<Batch> batches{copy_batch(random_sentences(1, 4)), copy_batch(random_sentences(2, 3))};
  const StepResult result = TrainingStep(*updated, training).run(batches, 1);

  const auto model = make_transformer(config, tiny_vocabulary, at::kCPU, 1);
  model->train();
  Tensor sum;
  for (const Batch& batch : batches) {
    const BatchLoss one = compute_loss(*model, batch, training.loss);
    REQUIRE(one.auxiliary.defined());
    const Tensor loss = one.loss + one.auxiliary * batch.target_tokens;
    sum = sum.defined() ? sum + loss : loss;
  }
  const Tensor mean = sum / (batches[0].target_tokens + batches[1].target_tokens);
  CHECK(result.loss == Approx(mean.item<double>()).epsilon(1e-5));
  CHECK(result.loss > result.nll + 0.9);  // two layers, each at least about its factor
  for (const auto& [name, gradient] : gradients(*model, mean)) {
    INFO(name);
    CHECK_CLOSE(updated->named_parameters()[name], model->named_parameters()[name] - gradient, 1e-5);
  }
}
