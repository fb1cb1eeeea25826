#include "experiments/lab/budget_notes.h"

#include "tests/catch.h"

using namespace ablate;
using namespace ablate::lab;

namespace {

PreparedRow row_with(const std::string& label, const BudgetConfig& budget) {
  auto row = std::make_shared<ExperimentRow>();
  row->label = label;
  row->config.training.budget = budget;
  PreparedRow prepared;
  prepared.row = row;
  return prepared;
}

BudgetConfig steps(std::int64_t count) {
  BudgetConfig budget;
  budget.steps = count;
  return budget;
}

}  // namespace

TEST_CASE("budgets: every limit with its unit", "[lab]") {
  RunConfig run;
  RunTrainingConfig& config = run.training;
  config.budget = steps(1);
  CHECK(budget_text(run) == "1 update");
  config.budget.epochs = 2;
  config.budget.tokens = 1'000'000;
  config.budget.flops = 5e13;
  config.budget.minutes = 2.5;
  CHECK(budget_text(run) ==
        "1 update or 2 epochs or 1.00 M target tokens or 50.0 T FLOPs or 2.5 minutes, whichever is first");
  config.budget = steps(8000);
  config.patience = 10;
  CHECK(budget_text(run) == "8000 updates; fewer where 10 evaluations in a row find no better dev nll");
  run.model.family = "decoder";
  run.objective.kind = "causal_lm";
  config.max_length = 64;
  config.patience.reset();
  CHECK(budget_text(run) == "8000 updates; in windows of 64 tokens");
  run.objective.layout = "documents";
  CHECK(budget_text(run) == "8000 updates; on documents cut at 64 tokens");
  run.model.family = "encoder_decoder";
  run.objective.kind = "span_corruption";
  CHECK(budget_text(run) == "8000 updates; in rows of at most 64 tokens a side");
}

TEST_CASE("budgets: rows that were given more than others are named", "[lab]") {
  CHECK(describe_budgets({row_with("a", steps(5)), row_with("b", steps(5))}) == "Budget of every run: 5 updates");
  CHECK(describe_budgets({row_with("a", steps(5)), row_with("big", steps(9)), row_with("b", steps(5))}) ==
        "Rows have different budgets: a, b: 5 updates; big: 9 updates");
  CHECK(describe_budgets({}).empty());
}

TEST_CASE("budgets: what runs used, with ranges where they differ", "[lab]") {
  const Json one = {{"steps", 480}, {"epochs", 2}, {"tokens", 890000}, {"flops", 1.32e13}, {"reason", "flops"}};
  Json other = one;
  CHECK(describe_training({&one}) ==
        "Trained: 480 updates, 2 whole epochs, 890 k target tokens, 13.2 T FLOPs; ended by flops");
  other["steps"] = 500;
  other["reason"] = "steps";
  other.erase("flops");  // a run of an earlier version
  CHECK(describe_training({&one, &other}) ==
        "Trained: 480 to 500 updates, 2 whole epochs, 890 k target tokens; ended by flops, steps");
  CHECK(describe_training({}).empty());
}
