// A run that was interrupted or killed and goes on is the run that was not: to the last bit of its weights,
// of its optimizer, of its log. And what becomes of a run that diverges, or whose disk is full.
#include <cmath>
#include <limits>

#include "tests/file_size_limit.h"
#include "tests/transformer/training/support.h"
#include "transformer/core/error.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

namespace fs = std::filesystem;
using Steps = std::vector<std::int64_t>;

constexpr double dropout = 0.2;

TensorFile state_of(const TestRun& run) { return read_tensors(run.folder / "state.safetensors"); }

/// All that makes up the result of a run, but for the seconds that it took.
void check_same_result(const TestRun& actual, const TestRun& expected) {
  CHECK(identical(weights_of(*actual.model), weights_of(*expected.model)));
  const TensorFile state = state_of(actual), wanted = state_of(expected);
  CHECK(identical(state.tensors, wanted.tensors));
  const TrainerState numbers = parse_state_metadata(state.metadata, "actual");
  const TrainerState wanted_numbers = parse_state_metadata(wanted.metadata, "expected");
  CHECK(numbers.integers == wanted_numbers.integers);
  for (const std::size_t i : {1, 2, 3, 4}) CHECK(numbers.reals[i] == wanted_numbers.reals[i]);
  CHECK(actual.files() == expected.files());

  const auto check_lines = [](const auto& lines, const auto& wanted_lines, auto&& numbers_of) {
    CHECK(lines.size() == wanted_lines.size());
    for (std::size_t i = 0; i < std::min(lines.size(), wanted_lines.size()); ++i) {
      INFO("line " << i);
      CHECK(numbers_of(lines[i]) == numbers_of(wanted_lines[i]));
    }
  };
  const auto of_log = [](const LogLine& line) {
    return std::vector<double>{double(line.step), double(line.epoch), double(line.tokens), line.loss,
                               line.nll,          line.gradient_norm, line.learning_rate,  line.progress};
  };
  check_lines(actual.log, expected.log, of_log);
  check_lines(actual.updates, expected.updates, of_log);
  check_lines(actual.evaluations, expected.evaluations, [](const EvaluationLine& line) {
    return std::vector<double>{double(line.step), double(line.epoch), double(line.tokens), line.dev.loss,
                               line.dev.nll,      line.dev.accuracy,  double(line.best)};
  });
}

/// Where runs of 13 updates are stopped: at once, before the first evaluation, at the end of an epoch, in the
/// middle of one, at an evaluation, and just before the end.
constexpr std::int64_t places[] = {1, 3, 5, 7, 8, 12};

/// Five batches an epoch, an evaluation after every fourth update.
TrainingConfig adam() {
  TrainingConfig config = short_training();
  config.schedule.kind = "noam";
  config.schedule.warmup = 6;
  config.clip_norm = 0.5;
  config.budget.steps = 13;
  config.checkpoints = {.keep_last = 2, .keep_best = 1};
  return config;
}

/// Updates of two batches, so that some reach into the next epoch; the fused SGD; an evaluation every epoch.
TrainingConfig sgd() {
  TrainingConfig config = short_training();
  config.optimizer = {.kind = "sgd", .weight_decay = 0.01, .momentum = 0.9, .nesterov = true};
  config.schedule.kind = "linear";
  config.schedule.learning_rate = 0.1;
  config.budget = epochs(5);
  config.evaluate_every = {};
  config.accumulate = 2;
  config.patience = 3;
  config.log_every = 5;
  return config;
}

struct Straight {
  explicit Straight(const TrainingConfig& config) : run(folder.path(), config, dropout) {
    CHECK(run.run().status == TrainingStatus::finished);
  }
  TemporaryFolder folder;
  TestRun run;
};

/// Asked after every update: true the first time after `step`.
std::function<bool()> stop_at(const TestRun& run, std::int64_t step) {
  return [&run, step, done = false]() mutable {
    if (done || run.updates.back().step != step) return false;
    done = true;
    return true;
  };
}

std::function<void(std::int64_t)> kill_at(std::int64_t step) {
  return [step](std::int64_t now) {
    if (now == step) throw Killed();
  };
}

void check_interrupted_runs(const TrainingConfig& config) {
  const Straight straight(config);
  REQUIRE(straight.run.updates.back().step == 13);
  for (const std::int64_t step : places) {
    INFO("interrupted after update " << step);
    const TemporaryFolder folder;
    TestRun run(folder.path(), config, dropout);
    run.stop_requested = stop_at(run, step);
    const TrainingOutcome outcome = run.run();
    REQUIRE(outcome.status == TrainingStatus::interrupted);
    CHECK(outcome.steps == step);
    REQUIRE(run.run().status == TrainingStatus::finished);
    CHECK(run.started_at == step);
    check_same_result(run, straight.run);
  }
}

void check_killed_runs(const TrainingConfig& config) {
  const Straight straight(config);
  const Steps saved = steps_of(straight.run.evaluations);
  for (const std::int64_t step : places) {
    INFO("killed after update " << step);
    const TemporaryFolder folder;
    TestRun run(folder.path(), config, dropout);
    run.after_update = kill_at(step);
    CHECK_THROWS_AS(run.run(), Killed);
    run.after_update = [](std::int64_t) {};
    REQUIRE(run.run().status == TrainingStatus::finished);
    std::int64_t from = 0;
    for (const std::int64_t place : saved) from = place < step ? place : from;
    CHECK(run.started_at == from);
    check_same_result(run, straight.run);
  }
}

}  // namespace

TEST_CASE("a run that is interrupted goes on as if nothing had been", "[training][resume][slow]") {
  SECTION("Adam") { check_interrupted_runs(adam()); }
  SECTION("SGD with accumulation") { check_interrupted_runs(sgd()); }
}

TEST_CASE("a run that is killed goes on from the state before", "[training][resume][slow]") {
  SECTION("Adam") { check_killed_runs(adam()); }
  SECTION("SGD with accumulation") { check_killed_runs(sgd()); }
}

TEST_CASE("a run that is interrupted again and again gets to the same end", "[training][resume]") {
  const Straight straight(adam());
  const TemporaryFolder folder;
  TestRun run(folder.path(), adam(), dropout);
  run.stop_requested = [] { return true; };
  int starts = 1;
  while (run.run().status == TrainingStatus::interrupted) ++starts;
  CHECK(starts == 13);
  check_same_result(run, straight.run);
}

TEST_CASE("a run that is killed between checkpoint and state keeps the files of the state", "[training][resume]") {
  TrainingConfig config = adam();
  config.checkpoints = {.keep_last = 1, .keep_best = 1};
  const Straight straight(config);
  const TemporaryFolder folder;
  TestRun run(folder.path(), config, dropout);
  run.after_evaluation = kill_at(8);
  CHECK_THROWS_AS(run.run(), Killed);
  const TrainerState state = parse_state_metadata(state_of(run).metadata, "state");
  CHECK(state.integers[0] == 4);
  for (const KeptCheckpoint& kept : state.kept) {
    CHECK_NOTHROW(read_tensors(CheckpointFolder(folder.path(), 1, 1).file(kept.step)));
  }
  run.after_evaluation = [](std::int64_t) {};
  run.run();
  check_same_result(run, straight.run);
}

TEST_CASE("without its state of dropout a run would end elsewhere", "[training][resume]") {
  const Straight straight(adam());
  const TemporaryFolder folder;
  TestRun run(folder.path(), adam(), dropout);
  run.stop_requested = stop_at(run, 6);
  run.run();
  TensorFile state = state_of(run);
  at::manual_seed(12345);
  state.tensors["random.cpu"] = generator_states(at::kCPU).at("random.cpu");
  write_tensors(folder / "state.safetensors", state);
  run.run();
  CHECK_FALSE(identical(weights_of(*run.model), weights_of(*straight.run.model)));
}

TEST_CASE("a finished run that is started again does nothing", "[training][resume]") {
  const TemporaryFolder folder;
  TestRun run(folder.path(), adam(), dropout);
  const TrainingOutcome first = run.run();
  const NamedTensors weights = weights_of(*run.model);
  run.updates.clear();
  const TrainingOutcome second = run.run();
  CHECK(run.started_at == 13);
  CHECK(run.updates.empty());
  CHECK(second.status == TrainingStatus::finished);
  CHECK(second.reason == "steps");
  CHECK(second.tokens == first.tokens);
  CHECK(steps_of(second.best) == steps_of(first.best));
  CHECK(identical(weights_of(*run.model), weights));
}

TEST_CASE("a damaged state is an error that names the file, and stays as it is", "[training][resume]") {
  const TemporaryFolder folder;
  TestRun run(folder.path());
  run.run();
  const fs::path state = folder / "state.safetensors";
  SECTION("cut off") {
    fs::resize_file(state, fs::file_size(state) - 5);
    CHECK_THROWS_AS(run.run(), UserError);
    CHECK_THROWS_MENTION(run.run(), state.string() + ": the checkpoint is cut off");
  }
  SECTION("one byte changed") {
    std::fstream file(state, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(-9, std::ios::end);
    file.put('\x55');
    file.close();
    CHECK_THROWS_MENTION(run.run(), state.string() + ": the checkpoint is damaged");
  }
  SECTION("of another model") {
    run.model_config.d_model = 32;
    CHECK_THROWS_MENTION(run.run(), state.string() + ": the weights of");
  }
  SECTION("no state at all") {
    write_tensors(state, {weights_of(*run.model), {}});
    CHECK_THROWS_MENTION(run.run(), state.string());
  }
  CHECK(fs::exists(state));
}

TEST_CASE("a loss that is not finite ends a run and keeps the last finite checkpoint", "[training][diverged]") {
  const TemporaryFolder folder;
  TestRun run(folder.path());
  run.after_update = [&](std::int64_t step) {
    if (step != 6) return;
    at::NoGradGuard no_grad;
    run.model->parameters().front().fill_(NAN);
  };
  const TrainingOutcome outcome = run.run();
  CHECK(outcome.status == TrainingStatus::diverged);
  CHECK(outcome.reason == "the loss of update 7 is not finite");
  CHECK(outcome.steps == 6);
  CHECK(steps_of(outcome.last) == Steps{4});
  CHECK(steps_of(outcome.best) == Steps{4});
  for (const auto& [name, weight] : read_tensors(folder / "step_00000004.safetensors").tensors) {
    CHECK(weight.isfinite().all().item<bool>());
  }
  CHECK(parse_state_metadata(state_of(run).metadata, "state").integers[0] == 4);
}

TEST_CASE("a run that diverges between two evaluations keeps the weights of the last finite update",
          "[training][diverged]") {
  const TemporaryFolder folder;
  TestRun run(folder.path());
  bool explode = false;
  run.on_model = [&](Transformer& model) {
    model.parameters().front().register_hook(
        [&](const Tensor& gradient) { return explode ? gradient * INFINITY : gradient; });
  };
  run.after_update = [&](std::int64_t step) { explode = step == 6; };
  const TrainingOutcome outcome = run.run();
  CHECK(outcome.reason == "the gradient of update 7 is not finite");
  REQUIRE(steps_of(outcome.last).front() == 6);
  const TensorFile kept = read_tensors(folder / "step_00000006.safetensors");
  CHECK(identical(kept.tensors, weights_of(*run.model)));
}

TEST_CASE("a learning rate far too high is a run that diverges", "[training][diverged]") {
  const TemporaryFolder folder;
  TestRun run(folder.path());
  run.config.optimizer.kind = "sgd";
  run.config.schedule.learning_rate = 1e38;
  const TrainingOutcome outcome = run.run();
  CHECK(outcome.status == TrainingStatus::diverged);
  CHECK(outcome.reason.ends_with("is not finite"));
  CHECK(outcome.steps < 10);
  CHECK(outcome.last.empty());
}

TEST_CASE("a gradient that is not finite ends a run before it reaches the weights", "[training][diverged]") {
  const TemporaryFolder folder;
  TestRun run(folder.path());
  run.on_model = [](Transformer& model) {
    model.parameters().front().register_hook([](const Tensor& gradient) { return gradient * INFINITY; });
  };
  const TrainingOutcome outcome = run.run();
  CHECK(outcome.status == TrainingStatus::diverged);
  CHECK(outcome.reason == "the gradient of update 1 is not finite");
  CHECK(outcome.steps == 0);
  const auto start = make_transformer(small_model(0), tiny_vocabulary, at::kCPU, 1);
  CHECK(identical(weights_of(*run.model), weights_of(*start)));
}

TEST_CASE("a dev loss that is not finite ends a run and is not kept", "[training][diverged]") {
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    const TemporaryFolder folder;
    TestRun run(folder.path());
    run.evaluate = [&run, bad](Transformer& model) {
      SplitLoss dev = run.dev_loss(model);
      if (run.updates.back().step == 8) dev.nll = bad;
      return dev;
    };
    const TrainingOutcome outcome = run.run();
    CHECK(outcome.status == TrainingStatus::diverged);
    CHECK(outcome.reason == "the dev loss after update 8 is not finite");
    CHECK(steps_of(outcome.last) == Steps{4});
    CHECK(run.files() == std::vector<std::string>{"state.safetensors", "step_00000004.safetensors"});
  }
}

TEST_CASE("a disk that fills while saving keeps the last good state, and the run goes on from it",
          "[training][resume]") {
  const Straight straight(adam());
  const TemporaryFolder folder;
  TestRun run(folder.path(), adam(), dropout);
  std::optional<FileSizeLimit> full;
  std::optional<std::string> message;
  SECTION("while the checkpoint is written") {
    run.after_update = [&](std::int64_t step) {
      if (step == 8) full.emplace(10'000);
    };
  }
  SECTION("while the state is written") {
    run.after_evaluation = [&](std::int64_t step) {
      if (step == 8) full.emplace(10'000);
    };
  }
  bool run_error = false;
  try {
    run.run();
  } catch (const RunError& error) {
    full.reset();
    run_error = true;
    message = error.what();
  }
  CHECK(run_error);
  CHECK(mentions(message, ".safetensors"));
  CHECK(mentions(message, "File too large"));
  CHECK(parse_state_metadata(state_of(run).metadata, "state").integers[0] == 4);
  CHECK_NOTHROW(read_tensors(folder / "step_00000004.safetensors"));
  run.after_update = run.after_evaluation = [](std::int64_t) {};
  CHECK(run.run().status == TrainingStatus::finished);
  CHECK(run.started_at == 4);
  check_same_result(run, straight.run);
}
