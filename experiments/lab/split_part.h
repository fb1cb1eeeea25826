#pragma once
// What figures are measured on: a whole split, or its pairs of some lengths, so that a table tells how far a model goes
// beyond the lengths that it was trained on (as Press et al. 2022 ask of positions).
#include "data/batching.h"
#include "experiments/lab/config.h"
#include "experiments/metrics/corpus.h"

#include <optional>
#include <string>
#include <vector>

namespace ablate::lab {

struct SplitPart {
  std::string split;
  std::optional<data::LengthRange> lengths;  ///< nothing: the whole split
  std::string name() const;                  ///< "test", "test[21-40]": as results and columns name it
};

/// What such a name stands for; a split that is called so itself comes first.
SplitPart part_named(const std::string& name, const data::Corpus& corpus);

/// "test, 21-40 tokens" for "test[21-40]", for people; other names as they are.
std::string part_heading(const std::string& name);

/// The parts that `evaluation.lengths` asks for, beside the whole split.
std::vector<SplitPart> parts_of(const EvaluationConfig& config, const std::string& split);

/// Its pairs, as numbers in the split.
std::vector<std::int64_t> pairs_of(const SplitPart& part, const data::Corpus& corpus);

/// The lines that stand at these places.
metrics::Lines lines_at(const metrics::Lines& lines, const std::vector<std::int64_t>& places);

}  // namespace ablate::lab
