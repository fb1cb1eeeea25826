#include "experiments/lab/match.h"

#include "experiments/lab/number_format.h"
#include "experiments/lab/settings_columns.h"
#include "transformer/core/error.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace ablate::lab {
namespace {

constexpr std::int64_t largest_width = 1 << 20;

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%+.3g %%", 100 * share);
  return text;
}

/// Candidates of one row, each measured once.
class Candidates {
 public:
  Candidates(const Experiment& experiment, const ExperimentRow& row, const Amount& amount)
      : experiment_(experiment), row_(row), amount_(amount) {}

  ExperimentRow with(std::int64_t width) const {
    try {
      return with_settings(experiment_, row_, Json{{experiment_.match.adjust, width}});
    } catch (const UserError& error) {
      throw UserError(where() + ": " + experiment_.match.adjust + " = " + std::to_string(width) +
                      " is not allowed there; match.multiple_of keeps to widths that are:\n" + error.what());
    }
  }

  double amount(std::int64_t width) {
    const auto [place, is_new] = known_.try_emplace(width);
    if (is_new) place->second = amount_(with(width));
    return place->second;
  }

  std::string where() const { return experiment_.file.string() + " (row '" + row_.label + "'): match"; }

 private:
  const Experiment& experiment_;
  const ExperimentRow& row_;
  const Amount& amount_;
  std::map<std::int64_t, double> known_;
};

/// The first multiple of `step` whose amount reaches the target: below it none does.
std::int64_t first_to_reach(Candidates& candidates, double target, std::int64_t step) {
  std::int64_t below = 0, above = 1;  // in steps
  if (candidates.amount(step) == candidates.amount(2 * step)) {
    throw UserError(candidates.where() + ": the setting that match.adjust names does not change what is to be equal");
  }
  while (candidates.amount(above * step) < target) {
    below = above;
    above *= 2;
    if (above * step <= largest_width) continue;
    throw UserError(candidates.where() + ": with a width of " + std::to_string(below * step) +
                    " the row is still under the baseline: " + percent(candidates.amount(below * step) / target - 1));
  }
  while (above - below > 1) {
    const std::int64_t middle = below + (above - below) / 2;
    (candidates.amount(middle * step) < target ? below : above) = middle;
  }
  return above * step;
}

/// A stack that has a setting of its own does not follow the model's: the other alone would be made to fit.
void check_stacks(const ExperimentRow& row, const std::string& path, std::int64_t width, const std::string& where) {
  constexpr std::string_view model = "model.";
  if (!path.starts_with(model)) return;
  const Json expanded = config::Writer::write(row.config, config::Extent::expanded).at("model");
  for (const char* stack : {"encoder", "decoder"}) {
    const Json* const own = setting_at(expanded, stack + ("." + path.substr(model.size())));
    if (own == nullptr || *own == width) continue;
    throw UserError(where + ": " + path + " does not reach the " + stack + ", which has " + own->dump() +
                    " of its own: leave that out, or give the row \"match\": false");
  }
}

}  // namespace

bool is_matched(const Experiment& experiment, const ExperimentRow& row) {
  return experiment.match.by != "none" && row.is_matched && !row.is_baseline;
}

std::string amount_name(const MatchConfig& config) {
  return config.by == "flops" ? "FLOPs per token" : config.by == "step_time" ? "step time" : config.by;
}

MatchedRow match_row(const Experiment& experiment, const ExperimentRow& row, double target, const Amount& amount) {
  Candidates candidates(experiment, row, amount);
  const MatchConfig& match = experiment.match;
  const std::int64_t above = first_to_reach(candidates, target, match.multiple_of);
  const auto distance = [&](std::int64_t width) { return std::abs(candidates.amount(width) / target - 1); };
  const std::int64_t below = above - match.multiple_of;
  const std::int64_t nearest = below > 0 && distance(below) < distance(above) ? below : above;
  if (distance(nearest) > match.allowed()) {
    const auto told = [&](std::int64_t width) {
      return std::to_string(width) + " gives " + percent(candidates.amount(width) / target - 1);
    };
    throw UserError(candidates.where() + ": no " + match.adjust + " gives the baseline's " + amount_name(match) + " (" +
                    compact(target) + ") within " + percent(match.allowed()).substr(1) + ": " +
                    (below > 0 ? told(below) + ", " : "") + told(above) +
                    ". Raise match.tolerance, lower match.multiple_of, or give the row \"match\": false");
  }
  check_stacks(candidates.with(nearest), match.adjust, nearest, candidates.where());
  MatchedRow matched{candidates.with(nearest), {nearest, candidates.amount(nearest), target}};
  matched.row.changes = config::difference(experiment.baseline().resolved, matched.row.resolved);
  return matched;
}

}  // namespace ablate::lab
