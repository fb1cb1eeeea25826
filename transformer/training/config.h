#pragma once
// The `training` section of an experiment file, but for the batches, which are the data's business.
#include "transformer/training/loss.h"
#include "transformer/training/optimizer.h"
#include "transformer/training/schedule.h"

namespace ablate {

/// When training ends: at the first of the limits that are given. At least one must be.
struct BudgetConfig {
  std::optional<std::int64_t> steps;
  std::optional<std::int64_t> epochs;
  std::optional<std::int64_t> tokens;
  std::optional<double> flops;
  std::optional<double> minutes;
  void describe(config::Fields& f);
};

/// A distance between events of training, in updates or in epochs.
struct IntervalConfig {
  std::optional<std::int64_t> steps;
  std::optional<std::int64_t> epochs;
  void describe(config::Fields& f);
};

struct CheckpointConfig {
  std::int64_t keep_last = 1;
  std::int64_t keep_best = 1;
  void describe(config::Fields& f);
};

enum class Precision { fp32, bf16 };
const config::VariantTable<Precision>& precision_table();

struct TrainingConfig {
  OptimizerConfig optimizer;
  ScheduleConfig schedule;
  LossConfig loss;
  std::optional<double> clip_norm;
  std::int64_t accumulate = 1;
  std::string precision = "fp32";
  BudgetConfig budget;
  IntervalConfig evaluate_every;
  std::optional<std::int64_t> patience;
  CheckpointConfig checkpoints;
  std::int64_t log_every = 50;
  void describe(config::Fields& f);
  /// What still has to be said before a model can be trained: "" or one sentence. Not an error while reading, as a
  /// model can be described without training it.
  std::string missing() const;
};

}  // namespace ablate
