#include "transformer/training/trainer.h"

#include "transformer/training/trainer_state.h"

#include <ATen/Context.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <stdexcept>

namespace ablate {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

double ratio(std::int64_t part, std::int64_t whole) { return static_cast<double>(part) / static_cast<double>(whole); }

/// The same sums in the same order each time; an operation that cannot do so is an error, since the run could not be
/// resumed bit for bit. The settings are the process's, so they are put back: sampling has no such kernels on CUDA.
class DeterministicScope {
 public:
  DeterministicScope() {
    context_.setDeterministicAlgorithms(true, /*warn_only=*/false);
    // LibTorch would also fill all memory that is not yet written, at each allocation; nothing here reads it.
    context_.setDeterministicFillUninitializedMemory(false);
  }
  ~DeterministicScope() {
    context_.setDeterministicFillUninitializedMemory(fill_);
    context_.setDeterministicAlgorithms(algorithms_, warn_only_);
  }
  DeterministicScope(const DeterministicScope&) = delete;
  DeterministicScope& operator=(const DeterministicScope&) = delete;

 private:
  at::Context& context_ = at::globalContext();
  bool algorithms_ = context_.deterministicAlgorithms();
  bool warn_only_ = context_.deterministicAlgorithmsWarnOnly();
  bool fill_ = context_.deterministicFillUninitializedMemory();
};

}  // namespace

Trainer::Trainer(Transformer& model, const TrainingConfig& config, std::int64_t d_model, std::filesystem::path folder,
                 std::uint64_t seed, TrainerHooks hooks)
    : model_(model),
      config_(config),
      schedule_context_{d_model, 0},
      folder_(std::move(folder)),
      seed_(seed),
      hooks_(std::move(hooks)),
      step_(model, config),
      checkpoints_(folder_, config.checkpoints.keep_last, config.checkpoints.keep_best) {
  if (const std::string missing = config_.missing(); !missing.empty()) {
    throw std::invalid_argument("Trainer: " + missing);
  }
  if (config_.budget.flops && hooks_.flops_per_token <= 0) {
    throw std::invalid_argument("Trainer: a budget in FLOPs needs to know what a token costs");
  }
  schedule_context_.total_steps = total_steps();
}

std::int64_t Trainer::total_steps() const {
  std::int64_t steps = config_.budget.steps.value_or(0);
  if (config_.budget.epochs) {
    const std::int64_t batches = *config_.budget.epochs * hooks_.batches.batches_per_epoch;
    const std::int64_t from_epochs = (batches + config_.accumulate - 1) / config_.accumulate;
    steps = steps > 0 ? std::min(steps, from_epochs) : from_epochs;
  }
  return steps;
}

std::vector<Batch> Trainer::next_batches() {
  std::vector<Batch> group;
  while (static_cast<std::int64_t>(group.size()) < config_.accumulate) {
    group.push_back(hooks_.batches.batch(counters_.epoch, counters_.batch).to(model_.device()));
    if (++counters_.batch == hooks_.batches.batches_per_epoch) {
      counters_.batch = 0;
      ++counters_.epoch;
      // An update never mixes the end of the budget with what lies behind it.
      if (config_.budget.epochs && counters_.epoch >= *config_.budget.epochs) break;
    }
  }
  return group;
}

StepResult Trainer::update() {
  epoch_before_ = counters_.epoch;
  return step_.run(next_batches(), learning_rate(config_.schedule, schedule_context_, counters_.step + 1));
}

std::string Trainer::divergence(const StepResult& step) const {
  const char* what = !std::isfinite(step.loss) ? "loss" : !std::isfinite(step.norm) ? "gradient" : nullptr;
  if (what == nullptr) return "";
  return std::string("the ") + what + " of update " + std::to_string(counters_.step + 1) + " is not finite";
}

void Trainer::account(const StepResult& step, double seconds) {
  ++counters_.step;
  counters_.tokens += step.tokens;
  counters_.seconds += seconds;
  counters_.log_loss += step.loss * static_cast<double>(step.tokens);
  counters_.log_nll += step.nll * static_cast<double>(step.tokens);
  counters_.log_norm += step.norm;
  counters_.log_tokens += step.tokens;
  counters_.log_seconds += seconds;
  ++counters_.log_steps;
}

double Trainer::progress() const {
  const BudgetConfig& budget = config_.budget;
  double part = 0;
  if (const std::int64_t total = schedule_context_.total_steps; total > 0) part = ratio(counters_.step, total);
  if (budget.tokens) part = std::max(part, ratio(counters_.tokens, *budget.tokens));
  if (budget.flops) part = std::max(part, flops() / *budget.flops);
  if (budget.minutes) part = std::max(part, counters_.seconds / (60 * *budget.minutes));
  return std::min(part, 1.0);
}

LogLine Trainer::log_line(const StepResult& step) const {
  const double tokens = static_cast<double>(std::max<std::int64_t>(1, counters_.log_tokens));
  return {.step = counters_.step,
          .epoch = counters_.epoch,
          .tokens = counters_.tokens,
          .loss = counters_.log_loss / tokens,
          .nll = counters_.log_nll / tokens,
          .gradient_norm = counters_.log_norm / static_cast<double>(std::max<std::int64_t>(1, counters_.log_steps)),
          .learning_rate = step.learning_rate,
          .tokens_per_second = tokens / std::max(1e-9, counters_.log_seconds),
          .seconds = counters_.seconds,
          .progress = progress()};
}

std::string Trainer::limit_reached() const {
  const BudgetConfig& budget = config_.budget;
  if (budget.steps && counters_.step >= *budget.steps) return "steps";
  if (budget.epochs && counters_.epoch >= *budget.epochs) return "epochs";
  if (budget.tokens && counters_.tokens >= *budget.tokens) return "tokens";
  if (budget.flops && flops() >= *budget.flops) return "flops";
  if (budget.minutes && counters_.seconds >= 60 * *budget.minutes) return "minutes";
  if (config_.patience && counters_.without_improvement >= *config_.patience) return "patience";
  return "";
}

bool Trainer::evaluation_is_due() const {
  if (config_.evaluate_every.steps) return counters_.step % *config_.evaluate_every.steps == 0;
  // The update that crosses the end of an epoch is the last one of it; a large one may cross several.
  const std::int64_t every = config_.evaluate_every.epochs.value_or(1);
  return counters_.epoch / every != epoch_before_ / every;
}

/// Empty, or why the weights are not worth keeping.
std::string Trainer::evaluate() {
  const SplitLoss dev = hooks_.evaluate(model_);
  if (!std::isfinite(dev.nll)) return "the dev loss after update " + std::to_string(counters_.step) + " is not finite";
  const bool best = counters_.last_evaluation < 0 || dev.nll < counters_.best_nll;
  if (best) counters_.best_nll = dev.nll;
  counters_.without_improvement = best ? 0 : counters_.without_improvement + 1;
  counters_.last_evaluation = counters_.step;
  checkpoints_.save(model_, {counters_.step, dev.nll});
  hooks_.on_evaluation({counters_.step, counters_.epoch, counters_.tokens, dev, counters_.seconds, best});
  return "";
}

/// What an update without a finite loss or gradient found is what the update before it left.
void Trainer::keep_last_finite() {
  if (counters_.step > std::max<std::int64_t>(0, counters_.last_evaluation) && evaluate().empty()) {
    checkpoints_.remove_others();
  }
}

TrainingOutcome Trainer::outcome(TrainingStatus status, std::string reason) const {
  return {.status = status,
          .reason = std::move(reason),
          .steps = counters_.step,
          .epochs = counters_.epoch,
          .tokens = counters_.tokens,
          .seconds = counters_.seconds,
          .last = checkpoints_.last(config_.checkpoints.keep_last),
          .best = checkpoints_.best(config_.checkpoints.keep_best)};
}

TrainingOutcome Trainer::run() {
  const DeterministicScope deterministic;
  if (!load_state()) {
    at::Generator generator = at::globalContext().defaultGenerator(at::kCPU);
    generator.set_current_seed(seed_);
    if (!model_.device().is_cpu()) {
      at::Generator device_generator = at::globalContext().defaultGenerator(model_.device());
      device_generator.set_current_seed(seed_);
    }
  }
  hooks_.on_start(counters_.step);
  model_.train();
  while (limit_reached().empty()) {
    const Clock::time_point start = Clock::now();
    const StepResult step = update();
    if (const std::string why = divergence(step); !why.empty()) {
      keep_last_finite();
      return outcome(TrainingStatus::diverged, why);
    }
    account(step, since(start));
    const LogLine line = log_line(step);
    hooks_.on_step(line);
    if (counters_.step % config_.log_every == 0) {
      hooks_.on_log(line);
      counters_.log_loss = counters_.log_nll = counters_.log_norm = counters_.log_seconds = 0;
      counters_.log_tokens = counters_.log_steps = 0;
    }
    const bool ends = !limit_reached().empty();
    if (ends || evaluation_is_due()) {
      if (const std::string why = evaluate(); !why.empty()) return outcome(TrainingStatus::diverged, why);
      save_state();
      checkpoints_.remove_others();
    }
    if (!ends && hooks_.stop_requested()) {
      save_state();
      return outcome(TrainingStatus::interrupted, "stopped on request");
    }
  }
  return outcome(TrainingStatus::finished, limit_reached());
}

void Trainer::save_state() {
  TensorFile file;
  file.tensors = step_.optimizer().state();
  for (const auto& [name, tensor] : weights_of(model_)) file.tensors["model." + name] = tensor;
  for (const auto& [name, tensor] : generator_states(model_.device())) file.tensors[name] = tensor;
  const Counters& c = counters_;
  file.metadata = state_metadata({.integers = {c.step, c.epoch, c.batch, c.tokens, c.without_improvement,
                                               c.last_evaluation, c.log_tokens, c.log_steps},
                                  .reals = {c.seconds, c.best_nll, c.log_loss, c.log_nll, c.log_norm, c.log_seconds},
                                  .kept = checkpoints_.kept()});
  write_tensors(folder_ / "state.safetensors", file);
}

bool Trainer::load_state() {
  const std::filesystem::path path = folder_ / "state.safetensors";
  if (!std::filesystem::exists(path)) return false;
  const TensorFile file = read_tensors(path);
  NamedTensors weights;
  for (const auto& [name, tensor] : file.tensors) {
    if (name.starts_with("model.")) weights[name.substr(6)] = tensor;
  }
  load_weights(model_, weights, path.string());
  step_.optimizer().load_state(file.tensors);
  load_generator_states(file.tensors, model_.device());
  TrainerState state = parse_state_metadata(file.metadata, path.string());
  Counters& c = counters_;
  std::tie(c.step, c.epoch, c.batch, c.tokens, c.without_improvement, c.last_evaluation, c.log_tokens, c.log_steps) =
      std::tuple_cat(state.integers);
  std::tie(c.seconds, c.best_nll, c.log_loss, c.log_nll, c.log_norm, c.log_seconds) = std::tuple_cat(state.reals);
  checkpoints_.restore(std::move(state.kept));
  return true;
}

}  // namespace ablate
