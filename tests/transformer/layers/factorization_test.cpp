// Factorised embeddings: which matrices there are, and what they come to.
#include <cmath>
#include <map>

#include "tests/transformer/model/configs.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

constexpr std::int64_t stream = 6, narrow = 4;  // d_model and E

EmbeddingConfig factorized(const std::string& kind, const std::string& tying = "all",
                           const std::string& output = "transposed") {
  EmbeddingConfig config{.tying = tying};
  config.factorization = {.kind = kind, .width = narrow, .bias = true, .output = output};
  return config;
}

std::shared_ptr<Embeddings> random_embeddings(const EmbeddingConfig& config, bool has_source = true) {
  ParameterFactory factory(at::kCPU, at::kDouble);
  auto embeddings = std::make_shared<Embeddings>(config, stream, VocabularyInfo{11, 11, 2},
                                                 EmbeddingSides{.source = has_source}, WeightInitialization{}, factory);
  randomize(*embeddings, 4);
  return embeddings;
}

Tensor factorized_scores(const Embeddings& embeddings, const Tensor& hidden) {
  return at::linear(embeddings.output_input(hidden), embeddings.output_weight());
}

/// x W^T + b of the named map.
Tensor mapped(const torch::nn::Module& module, const std::string& name, const Tensor& x) {
  const auto parameters = module.named_parameters();
  return at::matmul(x, parameters[name + ".weight"].t()) + parameters[name + ".bias"];
}

std::vector<std::string> names_of(const EmbeddingConfig& config, bool has_source = true) {
  return random_embeddings(config, has_source)->named_parameters().keys();
}

using Keys = std::vector<std::string>;
const Tensor words = tokens({{3, 5, 7}, {8, 3, 4}});

}  // namespace

TEST_CASE("inputs that share words share what lifts them; a tied output has its transpose or its own",
          "[layers][embedding]") {
  CHECK(names_of(factorized("words")) == Keys{"shared", "shared_lift.weight", "shared_lift.bias"});
  CHECK(names_of(factorized("sum")) == Keys{"shared", "shared_lift.weight", "shared_lift.bias"});
  CHECK(names_of(factorized("words", "all", "own")) ==
        Keys{"shared", "shared_lift.weight", "shared_lift.bias", "output_lowering.weight", "output_lowering.bias"});
  CHECK(names_of(factorized("words", "source_target")) ==
        Keys{"shared", "output", "shared_lift.weight", "shared_lift.bias"});
  CHECK(names_of(factorized("words", "target_output")) ==
        Keys{"source", "target", "source_lift.weight", "source_lift.bias", "target_lift.weight", "target_lift.bias"});
  CHECK(names_of(factorized("words"), /*has_source=*/false) ==
        Keys{"target", "target_lift.weight", "target_lift.bias"});
  const auto untied = random_embeddings(factorized("words", "none"))->named_parameters();
  CHECK(untied["source"].sizes() == at::IntArrayRef({11, narrow}));
  CHECK(untied["output"].sizes() == at::IntArrayRef({11, stream}));
  CHECK(untied["source_lift.weight"].sizes() == at::IntArrayRef({stream, narrow}));
}

TEST_CASE("factorised words are lifted at once, or with positions and norm", "[layers][embedding]") {
  const double scale = std::sqrt(static_cast<double>(stream));
  const auto at_once = random_embeddings(factorized("words"));
  const Tensor vectors = at::embedding(at_once->named_parameters()["shared"], words) * scale;
  CHECK_CLOSE(at_once->source(words), mapped(*at_once, "shared_lift", vectors), tolerance::same_in_double);
  CHECK_CLOSE(at_once->target(words), at_once->source(words), tolerance::same_in_double);
  CHECK(at_once->source_lift() == nullptr);
  CHECK(at_once->target_lift() == nullptr);
  const auto later = random_embeddings(factorized("sum"));
  CHECK_CLOSE(later->source(words), vectors, tolerance::same_in_double);
  REQUIRE(later->source_lift() != nullptr);
  CHECK(later->source_lift() == later->target_lift());
  CHECK(random_embeddings(factorized("none"))->source_lift() == nullptr);
}

TEST_CASE("a tied output layer brings hidden states back to the width of words", "[layers][embedding]") {
  const Tensor hidden = normal({2, 3, stream}, 1);
  for (const char* kind : {"words", "sum"}) {
    for (const char* tying : {"all", "target_output", "source_output"}) {
      INFO(kind << ", " << tying);
      const std::map<std::string, std::pair<const char*, const char*>> places{
          {"all", {"shared", "shared_lift"}},
          {"target_output", {"target", "target_lift"}},
          {"source_output", {"shared", "source_lift"}}};
      const auto [matrix, lift] = places.at(tying);
      const auto transposed = random_embeddings(factorized(kind, tying));
      const auto parameters = transposed->named_parameters();
      const Tensor low = at::matmul(hidden, parameters[std::string(lift) + ".weight"]);
      CHECK_CLOSE(factorized_scores(*transposed, hidden), at::matmul(low, parameters[matrix].t()),
                  tolerance::same_in_double);
      const auto own = random_embeddings(factorized(kind, tying, "own"));
      CHECK_CLOSE(factorized_scores(*own, hidden),
                  at::matmul(mapped(*own, "output_lowering", hidden), own->named_parameters()[matrix].t()),
                  tolerance::same_in_double);
    }
    const auto untied = random_embeddings(factorized(kind, "source_target"));
    CHECK_CLOSE(factorized_scores(*untied, hidden), at::matmul(hidden, untied->named_parameters()["output"].t()),
                tolerance::same_in_double);
  }
}

TEST_CASE("positions and norm of a stack act at the width of words, and its layers read what is lifted",
          "[layers][embedding]") {
  // One layer that adds nothing: the norm on top is all that follows.
  const auto model = make_tiny(tiny(R"({"embedding": {"factorization": {"kind": "sum", "width": 6, "bias": true},
      "norm": {"kind": "layer_norm"}}, "position.kind": "learned", "residual.kind": "pre_norm",
      "encoder.layers": 1})"));
  for (const char* name : {"self_attention.output", "feed_forward.outer"}) {
    const std::string place = std::string("encoder.layers.0.") + name;
    for (const char* part : {".weight", ".bias"}) {
      set_parameter(*model, place + part, at::zeros_like(model->named_parameters()[place + part]));
    }
  }
  const auto parameters = model->named_parameters();
  CHECK(parameters["encoder.position.weight"].sizes() == at::IntArrayRef({32, 6}));
  const auto normed = [&](const std::string& name, const Tensor& x) {
    const Tensor centred = x - x.mean(-1, /*keepdim=*/true);
    return centred / (centred.square().mean(-1, true) + 1e-5).sqrt() * parameters[name + ".gain"] +
           parameters[name + ".bias"];
  };
  const Tensor sum = at::embedding(parameters["embedding.shared"], words) * std::sqrt(8.0) +
                     parameters["encoder.position.weight"].slice(0, 0, words.size(1));
  const Tensor lifted = mapped(*model, "embedding.shared_lift", normed("encoder.embedding_norm", sum));
  CHECK_CLOSE(model->encode(words).states, normed("encoder.final_norm", lifted), 1e-11);
}

TEST_CASE("what lifts words starts so that they keep their length", "[layers][embedding]") {
  ParameterFactory factory(at::kCPU);
  EmbeddingConfig config{.scale = "one"};
  config.factorization = {.kind = "words", .width = 64};
  const Embeddings embeddings(config, 512, VocabularyInfo{200, 200, 2}, EmbeddingSides{}, EmbeddingInitialization{},
                              factory);
  factory.initialize(3);
  const Tensor lengths = embeddings.source(at::arange(3, 200, at::kLong).unsqueeze(0)).norm(2, {-1});
  CHECK(lengths.mean().item<double>() == Approx(1).epsilon(0.05));
}

TEST_CASE("a way back that no output layer takes is told", "[layers][embedding]") {
  CHECK_THROWS_MENTION(tiny(R"({"embedding": {"tying": "none", "factorization": {"kind": "words", "output": "own"}}})"),
                       "embedding.factorization.output");
  CHECK_THROWS_MENTION(tiny(R"({"embedding.factorization.width": 4})"), "embedding.factorization.width");
}
