#include "experiments/lab/budget_notes.h"

#include "experiments/lab/number_format.h"
#include "experiments/lab/text.h"

#include <algorithm>
#include <set>

namespace ablate::lab {
namespace {

std::string amount_text(double amount) { return amount < 1e5 ? std::to_string(std::llround(amount)) : compact(amount); }

std::string counted_text(double amount, const std::string& noun) {
  return amount_text(amount) + " " + noun + (amount == 1 ? "" : "s");
}

/// "480 to 500 updates" of one entry of all results; nothing if one of them lacks it.
std::optional<std::string> range_text(const std::vector<const Json*>& trainings, const char* key, const char* noun) {
  std::vector<double> amounts;
  for (const Json* training : trainings) {
    if (!training->contains(key) || (*training)[key].is_null()) return std::nullopt;
    amounts.push_back((*training)[key].get<double>());
  }
  const auto [least, most] = std::ranges::minmax(amounts);
  const std::string last = counted_text(most, noun);
  return amount_text(least) == amount_text(most) ? last : amount_text(least) + " to " + last;
}

}  // namespace

std::string budget_text(const RunConfig& run) {
  const RunTrainingConfig& config = run.training;
  const BudgetConfig& budget = config.budget;
  std::vector<std::string> limits;
  if (budget.steps) limits.push_back(counted_text(static_cast<double>(*budget.steps), "update"));
  if (budget.epochs) limits.push_back(counted_text(static_cast<double>(*budget.epochs), "epoch"));
  if (budget.tokens) limits.push_back(counted_text(static_cast<double>(*budget.tokens), std::string(run.facts().unit)));
  if (budget.flops) limits.push_back(compact(*budget.flops) + " FLOPs");
  if (budget.minutes) limits.push_back(number_text(*budget.minutes, {}, Notation::fixed, 1).mean + " minutes");
  std::string text = joined(limits, " or ") + (limits.size() > 1 ? ", whichever is first" : "");
  if (config.max_length && data::corrupts(run.objective)) {
    text += "; in rows of at most " + std::to_string(*config.max_length) + " tokens a side";
  } else if (config.max_length && run.reads_windows()) {
    text += "; in windows of " + std::to_string(*config.max_length) + " tokens";
  } else if (config.max_length && run.labels()) {
    text += "; on texts cut at " + std::to_string(*config.max_length) + " tokens, as those that are measured";
  } else if (config.max_length && !run.decodes()) {
    text += "; on documents cut at " + std::to_string(*config.max_length) + " tokens";
  } else if (config.max_length) {
    text += "; on pairs of at most " + std::to_string(*config.max_length) +
            " tokens a side, by which training chooses on dev too; figures on dev are of all of it";
  }
  if (config.patience) {
    text += "; fewer where " + counted_text(static_cast<double>(*config.patience), "evaluation") +
            " in a row find no better " + run.facts().dev_name();
  }
  return text;
}

std::string describe_budgets(const std::vector<PreparedRow>& rows) {
  std::vector<std::string> budgets;
  std::vector<std::vector<std::string>> labels;
  for (const PreparedRow& row : rows) {
    const std::string text = budget_text(row.row->config);
    const auto found = std::ranges::find(budgets, text);
    if (found == budgets.end()) {
      budgets.push_back(text);
      labels.push_back({row.row->label});
    } else {
      labels[static_cast<std::size_t>(found - budgets.begin())].push_back(row.row->label);
    }
  }
  if (budgets.empty()) return "";
  if (budgets.size() == 1) return "Budget of every run: " + budgets.front();
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < budgets.size(); ++i) parts.push_back(joined(labels[i], ", ") + ": " + budgets[i]);
  return "Rows have different budgets: " + joined(parts, "; ");
}

namespace {

/// What the runs learnt from; results that are older than other objectives do not say it.
std::string unit_of(const std::vector<const Json*>& trainings) {
  const std::string standard = "target token";
  const std::string first = trainings.front()->value("unit", standard);
  const bool is_common =
      std::ranges::all_of(trainings, [&](const Json* training) { return training->value("unit", standard) == first; });
  return is_common ? first : "target";
}

}  // namespace

std::string describe_training(const std::vector<const Json*>& trainings) {
  if (trainings.empty()) return "";
  std::vector<std::string> parts;
  const auto add = [&](const std::optional<std::string>& part) {
    if (part) parts.push_back(*part);
  };
  add(range_text(trainings, "steps", "update"));
  add(range_text(trainings, "epochs", "whole epoch"));
  add(range_text(trainings, "tokens", unit_of(trainings).c_str()));
  add(range_text(trainings, "flops", "FLOP"));
  std::set<std::string> reasons;
  for (const Json* training : trainings) reasons.insert(training->value("reason", ""));
  return "Trained: " + joined(parts, ", ") + "; ended by " +
         joined(std::vector<std::string>(reasons.begin(), reasons.end()), ", ");
}

}  // namespace ablate::lab
