#include "tests/transformer/decoding/support.h"

#include <algorithm>
#include <map>

using namespace ablate;
using namespace ablate::testing;

namespace {

using Sequence = std::vector<std::int64_t>;

/// How often every sequence (</s> included) was drawn for one sentence, targets of at most `limit` tokens.
std::map<Sequence, double> draw(Transformer& model, const Tensor& source, DecodingConfig config, std::int64_t limit) {
  config.max_length_factor = 0;
  config.max_length_constant = limit;
  std::map<Sequence, double> share;
  const std::vector<Hypothesis> samples = decode(model, source, symbols, config, 7).at(0);
  for (const Hypothesis& sample : samples) {
    Sequence sequence = sample.tokens;
    if (sample.finished) sequence.push_back(symbols.eos);
    share[sequence] += 1.0 / static_cast<double>(samples.size());
  }
  return share;
}

/// What a token is drawn with, by the definitions: on (probability, id) pairs, the likeliest first.
std::map<std::int64_t, double> expected_shares(Transformer& model, const Tensor& source, const Sequence& prefix,
                                               const DecodingConfig& config) {
  std::vector<std::pair<double, std::int64_t>> ranked;
  const std::vector<double> next = next_log_probabilities(model, source, prefix);
  for (std::size_t id = 0; id < next.size(); ++id) {
    ranked.emplace_back(std::exp(next[id] / config.temperature), static_cast<std::int64_t>(id));
  }
  std::ranges::sort(ranked, std::greater<>());
  const auto normalise = [&] {
    double sum = 0;
    for (const auto& [weight, id] : ranked) sum += weight;
    for (auto& [weight, id] : ranked) weight /= sum;
  };
  if (config.top_k) ranked.resize(std::min(ranked.size(), static_cast<std::size_t>(*config.top_k)));
  normalise();
  double mass = 0;
  std::size_t kept = 0;
  while (kept < ranked.size() && mass < config.top_p) mass += ranked[kept++].first;
  ranked.resize(kept);
  normalise();
  std::map<std::int64_t, double> share;
  for (const auto& [weight, id] : ranked) share[id] = weight;
  return share;
}

/// Within five standard errors of the expected share; never, where it is zero.
void check_share(double found, double expected, double samples) {
  if (expected == 0) {
    CHECK(found == 0);
  } else {
    CHECK(std::abs(found - expected) < 5 * std::sqrt(expected * (1 - expected) / samples) + 1e-9);
  }
}

}  // namespace

TEST_CASE("tokens are drawn as often as the model and the options say", "[decoding][sampling]") {
  const auto model = tiny_model();
  const Tensor source = alone(random_sources(1), 0);
  constexpr std::int64_t samples = 20'000;
  std::vector<DecodingConfig> configs(6, sampling(samples));
  configs[1].temperature = 0.5;
  configs[2].temperature = 2;
  configs[3].top_k = 3;
  configs[4].top_p = 0.7;
  configs[5].temperature = 1.5;
  configs[5].top_k = 5;
  configs[5].top_p = 0.8;
  for (const DecodingConfig& config : configs) {
    INFO("temperature " << config.temperature << " top_k " << config.top_k.value_or(0) << " top_p " << config.top_p);
    auto expected = expected_shares(*model, source, {}, config);
    auto found = draw(*model, source, config, 1);
    for (std::int64_t token = 0; token < model->target_size(); ++token) {
      INFO("token " << token);
      check_share(found[{token}], expected[token], samples);
    }
  }
}

TEST_CASE("the draws of two steps are independent", "[decoding][sampling]") {
  const auto model = tiny_model(tiny_config(), 6);
  const Tensor source = alone(random_sources(1, 6), 0);
  constexpr std::int64_t samples = 20'000;
  const DecodingConfig config = sampling(samples);
  auto found = draw(*model, source, config, 2);
  for (const auto& [first, share] : expected_shares(*model, source, {}, config)) {
    if (first == symbols.eos) {
      check_share(found[{first}], share, samples);
      continue;
    }
    for (const auto& [second, then] : expected_shares(*model, source, {first}, config)) {
      INFO("tokens " << first << " " << second);
      check_share(found[{first, second}], share * then, samples);
    }
  }
}

TEST_CASE("one token to draw from is greedy search", "[decoding][sampling]") {
  const auto model = tiny_model();
  const Tensor source = random_sources(20);
  const Hypotheses expected = decode(*model, source, symbols, greedy(), 0);
  DecodingConfig top_one = sampling(1);
  top_one.top_k = 1;
  check_equal(decode(*model, source, symbols, top_one, 3), expected);
  DecodingConfig tiny_nucleus = sampling(1);
  tiny_nucleus.top_p = 1e-6;
  check_equal(decode(*model, source, symbols, tiny_nucleus, 3), expected);
  DecodingConfig cold = sampling(1);
  cold.temperature = 1e-4;
  check_equal(decode(*model, source, symbols, cold, 3), expected);
}

TEST_CASE("samples depend on the seed and the number of the sentence, not on the batch", "[decoding][sampling]") {
  const auto model = tiny_model();
  const Tensor source = random_sources(6);
  const std::vector<std::uint64_t> numbers{40, 41, 7, 900, 3, 12};
  const Hypotheses together = decode(*model, source, symbols, sampling(4), 5, numbers);
  Hypotheses apart;
  for (std::int64_t i = 0; i < source.size(0); ++i) {
    apart.push_back(
        decode(*model, alone(source, i), symbols, sampling(4), 5, {numbers[static_cast<std::size_t>(i)]}).at(0));
  }
  check_equal(apart, together);
  check_equal(decode(*model, source, symbols, sampling(4), 5, numbers), together);

  const auto differs = [&](const Hypotheses& other) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < other.size(); ++i) {
      for (std::size_t j = 0; j < other[i].size(); ++j) count += other[i][j].tokens != together[i][j].tokens;
    }
    return count;
  };
  CHECK(differs(decode(*model, source, symbols, sampling(4), 6, numbers)) >= 12);
  CHECK(differs(decode(*model, source, symbols, sampling(4), 5)) >= 12);
}

TEST_CASE("samples come ranked, and count what the model gives them", "[decoding][sampling]") {
  const auto model = tiny_model();
  const Tensor source = alone(random_sources(1), 0);
  DecodingConfig config = sampling(10);
  config.temperature = 2;
  config.top_k = 6;
  const std::vector<Hypothesis> samples = decode(*model, source, symbols, config, 0).at(0);
  REQUIRE(samples.size() == 10);
  for (const Hypothesis& sample : samples) {
    CHECK(sample.log_probability == Approx(log_probability(*model, source, sample)).margin(1e-4));
    CHECK(sample.score == sample.log_probability);
  }
  CHECK(std::ranges::is_sorted(samples, std::greater<>(), &Hypothesis::score));
}
