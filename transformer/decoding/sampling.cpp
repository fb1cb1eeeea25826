#include "transformer/decoding/draw.h"
#include "transformer/decoding/search.h"

#include <algorithm>
#include <cmath>

namespace ablate {

Hypotheses sampling_search(const SearchProblem& problem) {
  const auto samples = static_cast<std::size_t>(problem.config.n_best);
  std::vector<std::int64_t> parents, limits;
  std::vector<SplitMix64> streams;
  for (std::size_t sentence = 0; sentence < problem.limits.size(); ++sentence) {
    for (std::size_t sample = 0; sample < samples; ++sample) {
      parents.push_back(static_cast<std::int64_t>(sentence));
      limits.push_back(problem.limits[sentence]);
      streams.push_back(draw_stream(problem.seed, problem.sentences[sentence], sample));
    }
  }

  const Truncation truncation{
      .temperature = problem.config.temperature, .top_k = problem.config.top_k, .top_p = problem.config.top_p};
  const auto draw = [&](const std::vector<std::int64_t>& newest, const std::vector<std::size_t>& paths) {
    const Tensor log_probabilities = problem.decoder.read(newest);
    std::vector<double> u;
    for (const std::size_t path : paths) u.push_back(streams[path].uniform());
    const Tensor drawn = draw_tokens(weights_to_draw_from(log_probabilities, truncation), u);
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
