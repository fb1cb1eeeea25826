#pragma once
// What a run costs in FLOPs: the products of matrices of the plain formulas, forward and backward, for one target token
// in a sentence pair of the corpus's mean lengths.
#include "experiments/lab/preparation.h"
#include "transformer/model/cost.h"

namespace ablate::lab {

/// Mean lengths of the pairs that the row is trained on, </s> included, rounded; 1 at least.
SequenceLengths mean_lengths(const PreparedRow& row);

/// The same as the row's objective uses them: an encoder by itself reads what another model would say, and says what is
/// hidden of it; a prefix of a mean length is not said; a text that is corrupted has two sides.
SequenceLengths lengths_learnt(const RunConfig& config, SequenceLengths lengths);

/// FLOPs of learning from one target token. They depend on nothing but the configuration, the vocabulary and the
/// lengths: neither on the device nor on the kernels.
double flops_per_token(const ModelConfig& model, const VocabularyInfo& vocabulary, SequenceLengths lengths);

/// Of a prepared row.
double flops_per_token(const PreparedRow& row);

}  // namespace ablate::lab
