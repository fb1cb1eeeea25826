#include "transformer/decoding/search.h"

namespace ablate {

std::vector<Hypothesis> follow_paths(StepDecoder& decoder, const TargetSymbols& symbols,
                                     const std::vector<std::int64_t>& limits, const ChooseTokens& choose) {
  std::vector<Hypothesis> ended(limits.size());
  std::vector<std::size_t> paths(limits.size());  // which path stands in which row
  for (std::size_t i = 0; i < paths.size(); ++i) paths[i] = i;
  std::vector<std::int64_t> next(limits.size(), symbols.bos);

  for (std::int64_t length = 1; !paths.empty(); ++length) {
    const std::vector<Candidate> chosen = choose(next, paths);
    std::vector<std::size_t> going_on;
    std::vector<std::int64_t> parents;
    next.clear();
    for (std::size_t row = 0; row < paths.size(); ++row) {
      Hypothesis& path = ended[paths[row]];
      path.log_probability += chosen[row].log_probability;
      path.score = path.log_probability;
      path.finished = chosen[row].token == symbols.eos;
      if (path.finished) continue;
      path.tokens.push_back(chosen[row].token);
      if (length == limits[paths[row]]) continue;
      going_on.push_back(paths[row]);
      parents.push_back(static_cast<std::int64_t>(row));
      next.push_back(chosen[row].token);
    }
    paths = std::move(going_on);
    if (!paths.empty()) decoder.select(parents);
  }
  return ended;
}

Hypotheses greedy_search(const SearchProblem& problem) {
  const auto likeliest = [&](const std::vector<std::int64_t>& newest, const std::vector<std::size_t>& paths) {
    const BestTokens best = problem.decoder.read_best(newest, 1);
    std::vector<Candidate> chosen;
    for (std::size_t row = 0; row < paths.size(); ++row) {
      chosen.push_back(best.row(static_cast<std::int64_t>(row)).front());
    }
    return chosen;
  };
  Hypotheses found;
  for (Hypothesis& path : follow_paths(problem.decoder, problem.symbols, problem.limits, likeliest)) {
    found.push_back({std::move(path)});
  }
  return found;
}

}  // namespace ablate
