// Beam search against two oracles: all sequences there are, and a plain search of one sentence without any
// cache.
#include "tests/transformer/decoding/support.h"

#include <algorithm>
#include <set>

using namespace ablate;
using namespace ablate::testing;

namespace {

constexpr std::int64_t small_vocabulary = 7;  // 4 words

double score_of(const DecodingConfig& config, double log_probability, std::size_t length) {
  return log_probability /
         length_penalty_table().at(config.length_penalty_kind)(static_cast<double>(length), config.length_penalty);
}

void sort_hypotheses(std::vector<Hypothesis>& list) {
  std::stable_sort(list.begin(), list.end(), [](const Hypothesis& a, const Hypothesis& b) {
    return a.finished != b.finished ? a.finished : a.score > b.score;
  });
}

/// Every sequence of at most `limit` tokens, ranked.
void enumerate(Transformer& model, const Tensor& source, const DecodingConfig& config, std::size_t limit,
               const std::vector<std::int64_t>& prefix, double log_probability, std::vector<Hypothesis>& all) {
  if (prefix.size() == limit) {
    all.push_back({prefix, log_probability, score_of(config, log_probability, limit), false});
    return;
  }
  const std::vector<double> next = next_log_probabilities(model, source, prefix);
  if (static_cast<std::int64_t>(prefix.size()) >= config.min_length) {
    const double sum = log_probability + next[symbols.eos];
    all.push_back({prefix, sum, score_of(config, sum, prefix.size() + 1), true});
  }
  for (std::int64_t word = first_word; word < small_vocabulary; ++word) {
    std::vector<std::int64_t> longer = prefix;
    longer.push_back(word);
    enumerate(model, source, config, limit, longer, log_probability + next[static_cast<std::size_t>(word)], all);
  }
}

/// The search as its documentation tells it, for one sentence, on sorted lists.
std::vector<Hypothesis> plain_beam_search(Transformer& model, const Tensor& source, const DecodingConfig& config) {
  const auto beam = static_cast<std::size_t>(config.beam);
  const auto limit = static_cast<std::size_t>(config.longest_target(source.size(1), model.max_length()));
  std::vector<Hypothesis> live(1), finished;
  for (std::size_t length = 1; length <= limit; ++length) {
    std::vector<Hypothesis> ranked;
    for (const Hypothesis& hypothesis : live) {
      const std::vector<double> next = next_log_probabilities(model, source, hypothesis.tokens);
      for (std::int64_t token = symbols.eos; token < model.target_size(); ++token) {
        Hypothesis longer = hypothesis;
        longer.log_probability += next[static_cast<std::size_t>(token)];
        longer.score = score_of(config, longer.log_probability, length);
        longer.finished = token == symbols.eos;
        if (!longer.finished) longer.tokens.push_back(token);
        ranked.push_back(longer);
      }
    }
    std::stable_sort(ranked.begin(), ranked.end(),
                     [](const Hypothesis& a, const Hypothesis& b) { return a.log_probability > b.log_probability; });
    live.clear();
    for (std::size_t rank = 0; rank < std::min(2 * beam, ranked.size()); ++rank) {
      if (!ranked[rank].finished && live.size() < beam) live.push_back(ranked[rank]);
      if (ranked[rank].finished && rank < beam) finished.push_back(ranked[rank]);
    }
    sort_hypotheses(finished);
    finished.resize(std::min(finished.size(), beam));
    const bool enough = finished.size() == beam;
    if (enough && (config.stopping == "enough_finished" || live.front().score <= finished.back().score)) break;
  }
  finished.insert(finished.end(), live.begin(), live.end());
  sort_hypotheses(finished);
  finished.resize(std::min(finished.size(), static_cast<std::size_t>(config.n_best)));
  return finished;
}

}  // namespace

TEST_CASE("a beam as wide as all sequences finds and ranks all of them", "[decoding][beam]") {
  const auto model = tiny_model(tiny_config(), small_vocabulary);
  const Tensor source = random_sources(3, small_vocabulary);
  for (const std::string& kind : length_penalty_table().choices().names()) {
    for (const double alpha : {0.0, 0.6, 1.0, 2.0}) {
      for (const std::int64_t min_length : {0, 2}) {
        DecodingConfig config = beam_of(100);
        config.length_penalty_kind = kind;
        config.length_penalty = alpha;
        config.min_length = min_length;
        config.max_length_factor = 0;
        config.max_length_constant = 3;
        const Hypotheses found = decode(*model, source, symbols, config, 0);
        Hypotheses expected(3);
        for (std::int64_t i = 0; i < 3; ++i) {
          auto& all = expected[static_cast<std::size_t>(i)];
          enumerate(*model, alone(source, i), config, 3, {}, 0, all);
          sort_hypotheses(all);
        }
        INFO(kind << " " << alpha << " min_length " << min_length);
        // Finished ones of 0, 1 and 2 words and cut ones of 3 words.
        REQUIRE(found.front().size() == (min_length == 0 ? 1u + 4 : 0u) + 16 + 64);
        check_equal(found, expected);
      }
    }
  }
}

TEST_CASE("batched beam search is the plain search of every sentence", "[decoding][beam]") {
  const auto model = tiny_model();
  const Tensor source = random_sources(12);
  for (const std::string& stopping : stopping_table().choices().names()) {
    for (const std::int64_t beam : {1, 2, 3, 5}) {
      for (const double factor : {0, 1}) {  // two tokens for every source, or two more than it has
        DecodingConfig config = beam_of(beam);
        config.stopping = stopping;
        config.max_length_factor = factor;
        config.max_length_constant = 2;
        INFO(stopping << ", a beam of " << beam << ", factor " << factor);
        Hypotheses expected;
        for (std::int64_t i = 0; i < source.size(0); ++i) {
          expected.push_back(plain_beam_search(*model, alone(source, i), config));
        }
        check_equal(decode(*model, source, symbols, config, 0), expected);
      }
    }
  }
}

TEST_CASE("the stopping rules end at different times", "[decoding][beam]") {
  const auto model = tiny_model();
  const Tensor source = random_sources(20);
  DecodingConfig config = beam_of(4);
  config.stopping = "enough_finished";
  const Hypotheses early = decode(*model, source, symbols, config, 0);
  config.stopping = "no_better_live";
  const Hypotheses late = decode(*model, source, symbols, config, 0);
  int changed = 0;
  for (std::size_t i = 0; i < early.size(); ++i) {
    changed += late[i].back().tokens != early[i].back().tokens;
    // Going on never loses a finished hypothesis but to a better one.
    CHECK(late[i].back().score > early[i].back().score - 1e-4);
  }
  CHECK(changed > 0);
}

TEST_CASE("a beam of 1 is greedy search", "[decoding][beam]") {
  const Tensor source = random_sources(20);
  for (const std::uint64_t seed : {1, 2, 3}) {
    const auto model = tiny_model(tiny_config(), 11, seed);
    const Hypotheses expected = decode(*model, source, symbols, greedy(), 0);
    for (const std::string& stopping : stopping_table().choices().names()) {
      for (const double alpha : {0.0, 1.0, 3.0}) {
        DecodingConfig config = beam_of(1);
        config.stopping = stopping;
        config.length_penalty = alpha;
        const Hypotheses found = decode(*model, source, symbols, config, 0);
        for (std::size_t i = 0; i < expected.size(); ++i) {
          REQUIRE(found[i].size() == 1);
          CHECK(found[i][0].tokens == expected[i][0].tokens);
          CHECK(found[i][0].finished == expected[i][0].finished);
          CHECK(found[i][0].log_probability == expected[i][0].log_probability);
        }
      }
    }
  }
}

TEST_CASE("n-best hypotheses are distinct, ranked and scored by the formula", "[decoding][beam]") {
  const auto model = tiny_model();
  const Tensor source = random_sources(6);
  DecodingConfig config = beam_of(6);
  config.length_penalty_kind = "gnmt";
  config.length_penalty = 0.6;
  const Hypotheses found = decode(*model, source, symbols, config, 0);
  for (std::int64_t i = 0; i < source.size(0); ++i) {
    const std::vector<Hypothesis>& list = found[static_cast<std::size_t>(i)];
    REQUIRE(list.size() == 6);
    std::set<std::vector<std::int64_t>> distinct;
    for (const Hypothesis& hypothesis : list) {
      distinct.insert(hypothesis.tokens);
      const std::size_t length = hypothesis.tokens.size() + (hypothesis.finished ? 1 : 0);
      CHECK(hypothesis.score == Approx(score_of(config, hypothesis.log_probability, length)));
      CHECK(hypothesis.log_probability == Approx(log_probability(*model, alone(source, i), hypothesis)).margin(1e-4));
    }
    CHECK(distinct.size() == 6);
    CHECK(std::ranges::is_sorted(list, [](const Hypothesis& a, const Hypothesis& b) {
      return a.finished != b.finished ? a.finished : a.score > b.score;
    }));
  }
  config.n_best = 2;
  const Hypotheses fewer = decode(*model, source, symbols, config, 0);
  for (std::size_t i = 0; i < found.size(); ++i) {
    REQUIRE(fewer[i].size() == 2);
    CHECK(fewer[i][1].tokens == found[i][1].tokens);
  }
}

TEST_CASE("a larger length penalty makes longer sentences", "[decoding][beam]") {
  const auto model = tiny_model();
  const Tensor source = random_sources(20);
  const auto words = [&](double alpha) {
    DecodingConfig config = beam_of(5);
    config.length_penalty = alpha;
    std::size_t count = 0;
    for (const auto& list : decode(*model, source, symbols, config, 0)) count += list.front().tokens.size();
    return count;
  };
  const std::size_t none = words(0);
  const std::size_t strong = words(2);
  CHECK(none < strong);
}
