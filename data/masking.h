#pragma once
// Masked language modelling (Devlin et al. 2019, section 3.1, task 1): of the tokens of a row a share is chosen, at
// random but without special symbols; the model sees a mask, a random token or the token itself in their place and says
// what stood there.
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "data/batching.h"
#include "data/objective.h"

namespace ablate::data {

/// The mask's id: that of the vocabulary, or the one behind its last.
std::int64_t mask_id(const Tokenizer& tokenizer);

/// Types of the vocabulary that a model of an objective has: those of the tokenizer, and the mask if that has none.
std::int64_t vocabulary_size(const Tokenizer& tokenizer, const ObjectiveConfig& objective);

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
/// What is hidden of a row is a function of (seed, epoch, its place in the corpus): something else in every epoch of
/// training, always the same in evaluation, which has but one.
class MaskedBatches final : public Batches {
 public:
  MaskedBatches(std::unique_ptr<Batches> inner, ObjectiveConfig objective, MaskingVocabulary vocabulary,
                std::uint64_t seed);

  std::int64_t size() const override { return inner_->size(); }
  Batch batch(std::int64_t epoch, std::int64_t i) override;
  std::int64_t used() const override { return inner_->used(); }
  std::int64_t skipped() const override { return inner_->skipped(); }
  std::int64_t cut() const override { return inner_->cut(); }
  double padding_share() const override { return inner_->padding_share(); }
  std::string unit() const override { return inner_->unit(); }

 private:
  std::unique_ptr<Batches> inner_;
  ObjectiveConfig objective_;
  MaskingVocabulary vocabulary_;
  std::uint64_t seed_;
};

}  // namespace ablate::data
