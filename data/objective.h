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
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/readers/readers.h"
#include "transformer/config/fields.h"

namespace ablate::data {

class Tokenizer;
struct CorruptionKind;
struct Mark;
struct ObjectiveConfig;

/// What becomes of the rows of a corpus, which of running text are those that a causal model would read.
enum class RowChange {
  none,
  prefix,     ///< their first tokens are seen from both sides: prefix_batches.h
  masked,     ///< tokens of theirs are hidden, and said from all others: masking.h
  corrupted,  ///< an encoder reads a changed text, and a decoder says something else than that: corruption.h
};

/// What an objective is. Whoever wants to know asks for one of these, and not for the objective's name.
struct ObjectiveTraits {
  Content content;  ///< what it learns from
  RowChange change = RowChange::none;
  const CorruptionKind* corruption = nullptr;  ///< of RowChange::corrupted, and of no other
  /// Ids that it needs and that text does not bring with it, one of objective_symbols.h; nullptr: none.
  std::vector<Mark> (*symbols)(const Tokenizer&, const ObjectiveConfig&) = nullptr;
  /// Each token of running text is said once, so that the losses of its tokens are that of the text.
  bool says_whole_text = false;
  /// What is said of running text, in words for a table; "" where it goes without saying.
  std::string_view said = "";
};

const config::VariantTable<ObjectiveTraits>& objective_table();

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
  /// The row of objective_table().
  const ObjectiveTraits& traits() const { return objective_table().at(kind); }

 private:
  void describe_noise(config::Fields& f);
};

/// Whether an encoder reads a changed text, and a decoder says something else than what it reads.
inline bool corrupts(const ObjectiveConfig& objective) { return objective.traits().change == RowChange::corrupted; }

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
