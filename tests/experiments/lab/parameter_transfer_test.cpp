// Which parameters of a model begin as those of another: names, uses of embeddings, shapes, words.
#include "experiments/lab/parameter_transfer.h"

#include <algorithm>

#include "tests/catch.h"
#include "tests/transformer/model/configs.h"
#include "transformer/core/error.h"

using namespace ablate;
using ablate::lab::InitializeFromConfig;
using ablate::lab::ParameterNames;
using ablate::lab::ParameterTransfer;

namespace {

constexpr VocabularyInfo thirteen_words{.source_size = 13, .target_size = 13, .pad = 1};
constexpr VocabularyInfo three_classes{.source_size = 13, .target_size = 3, .pad = 1};

/// Two layers a stack on top of which a test says what is its own.
ModelConfig small_model(const std::string& text) {
  return ablate::testing::read_model(text, R"({"d_model": 8, "max_length": 16, "attention.heads": 2,
      "feed_forward.d_ff": 6, "encoder.layers": 2, "decoder.layers": 2})");
}

ParameterNames names_in(const std::string& text, const VocabularyInfo& vocabulary = thirteen_words) {
  return lab::parameter_names(small_model(text), vocabulary);
}

const char* const both_stacks = "{}";
const char* const language_model = R"({"family": "decoder"})";
const char* const hidden_words = R"({"family": "encoder"})";
const char* const classifier = R"({"family": "encoder", "head.kind": "classes"})";

std::string same_words(const std::string&, const std::string&) { return ""; }

ParameterTransfer planned(const ParameterNames& own, const ParameterNames& other,
                          const InitializeFromConfig& settings = {}, const lab::OtherWords& other_words = same_words) {
  return lab::plan_transfer(own, other, settings, other_words, "row");
}

/// What the parameter begins with, "" if it is drawn.
std::string origin_of(const ParameterTransfer& transfer, const std::string& name) {
  const auto found = std::ranges::find(transfer.taken, name, &lab::TakenParameter::name);
  return found == transfer.taken.end() ? "" : found->from;
}

std::string why_drawn(const ParameterTransfer& transfer, const std::string& name) {
  const auto found = std::ranges::find(transfer.fresh, name, &lab::FreshParameter::name);
  return found == transfer.fresh.end() ? "" : found->why;
}

/// The settings as a test gives them, list by list.
InitializeFromConfig taking(std::vector<std::string> take, std::vector<std::string> leave = {},
                            std::vector<std::string> rename = {}) {
  InitializeFromConfig settings;
  settings.take = std::move(take);
  settings.leave = std::move(leave);
  settings.rename = std::move(rename);
  return settings;
}

}  // namespace

TEST_CASE("transfer: the same model takes everything over", "[lab][transfer]") {
  for (const char* text : {both_stacks, language_model, hidden_words}) {
    const ParameterTransfer transfer = planned(names_in(text), names_in(text));
    CHECK(transfer.fresh.empty());
    CHECK(transfer.unused.empty());
    CHECK(transfer.taken.size() == names_in(text).shapes.size());
    for (const lab::TakenParameter& parameter : transfer.taken) CHECK(parameter.name == parameter.from);
    std::int64_t values = 0;
    for (const lab::TakenParameter& parameter : transfer.taken) values += parameter.values;
    CHECK(values == count_parameters(small_model(text), thirteen_words));
  }
}

TEST_CASE("transfer: a classifier begins from hidden words, but not its head", "[lab][transfer]") {
  const ParameterTransfer transfer = planned(names_in(classifier, three_classes), names_in(hidden_words));
  CHECK(origin_of(transfer, "embedding.source") == "embedding.shared");
  CHECK(origin_of(transfer, "encoder.layers.1.feed_forward.inner.weight") ==
        "encoder.layers.1.feed_forward.inner.weight");
  // Of the same name and shape, and another thing.
  CHECK(why_drawn(transfer, "head.hidden.weight") == "the run has a head over words");
  CHECK(why_drawn(transfer, "head.output.weight") == "the run has a head over words");
  REQUIRE_FALSE(transfer.unused.empty());
  for (const std::string& name : transfer.unused) CHECK(name.starts_with("head."));
  const std::string summary = lab::summary_of(transfer);
  INFO(summary);
  CHECK(summary.find("; drawn: head.… (the run has a head over words); unused: head.…") != std::string::npos);
  CHECK(summary.starts_with(std::to_string(transfer.taken.size()) + " of " +
                            std::to_string(transfer.taken.size() + transfer.fresh.size()) + " parameters ("));
  // Whoever says so has it.
  const ParameterTransfer forced = planned(names_in(classifier, three_classes), names_in(hidden_words),
                                           taking({}, {}, {"head.hidden = head.hidden"}));
  CHECK(origin_of(forced, "head.hidden.weight") == "head.hidden.weight");
}

TEST_CASE("transfer: embeddings are known by the input that they serve", "[lab][transfer]") {
  CHECK(names_in(both_stacks).embeddings == std::map<std::string, std::string>{{"source", "embedding.shared"},
                                                                               {"target", "embedding.shared"},
                                                                               {"output", "embedding.shared"}});
  const char* const untied = R"({"embedding.tying": "none"})";
  CHECK(origin_of(planned(names_in(both_stacks), names_in(language_model)), "embedding.shared") == "embedding.target");
  CHECK(origin_of(planned(names_in(language_model), names_in(both_stacks)), "embedding.target") == "embedding.shared");
  CHECK(origin_of(planned(names_in(both_stacks), names_in(hidden_words)), "embedding.shared") == "embedding.shared");
  const ParameterTransfer own_output = planned(names_in(untied), names_in(both_stacks));
  for (const char* name : {"embedding.source", "embedding.target", "embedding.output"}) {
    CHECK(origin_of(own_output, name) == "embedding.shared");
  }
  // An encoder's words are none that a decoder reads.
  CHECK_THROWS_MENTION(planned(names_in(language_model), names_in(hidden_words)), "row.run: nothing is taken: 0 of ");
  CHECK_THROWS_MENTION(planned(names_in(both_stacks), names_in(untied)),
                       "row.rename: 'embedding.shared' serves as several of the run's do, embedding.source and "
                       "embedding.target");
  CHECK(origin_of(
            planned(names_in(both_stacks), names_in(untied), taking({}, {}, {"embedding.shared = embedding.target"})),
            "embedding.shared") == "embedding.target");
  const char* const factorized = R"({"embedding.factorization": {"kind": "words", "width": 4}})";
  const char* const factorized_encoder =
      R"({"family": "encoder", "head.kind": "classes", "embedding.factorization": {"kind": "words", "width": 4}})";
  CHECK(origin_of(planned(names_in(factorized_encoder, three_classes), names_in(factorized)),
                  "embedding.source_lift.weight") == "embedding.shared_lift.weight");
}

TEST_CASE("transfer: what is renamed is read from elsewhere, by the longest beginning", "[lab][transfer]") {
  const ParameterTransfer transfer =
      planned(names_in(both_stacks), names_in(hidden_words), taking({}, {}, {"decoder = encoder"}));
  CHECK(origin_of(transfer, "decoder.layers.0.self_attention.query.weight") ==
        "encoder.layers.0.self_attention.query.weight");
  CHECK(origin_of(transfer, "encoder.layers.0.self_attention.query.weight") ==
        "encoder.layers.0.self_attention.query.weight");
  CHECK(why_drawn(transfer, "decoder.layers.0.cross_attention.query.weight") ==
        "the run has no 'encoder.layers.0.cross_attention.query.weight'");
  const ParameterTransfer longest =
      planned(names_in(both_stacks), names_in(both_stacks),
              taking({}, {}, {"encoder.layers.1. = encoder.layers.0", "encoder.layers = decoder.layers"}));
  CHECK(origin_of(longest, "encoder.layers.1.feed_forward.inner.bias") == "encoder.layers.0.feed_forward.inner.bias");
  CHECK(origin_of(longest, "encoder.layers.0.feed_forward.inner.bias") == "decoder.layers.0.feed_forward.inner.bias");
}

TEST_CASE("transfer: only what is asked for is taken, and what is left is drawn", "[lab][transfer]") {
  const ParameterTransfer transfer =
      planned(names_in(both_stacks), names_in(both_stacks), taking({"encoder."}, {"encoder.layers.1"}));
  CHECK(origin_of(transfer, "encoder.layers.0.feed_forward.inner.bias") == "encoder.layers.0.feed_forward.inner.bias");
  CHECK(why_drawn(transfer, "encoder.layers.1.feed_forward.inner.bias") == "left");
  CHECK(why_drawn(transfer, "decoder.layers.0.feed_forward.inner.bias") == "not asked for");
  CHECK(lab::summary_of(transfer).find("drawn: decoder.…, embedding.… (not asked for), encoder.layers.1.… (left)") !=
        std::string::npos);
  const std::string many = R"({"encoder.layers": 11})";
  const ParameterTransfer tenth = planned(names_in(many), names_in(many), taking({"encoder"}, {"encoder.layers.1"}));
  CHECK(why_drawn(tenth, "encoder.layers.10.feed_forward.inner.bias").empty());
}

TEST_CASE("transfer: a beginning that is none, or for which there is nothing, is an error", "[lab][transfer]") {
  const ParameterNames own = names_in(both_stacks), other = names_in(hidden_words);
  CHECK_THROWS_MENTION(planned(own, other, taking({"encodr"})),
                       "row.take: no parameter of this model is called 'encodr' (did you mean 'encoder'?)");
  CHECK_THROWS_MENTION(planned(own, other, taking({"encoder", "wings"})),
                       "is called 'wings': they begin with decoder, embedding, encoder");
  CHECK_THROWS_MENTION(planned(own, other, taking({}, {"encoder.layers.7"})), "row.leave: no parameter of this");
  CHECK_THROWS_MENTION(planned(own, other, taking({}, {}, {"decodr = encoder"})), "did you mean 'decoder'?");
  CHECK_THROWS_MENTION(planned(own, other, taking({}, {}, {"decoder = decoder"})),
                       "row.rename: no parameter of the run is called 'decoder'");
  CHECK_THROWS_MENTION(planned(own, other, taking({"encoder", "decoder"})),
                       "row.take: the run has nothing for 'decoder'");
}

TEST_CASE("transfer: another shape is an error that names both, unless it is left", "[lab][transfer]") {
  const ParameterNames own = names_in(R"({"feed_forward.d_ff": 12})"), other = names_in(both_stacks);
  CHECK_THROWS_MENTION(
      planned(own, other),
      "row.take: 'encoder.layers.0.feed_forward.inner.weight' is [12, 8], and the run's "
      "'encoder.layers.0.feed_forward.inner.weight' is [6, 8]: make the model as that one is, or leave "
      "it: \"leave\": [\"encoder.layers.0.feed_forward.inner.weight\"]");
  const ParameterTransfer transfer =
      planned(own, other, taking({"encoder"}, {"encoder.layers.0.feed_forward", "encoder.layers.1.feed_forward"}));
  CHECK(why_drawn(transfer, "encoder.layers.0.feed_forward.inner.weight") == "left");
  CHECK_THROWS_AS(planned(own, other), UserError);
}

TEST_CASE("transfer: strictness asks for everything that is not left", "[lab][transfer]") {
  InitializeFromConfig strict;
  strict.strict = true;
  CHECK_NOTHROW(planned(names_in(both_stacks), names_in(both_stacks), strict));
  CHECK_THROWS_MENTION(planned(names_in(both_stacks), names_in(hidden_words), strict),
                       "row.strict: the run has nothing for decoder.");
  strict.leave = {"decoder"};
  CHECK_NOTHROW(planned(names_in(both_stacks), names_in(hidden_words), strict));
}

TEST_CASE("transfer: of the same words more or fewer are known, and other words are an error", "[lab][transfer]") {
  const VocabularyInfo more{.source_size = 14, .target_size = 14, .pad = 1};
  for (const auto& [own, other] : {std::pair{thirteen_words, more}, {more, thirteen_words}}) {
    const ParameterTransfer transfer = planned(names_in(both_stacks, own), names_in(both_stacks, other));
    const auto shared = std::ranges::find(transfer.taken, "embedding.shared", &lab::TakenParameter::name);
    REQUIRE(shared != transfer.taken.end());
    CHECK(shared->rows == 13);
    CHECK(shared->values == 13 * 8);
    CHECK(lab::summary_of(transfer).find(", of embedding.shared 13 rows") != std::string::npos);
    CHECK(lab::to_json(transfer)["taken"].size() == transfer.taken.size());
  }
  const auto others = [](const std::string& name, const std::string&) { return "not the words of " + name; };
  CHECK_THROWS_MENTION(planned(names_in(both_stacks), names_in(both_stacks), {}, others),
                       "row.take: 'embedding.shared': not the words of embedding.shared; or leave it: \"leave\": "
                       "[\"embedding.shared\"]");
  CHECK_NOTHROW(planned(names_in(both_stacks), names_in(both_stacks), taking({}, {"embedding"}), others));
  // The classes of a text are as much words as those that it is made of.
  CHECK_THROWS_MENTION(planned(names_in(classifier, three_classes), names_in(classifier, three_classes),
                               taking({}, {"embedding"}), others),
                       "'head.output.weight': not the words of");
}

TEST_CASE("transfer: what is taken is copied, and the rest is as it was drawn", "[lab][transfer]") {
  const VocabularyInfo more{.source_size = 14, .target_size = 14, .pad = 1};
  const auto run = make_transformer(small_model(hidden_words), thirteen_words, at::kCPU, /*seed=*/7);
  const auto begun = make_transformer(small_model(both_stacks), more, at::kCPU, /*seed=*/1);
  const auto drawn = make_transformer(small_model(both_stacks), more, at::kCPU, /*seed=*/1);
  const ParameterTransfer transfer = planned(lab::parameter_names(*begun), lab::parameter_names(*run));
  const NamedTensors theirs = weights_of(*run), before = weights_of(*drawn);
  lab::copy_parameters(transfer, theirs, *begun, "run");
  const NamedTensors after = weights_of(*begun);
  for (const auto& [name, tensor] : after) {
    INFO(name);
    if (name == "embedding.shared") {
      CHECK(tensor.narrow(0, 0, 13).equal(theirs.at(name)));
      CHECK(tensor[13].equal(before.at(name)[13]));
    } else if (name.starts_with("encoder.")) {
      CHECK(tensor.equal(theirs.at(name)));
      CHECK(tensor.requires_grad());
    } else {
      CHECK(tensor.equal(before.at(name)));
    }
  }
  CHECK_THROWS_MENTION(lab::copy_parameters(transfer, {}, *begun, "run"), "run: the weights of '");
}
