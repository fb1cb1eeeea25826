#include "experiments/lab/runner.h"

#include "tests/catch.h"

using namespace ablate::lab;

TEST_CASE("a seed decides initialisation, data order and dropout, each by itself", "[lab]") {
  const RunSeeds one = derive_seeds(1), two = derive_seeds(2);
  CHECK(one.initialization != two.initialization);
  CHECK(one.data_order != two.data_order);
  CHECK(one.dropout != two.dropout);
  CHECK(one.decoding != two.decoding);
  CHECK(one.initialization != one.data_order);

  const VaryConfig data_alone{.initialization = false, .data_order = true, .dropout = false};
  const RunSeeds first = derive_seeds(1, data_alone), second = derive_seeds(2, data_alone);
  CHECK(first.initialization == second.initialization);
  CHECK(first.dropout == second.dropout);
  CHECK(first.data_order == one.data_order);
  CHECK(second.data_order == two.data_order);
}
