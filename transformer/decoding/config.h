#pragma once
// The `decoding` section of an experiment file: how a target sentence is sought, how long it may become, how
// many hypotheses are wanted.
#include "transformer/config/fields.h"

namespace ablate {

struct DecodingConfig {
  std::string kind = "beam";
  std::int64_t beam = 4;
  std::string length_penalty_kind = "mean";
  double length_penalty = 1.0;
  std::string stopping = "no_better_live";
  double temperature = 1.0;
  std::optional<std::int64_t> top_k = std::nullopt;
  double top_p = 1.0;
  std::int64_t n_best = 1;
  double max_length_factor = 1.0;
  std::int64_t max_length_constant = 50;
  std::int64_t min_length = 0;
  void describe(config::Fields& f);

  /// The most tokens, </s> included, that a source of `source_length` tokens (</s> included) may get:
  /// floor(max_length_factor * source_length) + max_length_constant, at least 1 and at most what the model
  /// can read.
  std::int64_t longest_target(std::int64_t source_length, std::int64_t model_max_length) const;
};

/// lp(length, alpha): the score of a hypothesis is log P / lp. `length` counts </s>.
using LengthPenalty = double (*)(double length, double alpha);
const config::VariantTable<LengthPenalty>& length_penalty_table();

/// When a sentence stops searching although some of its hypotheses could still be continued.
enum class Stopping { no_better_live, enough_finished };
const config::VariantTable<Stopping>& stopping_table();

}  // namespace ablate
