#include "experiments/metrics/edit_distance.h"

#include <algorithm>
#include <numeric>
#include <string_view>

#include "experiments/metrics/text.h"

namespace ablate::metrics {
namespace {

using Tokens = std::vector<std::u32string_view>;

std::u32string compared(const std::string& line, const AccuracyOptions& options) {
  return decode_utf8(options.lowercase ? lower_case(line) : line);
}

// Row by row of the table of distances between the beginnings of both (Wagner & Fischer 1974).
std::int64_t distance_between(const Tokens& said, const Tokens& wanted) {
  std::vector<std::int64_t> row(wanted.size() + 1);
  std::iota(row.begin(), row.end(), std::int64_t{0});
  for (std::size_t i = 0; i < said.size(); ++i) {
    std::int64_t diagonal = row[0];
    row[0] = static_cast<std::int64_t>(i) + 1;
    for (std::size_t j = 0; j < wanted.size(); ++j) {
      const std::int64_t replaced = diagonal + (said[i] == wanted[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min(replaced, 1 + std::min(row[j], row[j + 1]));
    }
  }
  return row.back();
}

}  // namespace

Edits& Edits::operator+=(const Edits& other) {
  edits += other.edits;
  tokens += other.tokens;
  lines += other.lines;
  return *this;
}

std::vector<Edits> edits_of_lines(const Lines& hypotheses, const References& references,
                                  const AccuracyOptions& options) {
  check_corpus(hypotheses, references);
  std::vector<Edits> found;
  for (std::size_t i = 0; i < hypotheses.size(); ++i) {
    const std::u32string hypothesis = compared(hypotheses[i], options);
    const Tokens said = split(hypothesis);
    Edits best;
    for (const Lines& lines : references) {
      const std::u32string reference = compared(lines[i], options);
      const Tokens wanted = split(reference);
      const Edits edits{distance_between(said, wanted), static_cast<std::int64_t>(wanted.size()), 1};
      if (best.lines == 0 || edits.edits < best.edits) best = edits;
    }
    found.push_back(best);
  }
  return found;
}

Edits sum_of(const std::vector<Edits>& lines) {
  Edits sum;
  for (const Edits& line : lines) sum += line;
  return sum;
}

double token_error_rate(const Edits& edits) {
  if (edits.tokens == 0) return edits.edits == 0 ? 0 : 100;
  return 100 * static_cast<double>(edits.edits) / static_cast<double>(edits.tokens);
}

double mean_edit_distance(const Edits& edits) {
  return edits.lines == 0 ? 0 : static_cast<double>(edits.edits) / static_cast<double>(edits.lines);
}

}  // namespace ablate::metrics
