// SCAN (Lake and Baroni 2018, "Generalization without Systematicity"): commands of a small phrase-structure
// grammar and the actions that they mean. Grammar and interpretation are those of the paper's supplement:
//
//   C -> S and S | S after S | S        [S1 and S2] = [S1] [S2]       [S1 after S2] = [S2] [S1]
//   S -> V twice | V thrice | V         [V twice] = [V] [V]           [V thrice] = [V] [V] [V]
//   V -> D opposite side | D around side | D side | U
//                                       [u side] = TURN [u]           [u opposite side] = TURN TURN [u]
//                                       [u around side] = (TURN [u]) four times
//   U -> walk | look | run | jump       side -> left | right; D is a U or "turn", which adds no action
//
// 20,910 commands. Tokens are those of the published files (I_WALK, I_TURN_LEFT, ...). The paper publishes
// train and test only: dev is drawn from train by the seed, and train is what then remains of it.
#include <algorithm>
#include <array>
#include <functional>
#include <iterator>

#include "data/tasks/generators.h"

namespace ablate::data {
namespace {

using Phrases = std::vector<Pair>;

std::string sequence(const std::string& first, const std::string& second) {
  return second.empty() ? first : first + " " + second;
}

std::string repeat(const std::string& actions, int times) {
  return times == 1 ? actions : sequence(actions, repeat(actions, times - 1));
}

void add_directions(Phrases& phrases, const Pair& verb) {
  for (const Pair& side : {Pair{"left", "I_TURN_LEFT"}, Pair{"right", "I_TURN_RIGHT"}}) {
    const std::string turned = sequence(side.target, verb.target);
    phrases.push_back({verb.source + " " + side.source, turned});
    phrases.push_back({verb.source + " opposite " + side.source, sequence(side.target, turned)});
    phrases.push_back({verb.source + " around " + side.source, repeat(turned, 4)});
  }
}

Phrases verb_phrases() {
  Phrases phrases = {{"walk", "I_WALK"}, {"look", "I_LOOK"}, {"run", "I_RUN"}, {"jump", "I_JUMP"}};
  for (const Pair& verb : Phrases(phrases)) add_directions(phrases, verb);
  add_directions(phrases, {"turn", ""});
  return phrases;
}

Phrases sentences() {
  Phrases phrases;
  for (const Pair& verb : verb_phrases()) {
    phrases.push_back(verb);
    phrases.push_back({verb.source + " twice", repeat(verb.target, 2)});
    phrases.push_back({verb.source + " thrice", repeat(verb.target, 3)});
  }
  return phrases;
}

Phrases all_commands() {
  const Phrases parts = sentences();
  Phrases commands = parts;
  for (const Pair& first : parts) {
    for (const Pair& second : parts) {
      commands.push_back({first.source + " and " + second.source, sequence(first.target, second.target)});
      commands.push_back({first.source + " after " + second.source, sequence(second.target, first.target)});
    }
  }
  return commands;
}

Phrases take(Phrases& pool, std::size_t count) {
  const auto end = pool.begin() + static_cast<std::ptrdiff_t>(count);
  Phrases taken(std::make_move_iterator(pool.begin()), std::make_move_iterator(end));
  pool.erase(pool.begin(), end);
  return taken;
}

template <class Predicate>
Phrases take_if(Phrases& pool, Predicate predicate) {
  const auto first = std::stable_partition(pool.begin(), pool.end(), std::not_fn(predicate));
  Phrases taken(std::make_move_iterator(first), std::make_move_iterator(pool.end()));
  pool.erase(first, pool.end());
  return taken;
}

Splits hold_out_dev(Phrases train, Phrases test, std::int64_t dev, SplitMix64& random) {
  check_range("scan", "dev", dev, 0, static_cast<std::int64_t>(train.size()) - 1);
  random.shuffle(std::span(train));
  Splits splits;
  splits.dev = take(train, static_cast<std::size_t>(dev));
  splits.train = std::move(train);
  splits.test = std::move(test);
  return splits;
}

using MakeSplits = Splits (*)(Phrases commands, std::int64_t dev, SplitMix64& random);

Splits split_simple(Phrases commands, std::int64_t dev, SplitMix64& random) {
  constexpr std::size_t published_test = 4182;  // a fifth
  random.shuffle(std::span(commands));
  Phrases test = take(commands, published_test);
  return hold_out_dev(std::move(commands), std::move(test), dev, random);
}

Splits split_length(Phrases commands, std::int64_t dev, SplitMix64& random) {
  constexpr std::ptrdiff_t longest_train = 22;
  Phrases test = take_if(
      commands, [](const Pair& command) { return std::ranges::count(command.target, ' ') + 1 > longest_train; });
  return hold_out_dev(std::move(commands), std::move(test), dev, random);
}

Splits split_jump(Phrases commands, std::int64_t dev, SplitMix64& random) {
  constexpr std::size_t published_repeats = 1467;  // a tenth of the published train set is the bare command
  Phrases test = take_if(commands, [](const Pair& c) { return c.source.find("jump") != std::string::npos; });
  const Phrases jump = take_if(test, [](const Pair& c) { return c.source == "jump"; });
  Splits splits = hold_out_dev(std::move(commands), std::move(test), dev, random);
  splits.train.insert(splits.train.end(), published_repeats, jump.front());
  return splits;
}

constexpr std::array<config::Variant<MakeSplits>, 3> split_rows = {{
    {{"simple", "a random fifth is test, drawn by the seed: 16,728 / 4,182", "Lake and Baroni 2018, experiment 1", ""},
     split_simple},
    {{"length", "train up to 22 actions, test 24 to 48: 16,990 / 3,920, as published",
      "Lake and Baroni 2018, experiment 2", ""},
     split_length},
    {{"addprim_jump", "train knows `jump` only alone, as 1,467 of its 14,670 lines; test combines it: 7,706",
      "Lake and Baroni 2018, experiment 3", ""},
     split_jump},
}};

constexpr config::VariantTable<MakeSplits> split_table{"scan split", split_rows};

}  // namespace

config::Choices scan_splits() { return split_table.choices(); }

Splits generate_scan(const TaskOptions& options) {
  const MakeSplits make_splits = split_table.at(options.split);
  SplitMix64 random(static_cast<std::uint64_t>(options.seed));
  return make_splits(all_commands(), options.dev, random);
}

}  // namespace ablate::data
