#pragma once
// The training loop: batches in, updated weights, checkpoints and a log out. It knows neither files of text nor tables:
// batches and the dev set come as functions.
#include "transformer/training/checkpoint.h"
#include "transformer/training/step.h"

#include <filesystem>

namespace ablate {

/// Training batches, a function of the seed of the data and of these two numbers alone.
struct BatchSource {
  std::function<Batch(std::int64_t epoch, std::int64_t index)> batch;
  std::int64_t batches_per_epoch = 0;
};

/// What happened since the last line of the log.
struct LogLine {
  std::int64_t step, epoch, tokens;
  double loss;           ///< smoothed, nats per token
  double nll;            ///< nats per token
  double gradient_norm;  ///< mean of the norms before clipping
  double learning_rate;
  double tokens_per_second;  ///< target tokens
  double seconds;            ///< spent training, from the start
  double progress;           ///< share of the budget that is used, 0 … 1
};

struct EvaluationLine {
  std::int64_t step, epoch, tokens;
  SplitLoss dev;
  double seconds;
  bool best;
};

enum class TrainingStatus { finished, diverged, interrupted };

struct TrainingOutcome {
  TrainingStatus status = TrainingStatus::finished;
  std::string reason;  ///< which limit ended it; for a diverged run what was not finite and where
  std::int64_t steps = 0, epochs = 0, tokens = 0;
  double seconds = 0;  ///< spent training, evaluations and checkpoints apart
  std::vector<KeptCheckpoint> last, best;
};

/// The outside world of a run.
struct TrainerHooks {
  BatchSource batches;
  std::function<SplitLoss(Transformer&)> evaluate;
  std::function<void(std::int64_t step)> on_start;  ///< before the first update: how many there were before
  std::function<void(const LogLine&)> on_log;
  std::function<void(const EvaluationLine&)> on_evaluation;
  std::function<void(const LogLine&)> on_step;  ///< after every update, for a live progress line
  std::function<bool()> stop_requested;         ///< asked after every update
  double flops_per_token = 0;                   ///< of learning from one target token; for a budget in FLOPs
};

class Trainer {
 public:
  /// `folder` keeps `state.safetensors` and the checkpoints. `seed` decides dropout.
  Trainer(Transformer& model, const TrainingConfig& config, std::int64_t d_model, std::filesystem::path folder,
          std::uint64_t seed, TrainerHooks hooks);

  /// RunError if the disk fails, UserError for a damaged `state.safetensors`.
  /// Goes on from `state.safetensors` if it is there. The result is bit for bit that of a run without interruption
  /// (same machine, same number of threads; budgets in minutes apart).
  TrainingOutcome run();

  /// Number of updates of an uninterrupted run, or 0 if the budget does not tell.
  std::int64_t total_steps() const;

 private:
  struct Counters {
    std::int64_t step = 0, epoch = 0, batch = 0, tokens = 0;
    double seconds = 0;
    double best_nll = 0;
    std::int64_t without_improvement = 0;
    std::int64_t last_evaluation = -1;
    // Sums since the last line of the log.
    double log_loss = 0, log_nll = 0, log_norm = 0, log_seconds = 0;
    std::int64_t log_tokens = 0, log_steps = 0;
  };

  std::string divergence(const StepResult& step) const;
  StepResult update();
  std::vector<Batch> next_batches();
  void account(const StepResult& step, double seconds);
  LogLine log_line(const StepResult& step) const;
  bool evaluation_is_due() const;
  std::string evaluate();
  void keep_last_finite();
  std::string limit_reached() const;
  double progress() const;
  double flops() const { return static_cast<double>(counters_.tokens) * hooks_.flops_per_token; }
  void save_state();
  bool load_state();
  TrainingOutcome outcome(TrainingStatus status, std::string reason) const;

  Transformer& model_;
  TrainingConfig config_;
  ScheduleContext schedule_context_;
  std::filesystem::path folder_;
  std::uint64_t seed_;
  TrainerHooks hooks_;
  TrainingStep step_;
  CheckpointFolder checkpoints_;
  Counters counters_;
  std::int64_t epoch_before_ = 0;  ///< the epoch in which the last update began
};

}  // namespace ablate
