#include "transformer/layers/rotary_scaling.h"

#include <cmath>
#include <numbers>

namespace ablate {
namespace {

struct Scaling {
  Tensor (*frequencies)(std::int64_t width, double base, const RotaryScalingConfig& config);
  double (*magnitude)(const RotaryScalingConfig& config);
  double high_rotations;
};

Tensor plain(std::int64_t width, double base) {
  return at::pow(base, at::arange(0, width, 2, at::kDouble).div(-static_cast<double>(width)));
}

double default_high_rotations(const RotaryScalingConfig& config);

/// Pairs that turn often over the original length keep their frequency, since they tell neighbours apart; those that
/// turn less than once are interpolated, since their later angles were never seen; between, a straight ramp.
Tensor by_parts(std::int64_t width, double base, const RotaryScalingConfig& config) {
  const Tensor frequency = plain(width, base);
  const Tensor rotations = frequency * (static_cast<double>(config.original_length) / (2 * std::numbers::pi));
  const double low = config.low_rotations.value_or(1);
  const double high = config.high_rotations.value_or(default_high_rotations(config));
  const Tensor keep = ((rotations - low) / (high - low)).clamp(0, 1);
  return frequency * keep + frequency / config.factor * (1 - keep);
}

double one(const RotaryScalingConfig&) { return 1; }

constexpr config::Variant<Scaling> rotary_scaling_rows[] = {
    {{"none", "base^(-2i / width)", "Su et al. 2021, eq. (15)", ""},
     {[](std::int64_t width, double base, const RotaryScalingConfig&) { return plain(width, base); }, one, 0}},
    {{"linear", "all frequencies divided by factor", "Chen et al. 2023", "factor"},
     {[](std::int64_t width, double base, const RotaryScalingConfig& config) {
        return plain(width, base) / config.factor;
      },
      one, 0}},
    {{"ntk", "base * factor^(width / (width - 2)): the slowest pair as linear, the fastest unchanged",
      "Peng et al. 2023, section 3.1", "factor"},
     {[](std::int64_t width, double base, const RotaryScalingConfig& config) {
        const double d = static_cast<double>(width);  // a single pair turns by 1, whatever the base
        return plain(width, base * std::pow(config.factor, d / (d - 2)));
      },
      one, 0}},
    {{"yarn", "slow pairs divided by factor, fast ones kept, a ramp between, scores times (0.1 ln factor + 1)^2",
      "Peng et al. 2023, section 3.3", "factor original_length low_rotations high_rotations"},
     {by_parts, [](const RotaryScalingConfig& config) { return 0.1 * std::log(config.factor) + 1; }, 32}},
    {{"llama3", "slow pairs divided by factor, fast ones kept, a ramp between", "Grattafiori et al. 2024",
      "factor original_length low_rotations high_rotations"},
     {by_parts, one, 4}},
};
constexpr config::VariantTable<Scaling> rotary_scalings{"rotary scaling", rotary_scaling_rows};

double default_high_rotations(const RotaryScalingConfig& config) {
  return rotary_scalings.at(config.kind).high_rotations;
}

}  // namespace

void RotaryScalingConfig::describe(config::Fields& f) {
  f.variant(kind, rotary_scalings.choices(), "how rotary positions are stretched to longer sequences");
  f.field("factor", factor, "longest sequence over the one the weights were trained for", config::at_least_one);
  f.field("original_length", original_length, "longest sequence the weights were trained for, in tokens",
          config::at_least_one);
  f.field("low_rotations", low_rotations, "pairs that turn less over original_length are divided; null: 1",
          config::not_negative);
  f.field("high_rotations", high_rotations,
          "pairs that turn more over original_length are kept; null: 32 (yarn), 4 (llama3)", config::positive);
  const Scaling* row = nullptr;
  for (const config::Variant<Scaling>& candidate : rotary_scalings.rows()) {
    if (candidate.info.name == kind) row = &candidate.value;
  }
  if (row == nullptr || row->high_rotations == 0) return;
  f.check(low_rotations.value_or(1) < high_rotations.value_or(row->high_rotations), "low_rotations",
          "the ramp must begin below its end, high_rotations");
}

Tensor rotary_frequencies(std::int64_t width, double base, const RotaryScalingConfig& scaling) {
  return rotary_scalings.at(scaling.kind).frequencies(width, base, scaling);
}

double rotary_magnitude(const RotaryScalingConfig& scaling) {
  return rotary_scalings.at(scaling.kind).magnitude(scaling);
}

}  // namespace ablate
