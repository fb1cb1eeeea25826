#pragma once
// The searches behind decode(), one per row of their table, and what they share.
#include "transformer/core/random.h"
#include "transformer/decoding/step_decoder.h"

namespace ablate {

/// One batch of sentences and all that a search needs to know.
struct SearchProblem {
  StepDecoder& decoder;  ///< one row per sentence, nothing read yet
  const TargetSymbols& symbols;
  const DecodingConfig& config;
  std::vector<std::int64_t> limits;  ///< per sentence: the most tokens, </s> included
  std::uint64_t seed;
  const std::vector<std::uint64_t>& sentences;  ///< the number of every sentence, for the seed
};

using Search = Hypotheses (*)(const SearchProblem& problem);
const config::VariantTable<Search>& search_table();

Hypotheses greedy_search(const SearchProblem& problem);
Hypotheses beam_search(const SearchProblem& problem);
Hypotheses sampling_search(const SearchProblem& problem);

/// Given the newest tokens of n paths, which the decoder has still to read, and which paths those are: one token more
/// for each of them.
using ChooseTokens = std::function<std::vector<Candidate>(const std::vector<std::int64_t>& newest,
                                                          const std::vector<std::size_t>& paths)>;

/// Every row of the decoder is a path that never branches: it takes one chosen token per step until </s> or
/// its limit. Paths that have ended leave the batch. -> one hypothesis per path, score = log P.
std::vector<Hypothesis> follow_paths(StepDecoder& decoder, const TargetSymbols& symbols,
                                     const std::vector<std::int64_t>& limits, const ChooseTokens& choose);

}  // namespace ablate
