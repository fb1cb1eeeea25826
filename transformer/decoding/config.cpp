#include "transformer/decoding/config.h"

#include "transformer/decoding/search.h"

#include <algorithm>
#include <cmath>

namespace ablate {
namespace {

constexpr config::Variant<LengthPenalty> length_penalty_rows[] = {
    {{"mean", "length^alpha; alpha = 1 ranks by the mean log-probability of a token", "", ""},
     [](double length, double alpha) { return std::pow(length, alpha); }},
    {{"gnmt", "((5 + length) / 6)^alpha", "Wu et al. 2016, section 7, eq. (14)", ""},
     [](double length, double alpha) { return std::pow((5 + length) / 6, alpha); }},
};
constexpr config::VariantTable<LengthPenalty> length_penalties{"length penalty", length_penalty_rows};

constexpr config::Variant<Stopping> stopping_rows[] = {
    {{"no_better_live",
      "`beam` hypotheses have finished and the best live one, scored as it stands, is no better than the "
      "worst of them",
      "", ""},
     Stopping::no_better_live},
    {{"enough_finished", "`beam` hypotheses have finished", "", ""}, Stopping::enough_finished},
};
constexpr config::VariantTable<Stopping> stoppings{"stopping", stopping_rows};

}  // namespace

const config::VariantTable<LengthPenalty>& length_penalty_table() { return length_penalties; }

const config::VariantTable<Stopping>& stopping_table() { return stoppings; }

void DecodingConfig::describe(config::Fields& f) {
  f.variant(kind, search_table().choices(), "how a target sentence is sought");
  f.field("beam", beam, "hypotheses kept per sentence", config::Range{1, 100'000});
  f.field("length_penalty", length_penalty, "alpha; 0: no penalty, larger: longer sentences", config::not_negative);
  f.only_if(length_penalty > 0, "has no effect with length_penalty 0", "length_penalty")
      .choice("length_penalty_kind", length_penalty_kind, length_penalties.choices(),
              "what the log-probability is divided by");
  f.choice("stopping", stopping, stoppings.choices(), "when a sentence stops searching");
  f.field("temperature", temperature, "divides the scores before softmax; below 1: closer to greedy", config::positive);
  f.field("top_k", top_k, "draw among the k likeliest tokens; null: all", config::at_least_one);
  f.field("top_p", top_p, "draw among the fewest tokens that together have this probability (after top_k)",
          config::Range{0, 1, true});
  f.field("n_best", n_best, "hypotheses returned: the best of the beam, or so many independent samples",
          config::at_least_one);
  f.field("max_length_factor", max_length_factor, "a target has at most factor * source length + constant tokens",
          config::not_negative);
  f.field("max_length_constant", max_length_constant, "see max_length_factor", config::not_negative);
  f.field("min_length", min_length, "</s> is not offered before so many tokens", config::not_negative);
  f.check(kind != "beam" || n_best <= beam, "n_best",
          "a beam of " + std::to_string(beam) + " has no " + std::to_string(n_best) +
              " hypotheses: lower n_best or widen the beam");
  f.check(max_length_factor > 0 || max_length_constant > 0, "max_length_constant",
          "with max_length_factor 0 and max_length_constant 0 no target may have a token");
}

std::int64_t DecodingConfig::longest_target(std::int64_t source_length, std::int64_t model_max_length) const {
  const double limit =
      std::floor(max_length_factor * static_cast<double>(source_length)) + static_cast<double>(max_length_constant);
  return static_cast<std::int64_t>(std::clamp(limit, 1.0, static_cast<double>(model_max_length)));
}

}  // namespace ablate
