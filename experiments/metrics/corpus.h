// What a corpus metric is given: hypotheses, and one or more references for each. Knows nothing of files.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace ablate::metrics {

using Lines = std::vector<std::string>;

// references[r][i] is the r-th reference of hypothesis i: one element per reference file.
using References = std::vector<Lines>;

// Throws std::invalid_argument unless every line is valid UTF-8; the message says `side, line N: ...`, N
// from 1.
void check_utf8(const Lines& lines, const std::string& side);

// Throws std::invalid_argument unless there is at least one line and one reference, every reference has as
// many lines as the hypotheses, and every line is valid UTF-8; the message names the side and the line,
// from 1.
void check_corpus(const Lines& hypotheses, const References& references);

// The references of line i, in order.
Lines references_of_line(const References& references, std::size_t i);

}  // namespace ablate::metrics
