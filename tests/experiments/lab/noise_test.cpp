#include "experiments/lab/noise.h"

#include "tests/catch.h"
#include "tests/experiments/lab/support.h"

using namespace ablate::lab;
using namespace ablate::lab::testing;

TEST_CASE("the noise of the baseline stands under the table", "[lab][noise]") {
  const Table table = one_column(Direction::higher, {seeds({30, 31, 32}), seeds({40, 50, 60})});
  const std::vector<std::string> notes = describe_noise(table, {"m=2", "other=1"});
  REQUIRE(notes.size() == 2);
  CHECK(notes[0] == "Noise of the baseline: M sd 1.00 over 3 seeds, 95 % interval of the mean ± 2.48");
  CHECK(notes[1] ==
        "To see a difference of 2 in M at p < 0.05 with a probability of 0.8: 6 seeds a row (Welch's test)");
}

TEST_CASE("one seed has no noise to tell, and speed is no figure", "[lab][noise]") {
  CHECK(describe_noise(one_column(Direction::higher, {seeds({30}), seeds({40, 50})}), {}).empty());
  CHECK(describe_noise(one_column(Direction::none, {seeds({30, 31}), seeds({40, 50})}), {}).empty());
  CHECK(describe_noise(Table{}, {}).empty());
}

TEST_CASE("a stated difference is a column and a positive number", "[lab][noise]") {
  CHECK(parse_difference("bleu:tokenize=none@test=0.5").key == "bleu:tokenize=none@test");
  CHECK(parse_difference("bleu@test=0.5").size == 0.5);
  for (const char* wrong : {"bleu@test", "bleu@test=", "=1", "bleu@test=0", "bleu@test=-1", "bleu@test=1x", "a=nan"}) {
    INFO(wrong);
    CHECK_THROWS_AS(parse_difference(wrong), std::invalid_argument);
  }
}
