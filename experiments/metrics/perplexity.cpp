#include "experiments/metrics/perplexity.h"

#include <cmath>
#include <stdexcept>
#include <string>

#include "experiments/metrics/text.h"

namespace ablate::metrics {

double perplexity(double nats, std::int64_t units) {
  if (units <= 0) {
    throw std::invalid_argument("perplexity: the loss is spread over " + std::to_string(units) +
                                " tokens or words; at least 1 is needed");
  }
  return std::exp(nats / static_cast<double>(units));
}

std::int64_t count_words(const Lines& lines) {
  check_utf8(lines, "text");
  std::int64_t words = 0;
  for (const std::string& line : lines) words += static_cast<std::int64_t>(split(decode_utf8(line)).size());
  return words;
}

}  // namespace ablate::metrics
