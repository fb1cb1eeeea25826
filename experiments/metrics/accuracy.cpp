#include "experiments/metrics/accuracy.h"

#include <algorithm>

#include "experiments/metrics/text.h"

namespace ablate::metrics {
namespace {

std::string seen(const std::string& line, const AccuracyOptions& options) {
  return options.lowercase ? lower_case(line) : line;
}

Share share_of_line(const std::u32string& hypothesis, const std::u32string& reference) {
  const std::vector<std::u32string_view> said = split(hypothesis);
  const std::vector<std::u32string_view> wanted = split(reference);
  Share share{0, static_cast<std::int64_t>(std::max(said.size(), wanted.size()))};
  for (std::size_t i = 0; i < std::min(said.size(), wanted.size()); ++i) share.correct += said[i] == wanted[i] ? 1 : 0;
  return share;
}

/// Two empty lines agree in all of their no tokens.
double agreement(const Share& share) {
  return share.total > 0 ? static_cast<double>(share.correct) / static_cast<double>(share.total) : 1;
}

Share best_share(const Lines& hypotheses, const References& references, std::size_t line,
                 const AccuracyOptions& options) {
  const std::u32string hypothesis = decode_utf8(seen(hypotheses[line], options));
  Share best;
  bool any = false;
  for (const Lines& reference : references) {
    const Share share = share_of_line(hypothesis, decode_utf8(seen(reference[line], options)));
    if (!any || agreement(share) > agreement(best)) best = share;
    any = true;
  }
  return best;
}

}  // namespace

Share& Share::operator+=(const Share& other) {
  correct += other.correct;
  total += other.total;
  return *this;
}

double Share::percent() const {
  return total > 0 ? 100 * static_cast<double>(correct) / static_cast<double>(total) : 0;
}

std::vector<Share> exact_match_shares(const Lines& hypotheses, const References& references,
                                      const AccuracyOptions& options) {
  check_corpus(hypotheses, references);
  std::vector<Share> shares;
  for (std::size_t i = 0; i < hypotheses.size(); ++i) {
    const std::string hypothesis = seen(hypotheses[i], options);
    const bool right = std::any_of(references.begin(), references.end(),
                                   [&](const Lines& reference) { return seen(reference[i], options) == hypothesis; });
    shares.push_back({right ? 1 : 0, 1});
  }
  return shares;
}

std::vector<Share> token_accuracy_shares(const Lines& hypotheses, const References& references,
                                         const AccuracyOptions& options) {
  check_corpus(hypotheses, references);
  std::vector<Share> shares;
  for (std::size_t i = 0; i < hypotheses.size(); ++i) shares.push_back(best_share(hypotheses, references, i, options));
  return shares;
}

std::vector<Share> sequence_accuracy_shares(const Lines& hypotheses, const References& references,
                                            const AccuracyOptions& options) {
  std::vector<Share> shares = token_accuracy_shares(hypotheses, references, options);
  for (Share& share : shares) share = {share.correct == share.total ? 1 : 0, 1};
  return shares;
}

Share sum_of(const std::vector<Share>& shares) {
  Share sum;
  for (const Share& share : shares) sum += share;
  return sum;
}

Score share_report(const std::string& name, const Share& share, const std::string& unit, const AccuracyOptions& options,
                   std::size_t references) {
  return make_score(name, share.percent(), make_signature(references, options.lowercase, ""),
                    "(" + std::to_string(share.correct) + " of " + std::to_string(share.total) + " " + unit + ")");
}

}  // namespace ablate::metrics
