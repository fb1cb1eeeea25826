#pragma once
// What the lab knows of the objectives of data/objective.h, a row for each: which models learn it, what is counted as
// learnt, by what value training chooses, which figures are measured, and which metrics unless others are named. What
// an objective does to its rows is among ObjectiveTraits.
#include "transformer/model/head.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ablate::lab {

struct ObjectiveFacts {
  std::string_view name;
  Family stacks;                 ///< of the models that learn it
  std::optional<HeadKind> head;  ///< what an encoder by itself says
  std::string_view unit;         ///< what is counted as learnt from, and of which a loss is the mean: "target token"
  std::string_view value;        ///< the loss on dev that training chooses by: "nll"
  bool has_perplexity;           ///< exp(value) means something
  std::span<const std::string_view> figures;  ///< the loss figures that are measured of it
  std::span<const std::string_view> metrics;  ///< of what is said, by default: `evaluation.metrics`

  /// `pooled` says nothing, and is let be with `words` until there is something to learn.
  bool fits(const ModelConfig& model) const;
  bool measures(std::string_view figure) const;
  /// "dev nll": `value` of dev.
  std::string dev_name() const { return "dev " + std::string(value); }
  /// "dev nll 2.8120, perplexity 16.64"
  std::string dev_text(double found) const;
};

/// All rows; of those that fit a model the first is its standard.
std::span<const ObjectiveFacts> all_objective_facts();

/// std::logic_error for an objective without a row.
const ObjectiveFacts& objective_facts(std::string_view name);

/// What a model is for unless an objective is named: the first that fits.
const ObjectiveFacts& standard_objective(const ModelConfig& model);

/// The names of all that fit, the standard first.
std::vector<std::string> fitting_objectives(const ModelConfig& model);

}  // namespace ablate::lab
