#include "transformer/layers/embedding.h"

#include <cmath>
#include <map>

#include "tests/tensors.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

constexpr std::int64_t embedding_width = 6;
constexpr std::int64_t pad = 2;

std::shared_ptr<Embeddings> make_embeddings(const EmbeddingConfig& config, std::int64_t source = 11,
                                            std::int64_t target = 11) {
  ParameterFactory factory(at::kCPU, at::kDouble);
  auto embeddings = std::make_shared<Embeddings>(config, embedding_width, VocabularyInfo{source, target, pad},
                                                 EmbeddingSides{}, WeightInitialization{}, factory);
  factory.initialize(1);
  return embeddings;
}

std::vector<std::string> parameter_names(const torch::nn::Module& module) {
  std::vector<std::string> names;
  for (const auto& item : module.named_parameters()) names.push_back(item.key());
  return names;
}

using Names = std::vector<std::string>;

Tensor embedding_scores(const Embeddings& embeddings, const Tensor& hidden) {
  return at::linear(embeddings.output_input(hidden), embeddings.output_weight(), embeddings.output_bias());
}

/// The matrix behind the source or the target: the embedding of every token, unscaled.
Tensor all_rows() { return at::arange(11, at::kLong).unsqueeze(0); }

}  // namespace

TEST_CASE("tying decides which matrices there are", "[layers][embedding]") {
  const std::map<std::string, Names> expected{
      {"none", {"source", "target", "output"}},
      {"source_target", {"shared", "output"}},
      {"target_output", {"source", "target"}},
      {"source_output", {"shared", "target"}},
      {"all", {"shared"}},
  };
  for (const auto& [tying, names] : expected) {
    INFO(tying);
    const auto embeddings = make_embeddings({.tying = tying, .scale = "one"});
    CHECK(parameter_names(*embeddings) == names);
    std::int64_t count = 0;
    for (const Tensor& parameter : embeddings->parameters()) count += parameter.numel();
    CHECK(count == static_cast<std::int64_t>(names.size()) * 11 * embedding_width);
  }
  CHECK(tying_table().rows().size() == expected.size());
}

TEST_CASE("tied matrices are one matrix, others are not", "[layers][embedding]") {
  for (const auto& row : tying_table().rows()) {
    INFO(row.info.name);
    const auto embeddings = make_embeddings({.tying = std::string(row.info.name), .scale = "one"});
    const Tensor source = embeddings->source(all_rows())[0];
    const Tensor target = embeddings->target(all_rows())[0];
    const Tensor& output = embeddings->output_weight();
    CHECK(source.equal(target) == row.value.target_is_source);
    CHECK(source.equal(output) == row.value.output_is_source);
    CHECK(target.equal(output) == row.value.output_is_target);
  }
}

TEST_CASE("what one side learns, the sides tied to it learn too", "[layers][embedding]") {
  for (const auto& row : tying_table().rows()) {
    INFO(row.info.name);
    const auto embeddings = make_embeddings({.tying = std::string(row.info.name), .scale = "one"});
    const Tensor token = at::full({1, 1}, 5, at::kLong);
    embeddings->source(token).sum().backward();
    {
      at::NoGradGuard no_grad;
      for (Tensor& parameter : embeddings->parameters()) {
        if (parameter.grad().defined()) parameter += parameter.grad();
      }
    }
    const auto fresh = make_embeddings({.tying = std::string(row.info.name), .scale = "one"});
    CHECK_FALSE(embeddings->source(token).equal(fresh->source(token)));
    CHECK_FALSE(embeddings->target(token).equal(fresh->target(token)) == row.value.target_is_source);
    CHECK_FALSE(embeddings->output_weight().equal(fresh->output_weight()) == row.value.output_is_source);
  }
}

TEST_CASE("the two sides may have vocabularies of their own", "[layers][embedding]") {
  for (const char* tying : {"none", "target_output"}) {
    INFO(tying);
    const auto embeddings = make_embeddings({.tying = tying}, 9, 14);
    CHECK(embeddings->source(at::full({1, 1}, 8, at::kLong)).sizes() == at::IntArrayRef({1, 1, embedding_width}));
    CHECK(embeddings->target(at::full({1, 1}, 13, at::kLong)).sizes() == at::IntArrayRef({1, 1, embedding_width}));
    CHECK(embedding_scores(*embeddings, normal({2, 3, embedding_width}, 1)).sizes() == at::IntArrayRef({2, 3, 14}));
  }
}

TEST_CASE("input embeddings are scaled, the output layer is not", "[layers][embedding]") {
  const auto scaled = make_embeddings({.scale = "sqrt_d_model"});
  const auto plain = make_embeddings({.scale = "one"});
  const Tensor words = tokens({{3, 5, 7}});
  CHECK_CLOSE(scaled->source(words), plain->source(words) * std::sqrt(6.0), tolerance::same_in_double);
  CHECK_CLOSE(scaled->target(words), plain->target(words) * std::sqrt(6.0), tolerance::same_in_double);
  CHECK(scaled->output_weight().equal(plain->output_weight()));
}

TEST_CASE("logits are inner products with the output matrix, plus a bias if asked for", "[layers][embedding]") {
  const Tensor hidden = normal({2, 3, embedding_width}, 1);
  const auto plain = make_embeddings({});
  CHECK_FALSE(plain->output_bias().defined());
  CHECK_CLOSE(embedding_scores(*plain, hidden), at::matmul(hidden, plain->output_weight().t()),
              tolerance::same_in_double);
  const auto biased = make_embeddings({.output_bias = true});
  CHECK(biased->output_bias().equal(at::zeros({11}, at::kDouble)));
  randomize(*biased, 3);
  CHECK_CLOSE(embedding_scores(*biased, hidden),
              at::matmul(hidden, biased->output_weight().t()) + biased->output_bias(), tolerance::same_in_double);
}

TEST_CASE("the row of padding starts at zero and is not trained as an input", "[layers][embedding]") {
  const auto embeddings = make_embeddings({.tying = "none"});
  const Tensor words = tokens({{4, 5, pad}});
  CHECK(embeddings->source(words)[0][2].equal(at::zeros({embedding_width}, at::kDouble)));
  CHECK(embeddings->target(words)[0][2].equal(at::zeros({embedding_width}, at::kDouble)));
  embeddings->source(words).sum().backward();
  const Tensor gradient = embeddings->named_parameters()["source"].grad();
  CHECK(gradient[pad].equal(at::zeros({embedding_width}, at::kDouble)));
  CHECK_FALSE(gradient[4].equal(at::zeros({embedding_width}, at::kDouble)));
}

TEST_CASE("fixnorm divides every vector by its length, as input and as output", "[layers][embedding]") {
  const auto embeddings = make_embeddings({.tying = "none", .scale = "sqrt_d_model", .normalize = true});
  randomize(*embeddings, 3);
  const auto weights = embeddings->named_parameters();
  const auto unit = [&](const char* name) {
    const Tensor w = weights[name];
    return w / w.square().sum(-1, /*keepdim=*/true).sqrt();
  };
  const double scale = std::sqrt(static_cast<double>(embedding_width));
  CHECK_CLOSE(embeddings->source(all_rows())[0], unit("source") * scale, tolerance::same_in_double);
  CHECK_CLOSE(embeddings->target(all_rows())[0], unit("target") * scale, tolerance::same_in_double);
  const Tensor hidden = normal({3, embedding_width}, 5);
  CHECK_CLOSE(embedding_scores(*embeddings, hidden), hidden.matmul(unit("output").t()), tolerance::same_in_double);
  CHECK_CLOSE(embeddings->output_weight(), unit("output"), tolerance::same_in_double);
}

TEST_CASE("fixnorm leaves the zero vector of padding zero, with a finite gradient", "[layers][embedding]") {
  const auto embeddings = make_embeddings({.tying = "all", .normalize = true});
  const Tensor padding = embeddings->source(at::full({1, 1}, pad, at::kLong));
  CHECK(padding.eq(0).all().item<bool>());
  (padding.sum() + embeddings->output_weight().sum()).backward();
  for (const Tensor& parameter : embeddings->parameters()) CHECK(parameter.grad().isfinite().all().item<bool>());
}

TEST_CASE("without a source there are the target's matrix and, untied, the output's", "[layers][embedding]") {
  const auto make_text = [](const char* tying) {
    ParameterFactory factory(at::kCPU, at::kDouble);
    return std::make_shared<Embeddings>(EmbeddingConfig{.tying = tying}, embedding_width, VocabularyInfo{0, 11, pad},
                                        EmbeddingSides{.source = false}, WeightInitialization{}, factory);
  };
  CHECK(parameter_names(*make_text("all")) == std::vector<std::string>{"target"});
  CHECK(parameter_names(*make_text("target_output")) == std::vector<std::string>{"target"});
  CHECK(parameter_names(*make_text("none")) == std::vector<std::string>{"target", "output"});
  CHECK_THROWS_AS(make_text("all")->source(at::zeros({1, 1}, at::kLong)), std::logic_error);
}

TEST_CASE("what the output layer reads can be scaled", "[layers][embedding]") {
  const auto plain = make_embeddings({});
  EmbeddingConfig config;
  config.output_scale = "inverse_sqrt_d_model";
  const auto scaled = make_embeddings(config);
  const Tensor hidden = normal({2, 3, embedding_width}, 1);
  CHECK_CLOSE(embedding_scores(*scaled, hidden),
              embedding_scores(*plain, hidden) / std::sqrt(static_cast<double>(embedding_width)),
              tolerance::same_in_double);
}
