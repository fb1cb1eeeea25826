#pragma once
// The section `objective` of an experiment file: what is learnt from a corpus, and for running text how it is cut into
// rows of a batch.
//   translation  the target from the source and from what stands before it; of pairs
//   causal_lm    every token of a text from those before it: -sum over t of log p(y_t | y_<t) (Radford et al. 2018,
//                eq. (1)); of running text
//   prefix_lm    of a row of n tokens a prefix of 1 … n tokens, each length as likely, is seen from both sides; the
//                others from those before them: -sum over t behind the prefix of log p(y_t | y_<t) (Raffel et al. 2020,
//                section 3.2.1); of running text
//   masked_lm    hidden tokens of a text from all others (Devlin et al. 2019, section 3.1); of running text
//   span_corruption  spans that were cut out of a text, from the rest of it, see span_corruption.h; of running text
//   denoising    a text from what noise has left of it, see denoising.h; of running text
//   classification  the class of a text, or of a pair of texts, -log p(class | text); of labelled texts
//   regression   a number of the same, (value - model's)^2
#include "data/readers/readers.h"
#include "transformer/config/fields.h"

namespace ablate::data {

struct ObjectiveConfig {
  std::string kind = "translation";
  std::string layout = "packed";
  std::string windows = "random";
  bool document_end = true;
  double mask_share = 0.15;
  double masked = 0.8, replaced = 0.1;
  bool whole_words = false;
  double noise_density = 0.15, mean_span_length = 3;
  std::optional<std::int64_t> sentinels{};
  double token_masking = 0, token_deletion = 0;
  double text_infilling = 0.3, span_length = 3;
  double sentence_permutation = 1, document_rotation = 0;

  void describe(config::Fields& f);

 private:
  void describe_noise(config::Fields& f);
};

/// What an objective learns from.
const config::VariantTable<Content>& objective_table();

/// Whether an encoder reads a changed text, and a decoder says something else than what it reads: rows of such an
/// objective are made by corruption.h.
bool corrupts(const ObjectiveConfig& objective);

/// Whether each token of a text is said once, so that the losses of its tokens are that of the text.
bool says_whole_text(const ObjectiveConfig& objective);

/// What is said of running text, in words for a table: "tokens behind prefixes"; "" where it goes without saying.
std::string said_in_words(const ObjectiveConfig& objective);

/// How documents become rows of a batch.
enum class Layout {
  packed,     ///< all documents behind one another, cut into windows of one length
  documents,  ///< <s> document </s>, cut at the limit
};
const config::VariantTable<Layout>& layout_table();

/// Where the windows of an epoch of training begin; those of an evaluation follow one another.
enum class Windows {
  random,       ///< anywhere, each place as likely: as many as fit behind one another
  consecutive,  ///< behind one another from a place that every epoch draws anew, in a drawn order
};
const config::VariantTable<Windows>& windows_table();

}  // namespace ablate::data
