#include "experiments/metrics/accuracy.h"

#include <algorithm>
#include <stdexcept>

#include "experiments/metrics/text.h"

namespace ablate::metrics {

Share& Share::operator+=(const Share& other) {
  correct += other.correct;
  total += other.total;
  return *this;
}

double Share::percent() const {
  return total > 0 ? 100 * static_cast<double>(correct) / static_cast<double>(total) : 0;
}

Share exact_match(const Lines& hypotheses, const References& references, const ExactMatchOptions& options) {
  check_corpus(hypotheses, references);
  const auto seen = [&](const std::string& line) { return options.lowercase ? lower_case(line) : line; };
  Share share;
  for (std::size_t i = 0; i < hypotheses.size(); ++i) {
    const std::string hypothesis = seen(hypotheses[i]);
    const bool right = std::any_of(references.begin(), references.end(),
                                   [&](const Lines& reference) { return seen(reference[i]) == hypothesis; });
    share += {right ? 1 : 0, 1};
  }
  return share;
}

Score exact_match_report(const Share& share, const ExactMatchOptions& options, std::size_t references) {
  return make_score("exact match", share.percent(), make_signature(references, options.lowercase, ""),
                    "(" + std::to_string(share.correct) + " of " + std::to_string(share.total) + " lines)");
}

Share token_accuracy(const Ids& hypothesis, const Ids& reference, std::optional<std::int64_t> ignored) {
  if (ignored && hypothesis.size() != reference.size()) {
    throw std::invalid_argument("token accuracy without padding needs sequences of one length, not " +
                                std::to_string(hypothesis.size()) + " and " + std::to_string(reference.size()) +
                                " tokens");
  }
  Share share;
  const std::size_t common = std::min(hypothesis.size(), reference.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (ignored && reference[i] == *ignored) continue;
    share += {hypothesis[i] == reference[i] ? 1 : 0, 1};
  }
  share.total += static_cast<std::int64_t>(std::max(hypothesis.size(), reference.size()) - common);
  return share;
}

Share sequence_accuracy(const std::vector<Ids>& hypotheses, const std::vector<Ids>& references) {
  if (hypotheses.size() != references.size()) {
    throw std::invalid_argument("unequal numbers of sequences: " + std::to_string(hypotheses.size()) +
                                " hypotheses, but " + std::to_string(references.size()) + " references");
  }
  Share share;
  for (std::size_t i = 0; i < hypotheses.size(); ++i) share += {hypotheses[i] == references[i] ? 1 : 0, 1};
  return share;
}

}  // namespace ablate::metrics
