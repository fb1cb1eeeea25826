// Beam search with `beam` hypotheses per sentence (Wu et al. 2016, section 7; Vaswani et al. 2017, section
// 6.1).
//
// At every step, for every sentence that still searches:
//  1. all live hypotheses are continued by all tokens, and the 2 * beam continuations of highest log P are
//     ranked;
//  2. those among the first `beam` that end in </s> are finished; </s> on a lower rank is dropped;
//  3. the first `beam` of the others are the new live hypotheses: there are enough, as a live hypothesis has
//     only one continuation by </s>;
//  4. of the finished ones the `beam` of highest score = log P / lp(length, alpha) are kept;
//  5. the sentence ends when the `stopping` rule says so, when nothing is live, or at its length limit, where
//     what is still live is cut. Its rows then leave the batch.
// All live hypotheses have one length, so step 1 would rank by score in the same way. A beam of 1 is greedy
// search.
#include "transformer/decoding/search.h"

#include <algorithm>

namespace ablate {
namespace {

struct Live {
  std::vector<std::int64_t> tokens;
  double log_probability = 0;
};

struct Continuation {
  std::size_t parent;  ///< among the sentence's live hypotheses
  std::int64_t token;
  double log_probability;  ///< of the whole hypothesis
};

bool better(const Hypothesis& a, const Hypothesis& b) { return a.score > b.score; }

/// The search of one sentence.
class SentenceBeam {
 public:
  SentenceBeam(std::int64_t sentence, std::int64_t limit, const DecodingConfig& config)
      : sentence_(static_cast<std::size_t>(sentence)),
        limit_(limit),
        beam_(static_cast<std::size_t>(config.beam)),
        alpha_(config.length_penalty),
        penalty_(length_penalty_table().at(config.length_penalty_kind)),
        stopping_(stopping_table().at(config.stopping)) {}

  std::size_t sentence() const { return sentence_; }
  std::size_t rows() const { return live_.size(); }
  bool searches() const { return !ended_; }

  /// One step: `best` holds the candidates of this sentence's rows, which start at `first_row`. Appends the
  /// rows to go on with to `parents` and their newest tokens to `next`.
  void advance(const BestTokens& best, std::int64_t first_row, std::int64_t eos, std::vector<std::int64_t>& parents,
               std::vector<std::int64_t>& next) {
    ++length_;
    std::vector<Live> live;
    std::vector<std::size_t> parent_of;
    const std::vector<Continuation> ranked = rank(best, first_row);
    for (std::size_t i = 0; i < ranked.size() && live.size() < beam_; ++i) {
      const Continuation& to = ranked[i];
      std::vector<std::int64_t> tokens = live_[to.parent].tokens;
      if (to.token == eos) {
        if (i < beam_) finished_.push_back(hypothesis(std::move(tokens), to.log_probability, /*finished=*/true));
        continue;
      }
      tokens.push_back(to.token);
      live.push_back({std::move(tokens), to.log_probability});
      parent_of.push_back(to.parent);
    }
    live_ = std::move(live);
    std::stable_sort(finished_.begin(), finished_.end(), better);
    if (finished_.size() > beam_) finished_.resize(beam_);
    ended_ = live_.empty() || length_ == limit_ || may_stop();
    if (ended_) return;
    for (std::size_t i = 0; i < live_.size(); ++i) {
      parents.push_back(first_row + static_cast<std::int64_t>(parent_of[i]));
      next.push_back(live_[i].tokens.back());
    }
  }

  /// The finished hypotheses; if they are fewer than n, then the ones that were cut.
  std::vector<Hypothesis> take(std::size_t n) {
    if (length_ == limit_) {
      for (Live& live : live_) {
        finished_.push_back(hypothesis(std::move(live.tokens), live.log_probability, /*finished=*/false));
      }
    }
    if (finished_.size() > n) finished_.resize(n);
    return std::move(finished_);
  }

 private:
  std::vector<Continuation> rank(const BestTokens& best, std::int64_t first_row) const {
    std::vector<Continuation> all;
    for (std::size_t parent = 0; parent < live_.size(); ++parent) {
      for (const Candidate& candidate : best.row(first_row + static_cast<std::int64_t>(parent))) {
        all.push_back({parent, candidate.token, live_[parent].log_probability + candidate.log_probability});
      }
    }
    const auto ranks_before = [](const Continuation& a, const Continuation& b) {
      if (a.log_probability != b.log_probability) return a.log_probability > b.log_probability;
      return a.token != b.token ? a.token < b.token : a.parent < b.parent;
    };
    std::sort(all.begin(), all.end(), ranks_before);
    if (all.size() > 2 * beam_) all.resize(2 * beam_);
    return all;
  }

  bool may_stop() const {
    if (finished_.size() < beam_) return false;
    switch (stopping_) {
      case Stopping::no_better_live:
        return score(live_.front().log_probability) <= finished_.back().score;
      case Stopping::enough_finished:
        return true;
    }
    throw std::logic_error("a stopping rule without meaning");
  }

  double score(double log_probability) const {
    return log_probability / penalty_(static_cast<double>(length_), alpha_);
  }

  Hypothesis hypothesis(std::vector<std::int64_t> tokens, double log_probability, bool finished) const {
    return {std::move(tokens), log_probability, score(log_probability), finished};
  }

  std::size_t sentence_;
  std::int64_t limit_;
  std::size_t beam_;
  double alpha_;
  LengthPenalty penalty_;
  Stopping stopping_;
  std::int64_t length_ = 0;  ///< of the live hypotheses; with </s> that of those that finish now
  bool ended_ = false;
  std::vector<Live> live_{1};         ///< best first, at most `beam`; the empty one at the start
  std::vector<Hypothesis> finished_;  ///< best first, at most `beam`
};

}  // namespace

Hypotheses beam_search(const SearchProblem& problem) {
  const auto n_best = static_cast<std::size_t>(problem.config.n_best);
  std::vector<SentenceBeam> searching;
  for (std::size_t i = 0; i < problem.limits.size(); ++i) {
    searching.emplace_back(static_cast<std::int64_t>(i), problem.limits[i], problem.config);
  }
  std::vector<std::int64_t> next(searching.size(), problem.symbols.bos);
  Hypotheses found(searching.size());

  while (!searching.empty()) {
    const BestTokens best = problem.decoder.read_best(next, 2 * problem.config.beam);
    std::vector<std::int64_t> parents;
    next.clear();
    std::int64_t first_row = 0;
    for (SentenceBeam& sentence : searching) {
      const auto rows = static_cast<std::int64_t>(sentence.rows());
      sentence.advance(best, first_row, problem.symbols.eos, parents, next);
      first_row += rows;
      if (!sentence.searches()) found[sentence.sentence()] = sentence.take(n_best);
    }
    std::erase_if(searching, [](const SentenceBeam& sentence) { return !sentence.searches(); });
    if (!searching.empty()) problem.decoder.select(parents);
  }
  return found;
}

}  // namespace ablate
