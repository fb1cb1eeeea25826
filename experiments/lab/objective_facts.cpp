#include "experiments/lab/objective_facts.h"

#include "experiments/lab/number_format.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace ablate::lab {
namespace {

constexpr std::string_view translation_figures[] = {"nll", "perplexity", "perplexity_per_word", "accuracy", "loss"};
constexpr std::string_view text_figures[] = {"nll",  "perplexity",         "perplexity_per_word", "accuracy",
                                             "loss", "bits_per_character", "bits_per_byte"};
// What is drawn of a text is no whole that nats could be spread over.
constexpr std::string_view drawn_figures[] = {"nll", "perplexity", "accuracy", "loss"};
constexpr std::string_view class_figures[] = {"label_nll", "label_loss"};
constexpr std::string_view number_figures[] = {"squared_error"};

constexpr std::string_view translation_metrics[] = {"bleu"};
constexpr std::string_view class_metrics[] = {"label_accuracy", "macro_f1"};
constexpr std::string_view number_metrics[] = {"pearson", "spearman"};
constexpr std::span<const std::string_view> no_metrics{};  // nothing said has a reference

constexpr Family encoder_decoder{true, true}, decoder_alone{false, true}, encoder_alone{true, false};

constexpr ObjectiveFacts fact_rows[] = {
    {"translation", encoder_decoder, std::nullopt, "target token", "nll", true, translation_figures,
     translation_metrics},
    {"span_corruption", encoder_decoder, std::nullopt, "target token", "nll", true, drawn_figures, no_metrics},
    {"denoising", encoder_decoder, std::nullopt, "target token", "nll", true, drawn_figures, no_metrics},
    {"causal_lm", decoder_alone, std::nullopt, "target token", "nll", true, text_figures, no_metrics},
    {"prefix_lm", decoder_alone, std::nullopt, "target token", "nll", true, drawn_figures, no_metrics},
    {"masked_lm", encoder_alone, HeadKind::words, "hidden token", "nll", true, drawn_figures, no_metrics},
    {"classification", encoder_alone, HeadKind::classes, "text", "nll", false, class_figures, class_metrics},
    {"regression", encoder_alone, HeadKind::number, "text", "squared error", false, number_figures, number_metrics},
};

}  // namespace

bool ObjectiveFacts::fits(const ModelConfig& model) const {
  const Family& has = model.stacks();
  if (has.encoder != stacks.encoder || has.decoder != stacks.decoder) return false;
  if (!head) return true;
  const HeadKind says = head_table().at(model.head.kind);
  return says == *head || (says == HeadKind::pooled && *head == HeadKind::words);
}

bool ObjectiveFacts::measures(std::string_view figure) const {
  return std::ranges::find(figures, figure) != figures.end();
}

std::string ObjectiveFacts::dev_text(double found) const {
  const auto fixed = [](double number, int decimals) {
    return number_text(number, {}, Notation::fixed, decimals).mean;
  };
  return dev_name() + " " + fixed(found, 4) + (has_perplexity ? ", perplexity " + fixed(std::exp(found), 2) : "");
}

std::span<const ObjectiveFacts> all_objective_facts() { return fact_rows; }

const ObjectiveFacts& objective_facts(std::string_view name) {
  const auto found = std::ranges::find(fact_rows, name, &ObjectiveFacts::name);
  if (found == std::end(fact_rows)) throw std::logic_error("objective '" + std::string(name) + "' has no facts");
  return *found;
}

const ObjectiveFacts& standard_objective(const ModelConfig& model) {
  const auto found = std::ranges::find_if(fact_rows, [&](const ObjectiveFacts& row) { return row.fits(model); });
  if (found == std::end(fact_rows)) throw std::logic_error("nothing is learnt by a model of this family");
  return *found;
}

std::vector<std::string> fitting_objectives(const ModelConfig& model) {
  std::vector<std::string> names;
  for (const ObjectiveFacts& row : fact_rows) {
    if (row.fits(model)) names.emplace_back(row.name);
  }
  return names;
}

}  // namespace ablate::lab
