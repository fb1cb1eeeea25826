#include "data/objective.h"

#include "data/corruption.h"
#include "data/objective_symbols.h"

namespace ablate::data {
namespace {

constexpr config::Variant<ObjectiveTraits> objective_rows[] = {
    {{"translation", "the target from the source and from what stands before it", "Vaswani et al. 2017, section 3", ""},
     {.content = Content::pairs}},
    {{"causal_lm", "every token of running text from those before it", "Radford et al. 2018, section 3.1",
      "layout windows document_end"},
     {.content = Content::text, .says_whole_text = true}},
    {{"prefix_lm", "tokens behind a prefix, drawn for each row, that is seen from both sides",
      "Raffel et al. 2020, section 3.2.1", "layout windows document_end"},
     {.content = Content::text,
      .change = RowChange::prefix,
      .said = "tokens behind prefixes, drawn once for every row"}},
    {{"masked_lm", "hidden tokens of running text from all others", "Devlin et al. 2019, section 3.1",
      "layout windows document_end mask_share masked replaced whole_words"},
     {.content = Content::text, .change = RowChange::masked, .symbols = mask_symbols}},
    {{"span_corruption", "spans that were cut out of running text, a sentinel in the place of each",
      "Raffel et al. 2020, section 3.1.4", "layout windows document_end noise_density mean_span_length sentinels"},
     {.content = Content::text,
      .change = RowChange::corrupted,
      .corruption = &cut_spans,
      .symbols = sentinel_symbols,
      .said = "spans cut out and their sentinels, drawn once for every row"}},
    {{"denoising", "running text from what noise has left of it", "Lewis et al. 2020, section 2.2",
      "layout windows document_end token_masking token_deletion text_infilling span_length sentence_permutation "
      "document_rotation"},
     {.content = Content::text,
      .change = RowChange::corrupted,
      .corruption = &added_noise,
      .symbols = mask_symbols,
      .said = "every row's text from what noise, drawn once for each, has left of it"}},
    {{"classification", "the class of a text or of a pair of texts", "Devlin et al. 2019, section 4.1", ""},
     {.content = Content::classes}},
    {{"regression", "a number for a text or for a pair of texts, by least squares", "Devlin et al. 2019 (code)", ""},
     {.content = Content::numbers}},
};
constexpr config::VariantTable<ObjectiveTraits> objectives{"objective", objective_rows};

constexpr config::Variant<Layout> layout_rows[] = {
    {{"packed", "all documents behind one another, cut into windows of training.max_length tokens", "", ""},
     Layout::packed},
    {{"documents", "every document by itself, from <s> on, cut at the limit; a causal model says its </s>, too", "",
      ""},
     Layout::documents},
};
constexpr config::VariantTable<Layout> layouts{"layout", layout_rows};

constexpr config::Variant<Windows> windows_rows[] = {
    {{"random", "windows begin anywhere; an epoch has as many as fit behind one another", "", ""}, Windows::random},
    {{"consecutive", "windows behind one another, shuffled; every epoch begins at another place", "", ""},
     Windows::consecutive},
};
constexpr config::VariantTable<Windows> window_kinds{"windows", windows_rows};

}  // namespace

const config::VariantTable<ObjectiveTraits>& objective_table() { return objectives; }
const config::VariantTable<Layout>& layout_table() { return layouts; }
const config::VariantTable<Windows>& windows_table() { return window_kinds; }

void ObjectiveConfig::describe(config::Fields& f) {
  f.variant(kind, objectives.choices(), "what is learnt");
  f.choice("layout", layout, layouts.choices(), "how documents become rows of a batch");
  const config::VariantInfo* known = objectives.choices().find(kind);
  const bool is_packed = layout == "packed" || known == nullptr || !known->uses_option("layout");
  const char* without = "has an effect with layout 'packed' alone";
  f.only_if(is_packed, without, "layout")
      .choice("windows", windows, window_kinds.choices(), "where the windows of training begin");
  f.only_if(is_packed, without, "layout")
      .field("document_end", document_end, "</s> behind every document; false: nothing tells them apart");
  f.field("mask_share", mask_share, "share of a row's tokens that are to be said", config::Range{0, 1, true});
  f.field("masked", masked, "share of those that a mask hides", config::fraction);
  f.field("replaced", replaced, "share of those in whose place a random token stands; the rest stay as they are",
          config::fraction);
  f.field("whole_words", whole_words, "all tokens of a word or none are to be said");
  f.check(masked + replaced <= 1, "replaced",
          "together with 'masked' it is more than 1: they are shares of the tokens that are to be said");
  f.field("noise_density", noise_density, "share of a row's tokens that are cut out", config::Range{0, 1, true, true});
  f.field("mean_span_length", mean_span_length, "tokens of a span that is cut out, on average", config::at_least_one);
  f.field("sentinels", sentinels,
          "number of sentinels; null: those of the tokenizer, <extra_id_0> and so on, or 100 behind its last id if it "
          "has none",
          config::Range{2, 1 << 20});
  describe_noise(f);
}

void ObjectiveConfig::describe_noise(config::Fields& f) {
  f.field("token_masking", token_masking, "share of a row's tokens in whose place a mask stands", config::fraction);
  f.field("token_deletion", token_deletion, "share of its tokens that are left out", config::probability);
  f.field("text_infilling", text_infilling,
          "share of its tokens in spans, in the place of each of which one mask stands", config::fraction);
  f.only_if(text_infilling > 0, "has no effect with text_infilling 0", "text_infilling")
      .field("span_length", span_length, "lambda of the Poisson distribution of a span's tokens",
             config::Range{0.1, 100});
  f.field("sentence_permutation", sentence_permutation, "share of its sentences that change places among themselves",
          config::fraction);
  f.field("document_rotation", document_rotation, "share of rows that begin at a token in their middle",
          config::fraction);
  const bool is_noisy = token_masking > 0 || token_deletion > 0 || text_infilling > 0 || sentence_permutation > 0 ||
                        document_rotation > 0;
  const config::VariantInfo* known = objectives.choices().find(kind);
  const bool needs_noise = known != nullptr && traits().corruption == &added_noise;
  f.check(!needs_noise || is_noisy, "kind", "without any noise the text would be copied");
}

}  // namespace ablate::data
