#pragma once
// The noise of BART (Lewis et al. 2020, section 2.2, figure 2), in the paper's order, each with a share of its own, of
// the n tokens that a row has when its turn comes:
//   token_masking  round(share n) tokens, drawn among all, become masks
//   token_deletion  round(share n) tokens, drawn among all, are left out
//   text_infilling  round(share n) tokens go in spans, whose lengths are drawn from Poisson(span_length), the last one
//                shortened to fit; every order of spans and of tokens that stay is as likely. One mask stands for each
//                span; one of no token is a mask that is put in, as long as the row grows no longer by it
//   sentence_permutation  round(share s) of the s sentences, drawn among all, change places, each order as likely
//   document_rotation  with this probability the row begins at a token drawn among all, and what stood before it
//                follows the end
// The target is the text as it was.
//
// A sentence ends with a token whose text ends with . ! or ?, behind which quotation marks and brackets may stand, or
// has a line end in it, or with </s> between documents; of several such tokens in a row with the last. Abbreviations
// are taken for ends. Sentences are those of the text as it was: a mask belongs to that in which the first token of its
// span stood.
#include <cstdint>
#include <span>
#include <vector>

#include "data/objective.h"
#include "data/tokenizers/tokenizer.h"
#include "transformer/core/random.h"

namespace ablate::data {

/// What noise has to know of a vocabulary.
struct NoiseVocabulary {
  std::int32_t mask;
  std::vector<bool> ends_sentence;  ///< by id
};
NoiseVocabulary noise_vocabulary(const Tokenizer& tokenizer);

/// The number of each token's sentence, counted from 0.
std::vector<std::int64_t> sentence_numbers(std::span<const std::int32_t> tokens,
                                           const std::vector<bool>& ends_sentence);

/// What is left of a row.
std::vector<std::int32_t> add_noise(std::span<const std::int32_t> tokens, const ObjectiveConfig& objective,
                                    const NoiseVocabulary& vocabulary, SplitMix64& random);

/// A number from Poisson(lambda), lambda at most 100: how many numbers from [0, 1) can be multiplied until their
/// product is below exp(-lambda), less one (Knuth 1997, section 3.4.1, algorithm Q).
std::int64_t poisson(double lambda, SplitMix64& random);

}  // namespace ablate::data
