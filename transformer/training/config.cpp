#include "transformer/training/config.h"

namespace ablate {
namespace {

constexpr config::Variant<Precision> precision_rows[] = {
    {{"fp32", "everything in 32 bits", "", ""}, Precision::fp32},
    {{"bf16", "matrix products in bfloat16 by autocast, weights and sums in 32 bits", "Kalamkar et al. 2019", ""},
     Precision::bf16},
};
constexpr config::VariantTable<Precision> precisions{"precision", precision_rows};

}  // namespace

const config::VariantTable<Precision>& precision_table() { return precisions; }

void BudgetConfig::describe(config::Fields& f) {
  f.field("steps", steps, "updates", config::at_least_one);
  f.field("epochs", epochs, "passes over the training data", config::at_least_one);
  f.field("tokens", tokens, "target tokens, </s> included", config::at_least_one);
  f.field("flops", flops, "FLOPs of the plain formulas, forward and backward", config::positive);
  f.field("minutes", minutes, "time spent training, evaluations apart", config::positive);
}

void IntervalConfig::describe(config::Fields& f) {
  f.field("steps", steps, "updates between two", config::at_least_one);
  f.field("epochs", epochs, "epochs between two", config::at_least_one);
  f.check(!(steps && epochs), "steps", "give steps or epochs, not both");
}

void CheckpointConfig::describe(config::Fields& f) {
  f.field("keep_last", keep_last, "weights of the last k evaluations", config::at_least_one);
  f.field("keep_best", keep_best, "weights of the k evaluations with the lowest dev nll", config::at_least_one);
}

std::string TrainingConfig::missing() const {
  if (budget.steps || budget.epochs || budget.tokens || budget.flops || budget.minutes) return "";
  return "training.budget: say when training ends: steps, epochs, tokens, flops or minutes";
}

void TrainingConfig::describe(config::Fields& f) {
  f.object("optimizer", optimizer, "how gradients become updates");
  f.object("schedule", schedule, "the learning rate");
  f.object("loss", loss, "what is minimised");
  f.field("clip_norm", clip_norm, "largest global norm of the gradients; null: no clipping", config::positive);
  f.field("accumulate", accumulate, "batches whose gradients make one update", config::at_least_one);
  f.choice("precision", precision, precisions.choices(), "numbers that training computes with");
  f.object("budget", budget, "when training ends: at the first limit that is reached");
  f.object("evaluate_every", evaluate_every, "how often the dev loss is measured; nothing given: every epoch");
  f.field("patience", patience, "stop after this many evaluations without a better dev nll; null: never",
          config::at_least_one);
  f.object("checkpoints", checkpoints, "which weights are kept");
  f.field("log_every", log_every, "updates between two lines of metrics.jsonl", config::at_least_one);

  f.check(!needs_total_steps(schedule) || budget.steps || budget.epochs, "schedule.decay_steps",
          "a schedule that decays must know its end: give it, or a budget in steps or epochs");
  const bool ends_in_warmup = needs_total_steps(schedule) && budget.steps && schedule.warmup >= *budget.steps;
  f.check(!ends_in_warmup, "schedule.warmup",
          std::to_string(schedule.warmup) + " updates: training ends before, at update " +
              std::to_string(budget.steps.value_or(0)) + ", and the rate would never decay");
}

}  // namespace ablate
