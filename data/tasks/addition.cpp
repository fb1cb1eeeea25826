// Addition of decimal numbers, digit by digit.
#include <cmath>

#include "data/tasks/generators.h"

namespace ablate::data {
namespace {

constexpr std::int64_t most_digits = 18;  // the sum of two such operands fits into 64 bits

std::int64_t draw_operand(SplitMix64& random, std::int64_t most) {
  const std::int64_t digits = random.between<std::int64_t>(1, most);
  std::int64_t power = 1;
  for (std::int64_t digit = 1; digit < digits; ++digit) power *= 10;
  return random.between<std::int64_t>(digits == 1 ? 0 : power, 10 * power - 1);
}

std::string spell(std::int64_t number) {
  std::string text;
  for (const char digit : std::to_string(number)) {
    if (!text.empty()) text += ' ';
    text += digit;
  }
  return text;
}

}  // namespace

Splits generate_addition(const TaskOptions& options) {
  check_range("addition", "digits", options.digits, 1, most_digits);
  const double sources = std::pow(100.0, static_cast<double>(options.digits));
  return draw_splits("addition", options, sources, [&](SplitMix64& random) {
    const std::int64_t left = draw_operand(random, options.digits);
    const std::int64_t right = draw_operand(random, options.digits);
    return Pair{spell(left) + " + " + spell(right), spell(left + right)};
  });
}

}  // namespace ablate::data
