#pragma once
// Masked language modelling (Devlin et al. 2019, section 3.1, task 1): of the tokens of a row a share is chosen, at
// random but without special symbols; the model sees a mask, a random token or the token itself in their place and says
// what stood there.
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "data/changed_batches.h"
#include "data/objective_symbols.h"

namespace ablate::data {

/// What masking has to know of a vocabulary.
struct MaskingVocabulary {
  std::int64_t size;  ///< of the tokenizer
  std::int64_t mask;
  std::vector<bool> is_special;   ///< by id: never chosen, and never put in a token's place
  std::vector<bool> begins_word;  ///< by id
};
MaskingVocabulary masking_vocabulary(const Tokenizer& tokenizer);

/// Chooses tokens of one row and hides them: round(mask_share * n) of its n tokens that are no special symbols, at
/// least one of them if there is any; whole words, until that many tokens are chosen, if `whole_words`.
/// tokens: `count` of them, changed in place; said: what is to be said at each place, no_target where nothing is.
/// Returns how many are to be said.
std::int64_t mask_row(std::int64_t* tokens, std::int64_t* said, std::int64_t count, const ObjectiveConfig& objective,
                      const MaskingVocabulary& vocabulary, SplitMix64& random);

/// The rows of `inner`, as a causal model would read them, with tokens hidden: source (B, S), target_output (B, S).
class MaskedBatches final : public ChangedBatches {
 public:
  MaskedBatches(std::unique_ptr<Batches> inner, ObjectiveConfig objective, MaskingVocabulary vocabulary,
                std::uint64_t seed);

  Batch batch(std::int64_t epoch, std::int64_t i) override;

 private:
  ObjectiveConfig objective_;
  MaskingVocabulary vocabulary_;
};

}  // namespace ablate::data
