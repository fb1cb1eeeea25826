#include "transformer/training/trainer_state.h"

#include <cmath>
#include <limits>

#include "tests/catch.h"
#include "transformer/core/error.h"

using namespace ablate;

namespace {

const TrainerState numbers{
    .integers = {0, 1, -1, std::numeric_limits<std::int64_t>::max(), 4, 5, 6, 7},
    .reals = {0.1, -0.0, 1.0 / 3, 1e300, std::numeric_limits<double>::denorm_min(), 123456.789},
    .kept = {{100, 2.5}, {200, 1.0 / 7}},
};

}  // namespace

TEST_CASE("the numbers of a trainer's state come back to the last bit", "[training][state]") {
  const TrainerState read = parse_state_metadata(state_metadata(numbers), "here");
  CHECK(read.integers == numbers.integers);
  CHECK(read.reals == numbers.reals);
  CHECK(std::signbit(read.reals[1]));
  REQUIRE(read.kept.size() == 2);
  CHECK(read.kept[0].step == 100);
  CHECK(read.kept[1].step == 200);
  CHECK(read.kept[1].nll == 1.0 / 7);
  CHECK(parse_state_metadata(state_metadata({}), "here").kept.empty());
}

TEST_CASE("metadata that are not a trainer's state are an error that says where", "[training][state]") {
  CHECK_THROWS_AS(parse_state_metadata({}, "run/state.safetensors"), UserError);
  CHECK_THROWS_MENTION(parse_state_metadata({{"step", "1"}}, "run/state.safetensors"),
                       "run/state.safetensors: not a training state");
}

TEST_CASE("a trainer's state that lacks numbers is damaged", "[training][state]") {
  const auto metadata = state_metadata(numbers);
  REQUIRE(metadata.size() == 1);
  const auto& [key, text] = *metadata.begin();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != ' ') continue;
    const std::map<std::string, std::string> cut{{key, text.substr(0, i)}};
    INFO(cut.begin()->second);
    CHECK_THROWS_MENTION(parse_state_metadata(cut, "run/state.safetensors"), "run/state.safetensors: ");
  }
}
