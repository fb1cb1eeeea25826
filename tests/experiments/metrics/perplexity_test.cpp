#include "experiments/metrics/perplexity.h"

#include <cmath>
#include <stdexcept>

#include "tests/catch.h"

namespace ablate::metrics {

TEST_CASE("perplexity: a uniform guess among k has perplexity k", "[metrics]") {
  CHECK(perplexity(7 * std::log(50.0), 7) == Approx(50));
  CHECK(perplexity(0, 3) == 1);
}

TEST_CASE("perplexity: fewer units for the same text make it larger", "[metrics]") {
  const double nats = 10 * std::log(4.0);
  CHECK(perplexity(nats, 10) == Approx(4));
  CHECK(perplexity(nats, 5) == Approx(16));
}

TEST_CASE("perplexity: overflow is infinite, NaN stays, no units are refused", "[metrics]") {
  CHECK(std::isinf(perplexity(1e6, 1)));
  CHECK(std::isnan(perplexity(std::nan(""), 1)));
  CHECK_THROWS_AS(perplexity(1, 0), std::invalid_argument);
}

TEST_CASE("words are what white space separates", "[metrics]") {
  CHECK(count_words({"a bc  d", "", " \t",
                     "e\xc2\xa0"
                     "f"}) == 5);
  CHECK_THROWS_MENTION(count_words({"a", "\xff"}), "line 2");
}

}  // namespace ablate::metrics
