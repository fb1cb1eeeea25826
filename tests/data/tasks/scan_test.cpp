// SCAN against the published files: their counts, and checksums of their lines (distinct, as
// "command TAB actions LF", sorted bytewise; FNV-1a, 64 bits), so that no file is needed here.
#include <algorithm>

#include "tests/catch.h"
#include "tests/data/tasks/support.h"

using namespace ablate::data;
using namespace ablate::data::testing;

namespace {

Splits scan(const std::string& split, std::int64_t dev = 0, std::int64_t seed = 1) {
  TaskOptions options;
  options.split = split;
  options.dev = dev;
  options.seed = seed;
  return generate("scan", options);
}

std::uint64_t set_checksum(const std::vector<Pair>& pairs) { return checksum(sorted_set(pairs)); }

std::size_t count_tokens(const std::vector<Pair>& pairs, std::string Pair::*side) {
  std::size_t tokens = 0;
  for (const Pair& pair : pairs) tokens += tokens_of(pair.*side).size();
  return tokens;
}

std::string actions_of(const std::string& command) {
  const std::vector<Pair> commands = all_pairs(scan("length"));
  const auto found = std::ranges::find(commands, command, &Pair::source);
  return found == commands.end() ? "no such command" : found->target;
}

}  // namespace

TEST_CASE("SCAN: the commands and actions of the published files, in every split", "[data][tasks][scan]") {
  for (const std::string split : {"simple", "length", "addprim_jump"}) {
    CAPTURE(split);
    const std::vector<Pair> commands = sorted_set(all_pairs(scan(split)));
    CHECK(commands.size() == 20'910);
    CHECK(checksum(commands) == 0xa17865dda9b85593u);
  }
}

TEST_CASE("SCAN: commands mean what the paper says", "[data][tasks][scan]") {
  CHECK(actions_of("jump") == "I_JUMP");
  CHECK(actions_of("turn left") == "I_TURN_LEFT");
  CHECK(actions_of("turn opposite right") == "I_TURN_RIGHT I_TURN_RIGHT");
  CHECK(actions_of("look opposite left") == "I_TURN_LEFT I_TURN_LEFT I_LOOK");
  CHECK(actions_of("run around right") ==
        "I_TURN_RIGHT I_RUN I_TURN_RIGHT I_RUN I_TURN_RIGHT I_RUN I_TURN_RIGHT I_RUN");
  CHECK(actions_of("jump thrice and walk left") == "I_JUMP I_JUMP I_JUMP I_TURN_LEFT I_WALK");
  CHECK(actions_of("jump left after walk twice") == "I_WALK I_WALK I_TURN_LEFT I_JUMP");
  CHECK(actions_of("turn") == "no such command");
}

TEST_CASE("SCAN: the length split is the published one", "[data][tasks][scan]") {
  const Splits splits = scan("length");
  CHECK(splits.train.size() == 16'990);
  CHECK(splits.test.size() == 3'920);
  CHECK(set_checksum(splits.train) == 0x9edaa6696a27499fu);
  CHECK(set_checksum(splits.test) == 0x765e5f411d2d6515u);
  CHECK(count_tokens(splits.train, &Pair::target) == 183'420);
  CHECK(count_tokens(splits.test, &Pair::target) == 115'968);
}

TEST_CASE("SCAN: the add-jump split is the published one, repeats included", "[data][tasks][scan]") {
  const Splits splits = scan("addprim_jump");
  CHECK(splits.train.size() == 14'670);
  CHECK(std::ranges::count(splits.train, Pair{"jump", "I_JUMP"}) == 1'467);
  CHECK(sorted_set(splits.train).size() == 13'204);
  CHECK(set_checksum(splits.train) == 0x0dc706f6377a916cu);
  CHECK(splits.test.size() == 7'706);
  CHECK(set_checksum(splits.test) == 0xda222965409d815au);
}

TEST_CASE("SCAN: the simple split is a draw of the published sizes", "[data][tasks][scan]") {
  const Splits splits = scan("simple");
  CHECK(splits.train.size() == 16'728);
  CHECK(splits.test.size() == 4'182);
  CHECK(set_checksum(scan("simple").test) == set_checksum(splits.test));
  CHECK(set_checksum(scan("simple", 0, 2).test) != set_checksum(splits.test));
}

TEST_CASE("SCAN: dev comes out of train, test stays as published", "[data][tasks][scan]") {
  for (const std::string split : {"simple", "length", "addprim_jump"}) {
    CAPTURE(split);
    const Splits whole = scan(split);
    const Splits held_out = scan(split, 1000);
    CHECK(held_out.dev.size() == 1000);
    CHECK(held_out.train.size() == whole.train.size() - 1000);
    CHECK(set_checksum(held_out.test) == set_checksum(whole.test));
    CHECK(sorted_set(held_out.train).size() + 1000 + held_out.test.size() == 20'910);
    std::vector<Pair> both = held_out.train;
    both.insert(both.end(), held_out.dev.begin(), held_out.dev.end());
    CHECK(set_checksum(both) == set_checksum(whole.train));
    CHECK(set_checksum(scan(split, 1000, 2).dev) != set_checksum(held_out.dev));
  }
}

TEST_CASE("SCAN: a dev set larger than train is refused", "[data][tasks][scan]") {
  CHECK_THROWS_MENTION(scan("simple", 16'728), "dev is 16728, but must lie between 0 and 16727");
  CHECK_THROWS_MENTION(scan("length", -1), "dev is -1");
}
