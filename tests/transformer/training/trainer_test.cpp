// The training loop: what an update is, when training ends, when it is evaluated and logged.
#include "transformer/training/trainer.h"

#include <cmath>

#include "tests/transformer/training/support.h"
#include "transformer/core/error.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

using Steps = std::vector<std::int64_t>;

/// Dev losses by the number of the evaluation, the last one for ever.
std::function<SplitLoss(Transformer&)> scripted(std::vector<double> nlls) {
  return [nlls, next = std::size_t{0}](Transformer&) mutable {
    SplitLoss dev;
    dev.loss = dev.nll = nlls[std::min(next++, nlls.size() - 1)];
    dev.tokens = 1;
    return dev;
  };
}

/// One plain gradient step with learning rate 1: the change of the weights is the gradient.
TrainingConfig one_gradient_step() {
  TrainingConfig config = short_training();
  config.optimizer.kind = "sgd";
  config.schedule.learning_rate = 1;
  config.budget.steps = 1;
  return config;
}

NamedTensors weights_after(const TrainingConfig& config, const BatchSource& batches) {
  const TemporaryFolder folder;
  TestRun run(folder.path(), config);
  run.batches = batches;
  run.run();
  return weights_of(*run.model);
}

}  // namespace

TEST_CASE("training learns to copy", "[training][trainer]") {
  const TemporaryFolder folder;
  TestRun run(folder.path());
  run.config.budget.steps = 150;
  run.config.evaluate_every.steps = 50;
  run.config.schedule.learning_rate = 0.01;
  run.config.schedule.warmup = 20;
  run.config.loss.label_smoothing = 0;
  run.config.log_every = 50;
  const std::vector<Sentence> sentences = random_sentences(3, 8);
  run.batches = {[&](std::int64_t, std::int64_t) { return copy_batch(sentences); }, 1};
  run.evaluate = [&](Transformer& model) {
    return evaluate_loss(
        model, 1, [&](std::int64_t) { return copy_batch(sentences); }, run.config.loss);
  };
  const TrainingOutcome outcome = run.run();
  CHECK(outcome.status == TrainingStatus::finished);
  REQUIRE(run.log.size() == 3);
  CHECK(run.updates.front().loss > 2);
  CHECK(run.log[1].loss < run.log[0].loss);
  CHECK(run.log[2].loss < run.log[1].loss);
  CHECK(run.evaluations.back().dev.nll < 0.1);
  CHECK(run.evaluations.back().dev.accuracy == 1);
}

TEST_CASE("gradients of two half batches add up to those of the whole", "[training][trainer]") {
  const auto sentences = [](std::int64_t number) { return random_sentences(static_cast<std::uint64_t>(number), 4); };
  const BatchSource whole{[&](std::int64_t, std::int64_t i) { return copy_batch(sentences(i)); }, 100};
  const BatchSource halves{[&](std::int64_t, std::int64_t i) {
                             const auto all = sentences(i / 2);
                             const auto middle = all.begin() + 1;  // of unequal size, and padded differently
                             return copy_batch(i % 2 == 0 ? std::vector<Sentence>(all.begin(), middle)
                                                          : std::vector<Sentence>(middle, all.end()));
                           },
                           200};
  for (const std::int64_t steps : {1, 3}) {
    TrainingConfig config = one_gradient_step();
    config.budget.steps = steps;
    config.schedule.learning_rate = 0.3;
    const NamedTensors expected = weights_after(config, whole);
    config.accumulate = 2;
    const NamedTensors actual = weights_after(config, halves);
    for (const auto& [name, weight] : expected) {
      INFO(name);
      CHECK_CLOSE(actual.at(name), weight, 1e-5);
    }
  }
}

TEST_CASE("an update is the gradient of the mean loss per token", "[training][trainer]") {
  const Batch batch = copy_batch(random_sentences(1, 4));
  const TrainingConfig config = one_gradient_step();
  const NamedTensors after = weights_after(config, {[&](std::int64_t, std::int64_t) { return batch; }, 1});
  const auto model = make_transformer(small_model(0), tiny_vocabulary, at::kCPU, 1);
  const Tensor mean = compute_loss(*model, batch, config.loss).loss / batch.target_tokens;
  for (const auto& [name, gradient] : gradients(*model, mean)) {
    INFO(name);
    CHECK_CLOSE(after.at(name), model->named_parameters()[name] - gradient, 1e-6);
  }
}

TEST_CASE("clipping limits how far an update goes, and the norm before is logged", "[training][trainer]") {
  TrainingConfig config = one_gradient_step();
  config.clip_norm = 0.01;
  config.schedule.learning_rate = 0.5;
  config.log_every = 1;
  const TemporaryFolder folder;
  TestRun run(folder.path(), config);
  run.run();
  const auto start = weights_of(*make_transformer(small_model(0), tiny_vocabulary, at::kCPU, 1));
  double squares = 0;
  for (const auto& [name, weight] : weights_of(*run.model)) {
    squares += (weight - start.at(name)).detach().to(at::kDouble).pow(2).sum().item<double>();
  }
  CHECK(std::sqrt(squares) == Approx(0.5 * 0.01).epsilon(1e-3));
  CHECK(run.log.at(0).gradient_norm > 0.1);
}

TEST_CASE("training ends at the first limit of its budget", "[training][trainer][budget]") {
  const TemporaryFolder folder;
  TestRun run(folder.path());
  run.config.budget = {};
  run.batches = copy_batches(3);
  SECTION("steps") {
    run.config.budget = epochs(9);
    run.config.budget.steps = 5;
    run.config.budget.tokens = 1'000'000;
    const TrainingOutcome outcome = run.run();
    CHECK(outcome.reason == "steps");
    CHECK(outcome.steps == 5);
    CHECK(outcome.epochs == 1);
  }
  SECTION("epochs") {
    run.config.budget = epochs(2);
    run.config.budget.steps = 50;
    const TrainingOutcome outcome = run.run();
    CHECK(outcome.reason == "epochs");
    CHECK(outcome.steps == 6);
    CHECK(outcome.epochs == 2);
  }
  SECTION("epochs, with a last update that is not full") {
    run.config.budget.epochs = 3;
    run.config.accumulate = 2;
    const TrainingOutcome outcome = run.run();
    CHECK(outcome.steps == 5);
    CHECK(outcome.epochs == 3);
    std::int64_t tokens = 0;
    for (std::int64_t i = 0; i < 9; ++i) tokens += run.batches.batch(i / 3, i % 3).target_tokens;
    CHECK(outcome.tokens == tokens);
  }
  SECTION("tokens") {
    std::int64_t two_batches = 0;
    for (std::int64_t i = 0; i < 2; ++i) two_batches += run.batches.batch(0, i).target_tokens;
    run.config.budget.tokens = two_batches;
    CHECK(run.run().steps == 2);
    const TemporaryFolder other;
    TestRun longer(other.path(), run.config);
    longer.batches = run.batches;
    longer.config.budget.tokens = two_batches + 1;
    const TrainingOutcome outcome = longer.run();
    CHECK(outcome.steps == 3);
    CHECK(outcome.reason == "tokens");
  }
  SECTION("FLOPs") {
    std::int64_t two_batches = 0;
    for (std::int64_t i = 0; i < 2; ++i) two_batches += run.batches.batch(0, i).target_tokens;
    run.flops_per_token = 1e6;
    run.config.budget.flops = 1e6 * static_cast<double>(two_batches) + 1;
    const TrainingOutcome outcome = run.run();
    CHECK(outcome.steps == 3);
    CHECK(outcome.reason == "flops");
    CHECK(run.updates[1].progress == Approx(1).epsilon(1e-6));
    CHECK(run.updates[1].progress < 1);
    const TemporaryFolder other;
    TestRun unknown(other.path(), run.config);
    unknown.batches = run.batches;
    CHECK_THROWS_AS(unknown.run(), std::invalid_argument);
  }
  SECTION("minutes") {
    run.config.budget.minutes = 1e-12;  // gone after any update
    const TrainingOutcome outcome = run.run();
    CHECK(outcome.reason == "minutes");
    CHECK(outcome.steps == 1);
  }
}

TEST_CASE("the number of updates is known where the budget tells it", "[training][trainer][budget]") {
  const auto model = make_transformer(small_model(0), tiny_vocabulary, at::kCPU, 1);
  const auto total = [&](const BudgetConfig& budget, std::int64_t accumulate = 1) {
    TrainingConfig config = short_training();
    config.budget = budget;
    config.accumulate = accumulate;
    TrainerHooks hooks;
    hooks.batches = copy_batches(5);
    return Trainer(*model, config, 16, "unused", 1, std::move(hooks)).total_steps();
  };
  CHECK(total(epochs(3)) == 15);
  CHECK(total(epochs(3), 2) == 8);
  BudgetConfig budget;
  budget.tokens = 1000;
  budget.minutes = 10;
  CHECK(total(budget) == 0);
  budget.steps = 70;
  CHECK(total(budget) == 70);
  budget.epochs = 3;
  CHECK(total(budget) == 15);
  budget.steps = 7;
  CHECK(total(budget) == 7);
}

TEST_CASE("the dev loss is measured at intervals and at the end", "[training][trainer][evaluation]") {
  const TemporaryFolder folder;
  TestRun run(folder.path());
  run.evaluate = scripted({1});
  run.batches = copy_batches(3);
  const auto evaluated = [&] {
    run.run();
    return steps_of(run.evaluations);
  };
  SECTION("in steps") {
    CHECK(evaluated() == Steps{4, 8, 10});
    CHECK(run.evaluations[0].epoch == 1);
  }
  SECTION("in steps that end with the budget") {
    run.config.evaluate_every.steps = 5;
    CHECK(evaluated() == Steps{5, 10});
  }
  SECTION("every epoch if nothing is said") {
    run.config.evaluate_every = {};
    CHECK(evaluated() == Steps{3, 6, 9, 10});
  }
  SECTION("in epochs") {
    run.config.evaluate_every = {};
    run.config.evaluate_every.epochs = 2;
    run.config.budget = epochs(5);
    CHECK(evaluated() == Steps{6, 12, 15});
  }
  SECTION("in epochs, where updates cross their ends") {
    run.config.evaluate_every = {};
    run.config.accumulate = 2;
    run.config.budget = epochs(4);
    CHECK(evaluated() == Steps{2, 3, 5, 6});
  }
  SECTION("in epochs, where one update spans several") {
    run.config.evaluate_every = {};
    run.config.evaluate_every.epochs = 3;
    run.config.accumulate = 12;  // four epochs an update: it steps over the ends of epochs 3, 6 and 9, not onto them
    run.config.budget = epochs(16);
    CHECK(evaluated() == Steps{1, 2, 3, 4});
  }
}

TEST_CASE("training stops when the dev loss gets no better", "[training][trainer][evaluation]") {
  const TemporaryFolder folder;
  TestRun run(folder.path());
  run.config.evaluate_every.steps = 1;
  run.config.patience = 2;
  run.evaluate = scripted({3, 2, 2.5, 1.5, 1.5, 1.6, 0.1});
  const TrainingOutcome outcome = run.run();
  CHECK(outcome.status == TrainingStatus::finished);
  CHECK(outcome.reason == "patience");
  CHECK(outcome.steps == 6);
  std::vector<bool> best;
  for (const EvaluationLine& line : run.evaluations) best.push_back(line.best);
  CHECK(best == std::vector<bool>{true, true, false, true, false, false});
  CHECK(steps_of(outcome.best) == Steps{4});
  CHECK(steps_of(outcome.last) == Steps{6});
  CHECK(outcome.best.front().nll == 1.5);
  CHECK(run.files() ==
        std::vector<std::string>{"state.safetensors", "step_00000004.safetensors", "step_00000006.safetensors"});
}

TEST_CASE("the checkpoints of a run are the weights that were evaluated", "[training][trainer][evaluation]") {
  const TemporaryFolder folder;
  TestRun run(folder.path());
  run.config.checkpoints = {.keep_last = 2, .keep_best = 1};
  std::vector<double> measured;
  run.evaluate = [&](Transformer& model) {
    const SplitLoss dev = run.dev_loss(model);
    measured.push_back(dev.nll);
    return dev;
  };
  const TrainingOutcome outcome = run.run();
  REQUIRE(steps_of(outcome.last) == Steps{10, 8});
  const CheckpointFolder checkpoints(folder.path(), 2, 1);
  const auto model = make_transformer(small_model(0), tiny_vocabulary, at::kCPU, 2);
  for (std::size_t i = 0; i < 2; ++i) {
    load_weights(*model, read_tensors(checkpoints.file(outcome.last[i].step)).tensors, "checkpoint");
    CHECK(run.dev_loss(*model).nll == measured.at(2 - i));
    CHECK(outcome.last[i].nll == measured.at(2 - i));
  }
  CHECK(identical(read_tensors(checkpoints.file(10)).tensors, weights_of(*run.model)));
}

TEST_CASE("a line of the log sums up the updates since the last one", "[training][trainer][log]") {
  const TemporaryFolder folder;
  TestRun run(folder.path());
  run.config.schedule.warmup = 8;
  run.batches = copy_batches(4);
  TestRun every(folder / "every", run.config);
  every.config.log_every = 1;
  every.batches = run.batches;
  run.run();
  every.run();
  REQUIRE(steps_of(run.log) == Steps{3, 6, 9});
  REQUIRE(every.log.size() == 10);
  for (std::size_t i = 0; i < 3; ++i) {
    double loss = 0, nll = 0, norm = 0;
    std::int64_t tokens = 0;
    for (std::size_t j = 3 * i; j < 3 * i + 3; ++j) {
      const std::int64_t own = every.log[j].tokens - (j > 0 ? every.log[j - 1].tokens : 0);
      loss += every.log[j].loss * static_cast<double>(own);
      nll += every.log[j].nll * static_cast<double>(own);
      norm += every.log[j].gradient_norm / 3;
      tokens += own;
    }
    const LogLine& line = run.log[i];
    CHECK(line.loss == Approx(loss / static_cast<double>(tokens)).epsilon(1e-12));
    CHECK(line.nll == Approx(nll / static_cast<double>(tokens)).epsilon(1e-12));
    CHECK(line.gradient_norm == Approx(norm).epsilon(1e-12));
    CHECK(line.tokens == every.log[3 * i + 2].tokens);
    CHECK(line.learning_rate ==
          Approx(learning_rate(run.config.schedule, {.d_model = 16, .total_steps = 10}, line.step)).epsilon(1e-12));
    CHECK(line.epoch == line.step / 4);
    CHECK(line.progress == Approx(static_cast<double>(line.step) / 10).epsilon(1e-12));
    CHECK(line.tokens_per_second > 0);
  }
}

TEST_CASE("a decaying schedule ends with the budget", "[training][trainer]") {
  const TemporaryFolder folder;
  TestRun run(folder.path());
  run.config.schedule.kind = "linear";
  run.config.budget = epochs(2);
  run.run();
  CHECK(run.updates.size() == 10);
  CHECK(run.updates.front().learning_rate == Approx(0.9 * 0.003).epsilon(1e-12));
  CHECK(run.updates.back().learning_rate == Approx(0).margin(1e-15));
}

TEST_CASE("the seed decides dropout, and dropout alone", "[training][trainer]") {
  const auto first_losses = [](std::uint64_t seed, double dropout) {
    const TemporaryFolder folder;
    TestRun run(folder.path(), short_training(), dropout);
    run.seed = seed;
    run.config.budget.steps = 3;
    run.run();
    return std::vector<double>{run.updates[0].loss, run.updates[1].loss, run.updates[2].loss};
  };
  CHECK(first_losses(1, 0.3) == first_losses(1, 0.3));
  CHECK(first_losses(1, 0.3) != first_losses(2, 0.3));
  CHECK(first_losses(1, 0) == first_losses(2, 0));
}

TEST_CASE("training in bf16 is close to training in fp32", "[training][trainer]") {
  const auto losses = [](const char* precision) {
    const TemporaryFolder folder;
    TestRun run(folder.path());
    run.config.precision = precision;
    run.config.log_every = 1;
    CHECK(run.run().status == TrainingStatus::finished);
    for (const Tensor& parameter : run.model->parameters()) CHECK(parameter.scalar_type() == at::kFloat);
    std::vector<double> all;
    for (const LogLine& line : run.log) all.push_back(line.loss);
    return all;
  };
  const std::vector<double> full = losses("fp32"), half = losses("bf16");
  REQUIRE(full.size() == half.size());
  for (std::size_t i = 0; i < full.size(); ++i) CHECK(half[i] == Approx(full[i]).epsilon(0.01));
  CHECK(full != half);
}
