#pragma once
// Learning-rate schedules: plain functions of the number s = 1, 2, … of the update, after w = `warmup` of them:
//   noam          factor * d_model^-0.5 * min(s^-0.5, s w^-1.5)   (Vaswani et al. 2017, eq. (3))
//   inverse_sqrt  learning_rate * sqrt(w / s)
//   cosine        from learning_rate to final_learning_rate along half a cosine   (Loshchilov & Hutter 2017)
//   linear        the same along a line
//   constant      learning_rate
// All but noam rise linearly from initial_learning_rate during the warm-up.
#include "transformer/config/fields.h"

#include <cstdint>
#include <optional>
#include <string>

namespace ablate {

struct ScheduleConfig {
  std::string kind = "noam";
  double learning_rate = 1e-3;
  double factor = 1;
  std::int64_t warmup = 4000;
  double initial_learning_rate = 0;
  double final_learning_rate = 0;
  std::optional<std::int64_t> decay_steps;
  void describe(config::Fields& f);
};

struct ScheduleContext {
  std::int64_t d_model;
  std::int64_t total_steps;  ///< where a decaying schedule ends; 0 where the budget does not tell
};

/// The learning rate of the update `step` = 1, 2, …
using Schedule = double (*)(const ScheduleConfig& config, const ScheduleContext& context, std::int64_t step);
const config::VariantTable<Schedule>& schedule_table();
double learning_rate(const ScheduleConfig& config, const ScheduleContext& context, std::int64_t step);
/// True for schedules that end at a certain step, and so need a budget in steps or epochs, or `decay_steps`.
bool needs_total_steps(const ScheduleConfig& config);

}  // namespace ablate
