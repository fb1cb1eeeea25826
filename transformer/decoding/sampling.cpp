#include "transformer/decoding/search.h"

#include <algorithm>
#include <cmath>

namespace ablate {
namespace {

/// What is drawn from, as weights (n, V) double that need not sum to one: first the temperature, then the
/// top_k likeliest tokens, then of those the nucleus, the fewest likeliest that together have probability
/// top_p (Holtzman et al. 2020, section 3.1). Of equally likely tokens those with smaller ids stay.
Tensor weights_to_draw_from(const Tensor& log_probabilities, const DecodingConfig& config) {
  const Tensor tempered = log_probabilities.to(at::kDouble) / config.temperature;
  const std::int64_t size = tempered.size(1);
  const std::int64_t kept = std::min(config.top_k.value_or(size), size);
  if (kept == size && config.top_p == 1) return at::softmax(tempered, 1);
  auto [best, tokens] = tempered.sort(/*stable=*/true, 1, /*descending=*/true);
  best.slice(1, kept, size).fill_(minus_infinity);
  Tensor weights = at::softmax(best, 1);
  const Tensor mass_before = weights.cumsum(1) - weights;
  if (config.top_p < 1) weights.masked_fill_(mass_before >= config.top_p, 0);
  return at::zeros_like(weights).scatter_(1, tokens, weights);
}

/// Inverts the distribution function, in the order of ids: the first token whose cumulative weight exceeds u
/// times the whole, u (n, 1) in [0, 1). Rounding can thus move a draw only if u falls on the very border of
/// two tokens.
Tensor invert(const Tensor& weights, const Tensor& u) {
  const Tensor cumulative = weights.cumsum(1);
  const Tensor border = u * cumulative.slice(1, -1);
  return (cumulative > border).logical_and_(weights > 0).to(at::kByte).argmax(1, /*keepdim=*/true);  // (n, 1)
}

/// An own stream of numbers for every sample of every sentence.
SplitMix64 stream(std::uint64_t seed, std::uint64_t sentence, std::uint64_t sample) {
  return SplitMix64(SplitMix64(seed, sentence).next(), sample);
}

}  // namespace

Hypotheses sampling_search(const SearchProblem& problem) {
  const auto samples = static_cast<std::size_t>(problem.config.n_best);
  std::vector<std::int64_t> parents, limits;
  std::vector<SplitMix64> streams;
  for (std::size_t sentence = 0; sentence < problem.limits.size(); ++sentence) {
    for (std::size_t sample = 0; sample < samples; ++sample) {
      parents.push_back(static_cast<std::int64_t>(sentence));
      limits.push_back(problem.limits[sentence]);
      streams.push_back(stream(problem.seed, problem.sentences[sentence], sample));
    }
  }

  const auto draw = [&](const std::vector<std::int64_t>& newest, const std::vector<std::size_t>& paths) {
    const Tensor log_probabilities = problem.decoder.read(newest);
    std::vector<double> u;
    for (const std::size_t path : paths) u.push_back(streams[path].uniform());
    const Tensor u_here = at::tensor(u, at::kDouble).unsqueeze(1).to(log_probabilities.device());
    const Tensor drawn = invert(weights_to_draw_from(log_probabilities, problem.config), u_here);
    const Tensor tokens = drawn.to(at::kCPU);
    const Tensor values = log_probabilities.gather(1, drawn).to(at::kCPU, at::kDouble);
    std::vector<Candidate> chosen;
    for (std::int64_t row = 0; row < tokens.size(0); ++row) {
      chosen.push_back({tokens.data_ptr<std::int64_t>()[row], values.data_ptr<double>()[row]});
      // What is impossible is never drawn, unless the weights were NaN.
      if (!std::isfinite(chosen.back().log_probability)) throw_not_numbers();
    }
    return chosen;
  };
  problem.decoder.select(parents);
  std::vector<Hypothesis> paths = follow_paths(problem.decoder, problem.symbols, limits, draw);

  Hypotheses found(problem.limits.size());
  for (std::size_t path = 0; path < paths.size(); ++path) found[path / samples].push_back(std::move(paths[path]));
  for (std::vector<Hypothesis>& list : found) {
    std::stable_sort(list.begin(), list.end(),
                     [](const Hypothesis& a, const Hypothesis& b) { return a.score > b.score; });
  }
  return found;
}

}  // namespace ablate
