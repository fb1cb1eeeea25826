#include "transformer/training/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ablate {
namespace {

double real(std::int64_t number) { return static_cast<double>(number); }

/// Linear from the initial to the full rate, reached at step `warmup`.
double warm(const ScheduleConfig& config, std::int64_t step) {
  const double part = std::min(1.0, real(step) / real(config.warmup));
  return config.initial_learning_rate + part * (config.learning_rate - config.initial_learning_rate);
}

bool warming(const ScheduleConfig& config, std::int64_t step) { return step < config.warmup; }

/// How far between the end of warm-up (0) and the end of training (1).
double progress(const ScheduleConfig& config, const ScheduleContext& context, std::int64_t step) {
  const std::int64_t span = std::max<std::int64_t>(1, context.total_steps - config.warmup);
  return std::clamp(real(step - config.warmup) / real(span), 0.0, 1.0);
}

double noam(const ScheduleConfig& config, const ScheduleContext& context, std::int64_t step) {
  // Without warm-up the rising branch is never the smaller one.
  const double rise = config.warmup > 0 ? real(step) * std::pow(real(config.warmup), -1.5) : HUGE_VAL;
  return config.factor / std::sqrt(real(context.d_model)) * std::min(1 / std::sqrt(real(step)), rise);
}

double inverse_sqrt(const ScheduleConfig& config, const ScheduleContext&, std::int64_t step) {
  if (warming(config, step)) return warm(config, step);
  return config.learning_rate * std::sqrt(real(std::max<std::int64_t>(1, config.warmup)) / real(step));
}

double cosine(const ScheduleConfig& config, const ScheduleContext& context, std::int64_t step) {
  if (warming(config, step)) return warm(config, step);
  const double height = 0.5 * (1 + std::cos(std::numbers::pi * progress(config, context, step)));
  return config.final_learning_rate + height * (config.learning_rate - config.final_learning_rate);
}

double linear(const ScheduleConfig& config, const ScheduleContext& context, std::int64_t step) {
  if (warming(config, step)) return warm(config, step);
  return config.learning_rate + progress(config, context, step) * (config.final_learning_rate - config.learning_rate);
}

double constant(const ScheduleConfig& config, const ScheduleContext&, std::int64_t step) {
  return warming(config, step) ? warm(config, step) : config.learning_rate;
}

constexpr config::Variant<Schedule> schedule_rows[] = {
    {{"noam", "factor * d_model^-0.5 * min(step^-0.5, step * warmup^-1.5)", "Vaswani et al. 2017, eq. (3)", "factor"},
     noam},
    {{"inverse_sqrt", "linear warm-up, then learning_rate * sqrt(warmup / step)", "Gehring et al. 2017; fairseq",
      "learning_rate initial_learning_rate"},
     inverse_sqrt},
    {{"cosine", "linear warm-up, then half a cosine down to final_learning_rate", "Loshchilov & Hutter 2017, eq. (5)",
      "learning_rate initial_learning_rate final_learning_rate decay_steps"},
     cosine},
    {{"linear", "linear warm-up, then a line down to final_learning_rate", "Devlin et al. 2018",
      "learning_rate initial_learning_rate final_learning_rate decay_steps"},
     linear},
    {{"constant", "linear warm-up, then learning_rate", "", "learning_rate initial_learning_rate"}, constant},
};
constexpr config::VariantTable<Schedule> schedules{"schedule", schedule_rows};

}  // namespace

void ScheduleConfig::describe(config::Fields& f) {
  f.variant(kind, schedules.choices(), "the course of the learning rate");
  f.field("learning_rate", learning_rate, "its peak", config::positive);
  f.field("factor", factor, "factor on the whole course", config::positive);
  f.field("warmup", warmup, "updates until the peak", config::not_negative);
  f.only_if(warmup > 0, "has no effect with warmup 0", "warmup")
      .field("initial_learning_rate", initial_learning_rate, "where warm-up starts", config::not_negative);
  f.field("final_learning_rate", final_learning_rate, "where decay ends", config::not_negative);
  f.field("decay_steps", decay_steps, "update at which decay ends; null: where the budget does", config::at_least_one);
  f.check(!decay_steps || *decay_steps > warmup, "decay_steps",
          "decay ends at update " + std::to_string(decay_steps.value_or(0)) +
              ", before it begins at the end of warmup, " + std::to_string(warmup));
}

const config::VariantTable<Schedule>& schedule_table() { return schedules; }

double learning_rate(const ScheduleConfig& config, const ScheduleContext& context, std::int64_t step) {
  ScheduleContext resolved = context;
  if (config.decay_steps) resolved.total_steps = *config.decay_steps;
  return schedules.at(config.kind)(config, resolved, step);
}

bool needs_total_steps(const ScheduleConfig& config) {
  return schedules.choices().find(config.kind)->uses_option("decay_steps") && !config.decay_steps;
}

}  // namespace ablate
