#pragma once
// The section `objective` of an experiment file: what is learnt from a corpus, and for running text how it is cut into
// rows of a batch.
//   translation  the target from the source and from what stands before it; of pairs
//   causal_lm    every token of a text from those before it: -sum over t of log p(y_t | y_<t) (Radford et al. 2018,
//                eq. (1)); of running text
//   masked_lm    hidden tokens of a text from all others (Devlin et al. 2019, section 3.1); of running text
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

  void describe(config::Fields& f);
};

/// What an objective learns from.
const config::VariantTable<Content>& objective_table();

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
