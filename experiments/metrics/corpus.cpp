#include "experiments/metrics/corpus.h"

#include <stdexcept>

#include "experiments/metrics/text.h"

namespace ablate::metrics {

void check_utf8(const Lines& lines, const std::string& side) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    try {
      decode_utf8(lines[i]);
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument(side + ", line " + std::to_string(i + 1) + ": " + error.what());
    }
  }
}

void check_corpus(const Lines& hypotheses, const References& references) {
  if (references.empty()) throw std::invalid_argument("there is no reference to score against");
  if (hypotheses.empty()) throw std::invalid_argument("there are no hypotheses to score");
  for (std::size_t r = 0; r < references.size(); ++r) {
    if (references[r].size() != hypotheses.size()) {
      throw std::invalid_argument("unequal line counts: " + std::to_string(hypotheses.size()) + " hypotheses, but " +
                                  std::to_string(references[r].size()) + " lines in reference " +
                                  std::to_string(r + 1));
    }
  }
  check_utf8(hypotheses, "hypotheses");
  for (std::size_t r = 0; r < references.size(); ++r) {
    check_utf8(references[r], "reference " + std::to_string(r + 1));
  }
}

Lines references_of_line(const References& references, std::size_t i) {
  Lines lines;
  lines.reserve(references.size());
  for (const Lines& reference : references) lines.push_back(reference[i]);
  return lines;
}

}  // namespace ablate::metrics
