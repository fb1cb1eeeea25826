#include "data/objective.h"

namespace ablate::data {
namespace {

constexpr config::Variant<Content> objective_rows[] = {
    {{"translation", "the target from the source and from what stands before it", "Vaswani et al. 2017, section 3", ""},
     Content::pairs},
    {{"causal_lm", "every token of running text from those before it", "Radford et al. 2018, section 3.1",
      "layout windows document_end"},
     Content::text},
    {{"masked_lm", "hidden tokens of running text from all others", "Devlin et al. 2019, section 3.1",
      "layout windows document_end mask_share masked replaced whole_words"},
     Content::text},
    {{"classification", "the class of a text or of a pair of texts", "Devlin et al. 2019, section 4.1", ""},
     Content::classes},
    {{"regression", "a number for a text or for a pair of texts, by least squares", "Devlin et al. 2019 (code)", ""},
     Content::numbers},
};
constexpr config::VariantTable<Content> objectives{"objective", objective_rows};

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

const config::VariantTable<Content>& objective_table() { return objectives; }
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
}

}  // namespace ablate::data
