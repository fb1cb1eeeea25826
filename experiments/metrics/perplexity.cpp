#include "experiments/metrics/perplexity.h"

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

#include "experiments/metrics/text.h"

namespace ablate::metrics {

namespace {

double per_unit(double nats, std::int64_t units) {
  if (units > 0) return nats / static_cast<double>(units);
  throw std::invalid_argument("the loss is spread over " + std::to_string(units) +
                              " tokens, words, characters or bytes; at least 1 is needed");
}

}  // namespace

double perplexity(double nats, std::int64_t units) { return std::exp(per_unit(nats, units)); }

double bits(double nats, std::int64_t units) { return per_unit(nats, units) / std::numbers::ln2; }

std::int64_t count_words(const Lines& lines) {
  check_utf8(lines, "text");
  std::int64_t words = 0;
  for (const std::string& line : lines) words += static_cast<std::int64_t>(split(decode_utf8(line)).size());
  return words;
}

}  // namespace ablate::metrics
