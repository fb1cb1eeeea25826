#include "experiments/lab/figures.h"

#include <nlohmann/json.hpp>

#include <limits>

#include "tests/catch.h"
#include "transformer/core/error.h"

using namespace ablate;
using namespace ablate::lab;

namespace {

Json decoding() {
  return Json::parse(R"({
    "checkpoint": "average_last", "averaged": 3,
    "decoding": {"kind": "beam", "beam": 4, "top_k": null},
    "splits": {
      "dev": {"nll": 1.5, "perplexity": 4.48, "accuracy": 61.25, "loss": 2.5},
      "test": {"nll": 1.6, "perplexity": 4.95, "accuracy": 60.0, "loss": 2.6,
               "scores": {"bleu:tokenize=none": {"value": 25.5, "signature": "nrefs:1|tok:none",
                                                 "text": "BLEU"},
                          "exact_match": {"value": 12.5, "signature": "", "text": ""}}}}})");
}

std::vector<std::string> chosen(const std::vector<std::string>& asked) {
  const Json measured = decoding();
  std::vector<std::string> keys;
  for (const Figure& figure : choose_figures(measured_figures({&measured}), asked)) keys.push_back(figure.key());
  return keys;
}

using Keys = std::vector<std::string>;

}  // namespace

TEST_CASE("figures: all scores and the dev perplexity, or those asked for in that order", "[lab]") {
  CHECK(chosen({}) == Keys{"perplexity@dev", "bleu:tokenize=none@test", "exact_match@test"});
  CHECK(chosen({"exact_match", "nll@dev"}) == Keys{"exact_match@test", "nll@dev"});
  CHECK(chosen({"nll"}) == Keys{"nll@dev", "nll@test"});
  CHECK(chosen({"nll", "nll@dev"}) == Keys{"nll@dev", "nll@test"});
  CHECK(chosen({"bleu:tokenize=none"}) == Keys{"bleu:tokenize=none@test"});
}

TEST_CASE("figures: one that nothing measures", "[lab]") {
  CHECK_THROWS_AS(chosen({"exact_mach@test"}), UserError);
  CHECK_THROWS_MENTION(chosen({"exact_mach@test"}), "did you mean 'exact_match@test'?");
  CHECK_THROWS_MENTION(chosen({"chrf"}), "no run measures 'chrf'");
}

TEST_CASE("figures: columns know their heading, unit and better way", "[lab]") {
  const Column nll = column_of({"nll", "dev"});
  CHECK(nll.key == "nll@dev");
  CHECK(nll.heading == "NLL");
  CHECK(nll.group == "dev");
  CHECK(nll.direction == Direction::lower);
  CHECK(nll.decimals == 3);
  const Column bleu = column_of({"bleu:tokenize=none", "test"});
  CHECK(bleu.heading == "BLEU tokenize=none");
  CHECK(bleu.direction == Direction::higher);
  CHECK(column_of({"chrf++", "test"}).heading == "chrF++");
  CHECK(column_of({"exact_match", "test"}).unit == "%");
  CHECK(column_of({"accuracy", "test"}).direction == Direction::higher);
  CHECK(column_of({"nll", "test[21-40]"}).group == "test, 21-40 tokens");
  CHECK(column_of({"nll", "test[21-40]"}).key == "nll@test[21-40]");
  CHECK(column_of({"nll", "test[a]"}).group == "test[a]");
}

TEST_CASE("figures: of errors the lower are the better", "[lab]") {
  const Column errors = column_of({"token_error_rate:lowercase=true", "test"});
  CHECK(errors.heading == "Token error rate lowercase=true");
  CHECK(errors.unit == "%");
  CHECK(errors.direction == Direction::lower);
  CHECK(column_of({"edit_distance", "test"}).direction == Direction::lower);
  const Column unknown = column_of({"rouge", "test"});
  CHECK(unknown.heading == "rouge");
  CHECK(unknown.direction == Direction::higher);
}

TEST_CASE("figures: losses of texts as wholes are apart from those of tokens", "[lab]") {
  const Json measured = Json::parse(R"({"splits": {"dev": {"texts": 3, "label_nll": 0.5, "label_loss": 0.75}}})");
  CHECK((measured_figures({&measured}) == std::vector<Figure>{{"label_nll", "dev"}, {"label_loss", "dev"}}));
  CHECK((choose_figures(measured_figures({&measured}), {}) == std::vector<Figure>{{"label_nll", "dev"}}));
  CHECK(column_of({"label_loss", "dev"}).unit == "nats/text, smoothed");
}

TEST_CASE("figures: some compare texts whatever their tokens are", "[lab]") {
  for (const char* figure : {"perplexity_per_word", "bits_per_character", "bits_per_byte"}) {
    CHECK(is_of_any_tokens({figure, "dev"}));
  }
  for (const char* figure : {"nll", "perplexity", "label_nll", "bleu"}) CHECK_FALSE(is_of_any_tokens({figure, "dev"}));
}

TEST_CASE("figures: values and signatures out of a result", "[lab]") {
  const Json measured = decoding();
  CHECK(value_of(measured, {"nll", "dev"}) == 1.5);
  CHECK(value_of(measured, {"bleu:tokenize=none", "test"}) == 25.5);
  CHECK(value_of(measured, {"bleu:tokenize=none", "dev"}) == std::nullopt);
  CHECK(value_of(measured, {"nll", "test2"}) == std::nullopt);
  CHECK(signature_of(measured, {"bleu:tokenize=none", "test"}) == "bleu:tokenize=none: nrefs:1|tok:none");
  CHECK(signature_of(measured, {"nll", "dev"}).empty());
}

TEST_CASE("figures: what overflowed is infinite", "[lab]") {
  Json measured = decoding();
  measured["splits"]["dev"]["perplexity"] = nullptr;
  measured["splits"]["test"]["scores"]["exact_match"]["value"] = nullptr;
  CHECK(value_of(measured, {"perplexity", "dev"}) == std::numeric_limits<double>::infinity());
  CHECK(value_of(measured, {"exact_match", "test"}) == std::numeric_limits<double>::infinity());
}

TEST_CASE("figures: conditions in a sentence", "[lab]") {
  CHECK(describe_decoding(decoding()) == "Weights: average_last (3 checkpoints averaged); decoding: kind beam, beam 4");
  CHECK(describe_decoding({{"checkpoint", "best"}}) == "Weights: best, chosen on dev");
  CHECK(describe_decoding({{"checkpoint", "average_best"}, {"averaged", 2}}) ==
        "Weights: average_best (2 checkpoints averaged), chosen on dev");
  CHECK(describe_decoding({{"checkpoint", "last"}}) == "Weights: last");
  CHECK(describe_decoding({{"checkpoint", "last"}, {"window", 64}, {"stride", 16}}) ==
        "Weights: last; losses: windows of 64 tokens, one every 16");
  const std::string text =
      describe_environment({{"device", "cpu"}, {"threads", 2}, {"precision", "fp32"}, {"torch", "2.11.0"}});
  CHECK(text == "Trained on cpu, 2 threads, fp32, torch 2.11.0");
}
