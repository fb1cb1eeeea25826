// What an encoder by itself says: its head, by hand.
#include "transformer/model/head.h"

#include "tests/catch.h"
#include "tests/transformer/model/configs.h"
#include "transformer/model/layer_states.h"
#include "transformer/training/loss.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

constexpr std::int64_t padding = tiny_vocabulary.pad;

std::shared_ptr<Transformer> encoder_with(const std::string& head, const std::string& more = "") {
  return make_tiny(tiny(R"({"family": "encoder", "head": )" + head + more + "}"));
}

Batch batch_of(const Tensor& text) {
  Batch batch;
  batch.source = text;
  return batch;
}

const Tensor texts = tokens({{3, 5, 6, 7, 2}, {3, 9, 2, padding, padding}});

Tensor linear_of(Transformer& model, const std::string& name, const Tensor& x) {
  const auto parameters = model.named_parameters();
  return at::matmul(x, parameters[name + ".weight"].t()) + parameters[name + ".bias"];
}

}  // namespace

TEST_CASE("the head of classes says what its formula says of the pooled states", "[model][head]") {
  for (const char* pooling : {"first", "mean", "max"}) {
    INFO(pooling);
    const auto model = encoder_with(R"({"kind": "classes", "pooling": ")" + std::string(pooling) + R"("})");
    const Tensor states = model->encode(texts).states;
    std::vector<Tensor> pooled;
    const std::vector<std::int64_t> lengths{5, 3};
    for (std::int64_t row = 0; row < 2; ++row) {
      const Tensor own = states[row].slice(0, 0, lengths[static_cast<std::size_t>(row)]);
      pooled.push_back(pooling == std::string("first")  ? own[0]
                       : pooling == std::string("mean") ? own.mean(0)
                                                        : std::get<0>(own.max(0)));
    }
    const Tensor hidden = at::tanh(linear_of(*model, "head.hidden", at::stack(pooled)));
    const Tensor expected = linear_of(*model, "head.output", hidden).unsqueeze(1);
    CHECK_CLOSE(model->logits(model->forward(batch_of(texts))), expected, tolerance::same_in_double);
  }
}

TEST_CASE("the head of words says a word at every place, by the tied embeddings", "[model][head]") {
  const auto model = encoder_with(R"({"kind": "words", "activation": "gelu"})", R"(, "embedding.output_bias": true)");
  const Tensor states = model->encode(texts).states;
  const auto parameters = model->named_parameters();
  const Tensor hidden = at::gelu(linear_of(*model, "head.hidden", states));
  const Tensor normed = at::layer_norm(hidden, {8}, parameters["head.norm.gain"], parameters["head.norm.bias"], 1e-5);
  const Tensor expected = at::matmul(normed, parameters["embedding.shared"].t()) + parameters["embedding.output_bias"];
  CHECK_CLOSE(model->logits(model->forward(batch_of(texts))), expected, tolerance::same_in_double);
  CHECK_FALSE(parameters.contains("embedding.target"));
}

TEST_CASE("over narrow words the head's layer gives their width, and nothing else does", "[model][head]") {
  const std::string narrow = R"(, "embedding": {"output_bias": true, "factorization": {"kind": "sum", "width": 5}})";
  const auto model = encoder_with(R"({"kind": "words", "activation": "gelu_tanh"})", narrow);
  const Tensor states = model->encode(texts).states;
  const auto parameters = model->named_parameters();
  CHECK(parameters["head.hidden.weight"].sizes() == at::IntArrayRef({5, 8}));
  const Tensor hidden = at::gelu(linear_of(*model, "head.hidden", states), "tanh");
  const Tensor normed = at::layer_norm(hidden, {5}, parameters["head.norm.gain"], parameters["head.norm.bias"], 1e-5);
  const Tensor expected = at::matmul(normed, parameters["embedding.shared"].t()) + parameters["embedding.output_bias"];
  CHECK_CLOSE(model->logits(model->forward(batch_of(texts))), expected, tolerance::same_in_double);
  CHECK_CLOSE(model->logits(model->head_states(model->encode(texts))), expected, tolerance::same_in_double);

  // An output of its own, and a head without a layer, read states as they are.
  const std::string untied = R"(, "embedding": {"tying": "none", "factorization": {"kind": "words", "width": 5}})";
  const auto own = encoder_with(R"({"kind": "words"})", untied)->named_parameters();
  CHECK(own["head.hidden.weight"].sizes() == at::IntArrayRef({8, 8}));
  const std::string lowered = R"(, "embedding.factorization": {"kind": "words", "width": 5, "output": "own"})";
  const auto plain = encoder_with(R"({"kind": "words", "hidden": false})", lowered)->named_parameters();
  CHECK(plain["embedding.output_lowering.weight"].sizes() == at::IntArrayRef({5, 8}));
  CHECK_THROWS_MENTION(tiny(R"({"family": "encoder", "embedding.factorization": {"kind": "words", "output": "own"}})"),
                       "embedding.factorization.output");
}

TEST_CASE("the states of all layers are given to who collects them", "[model]") {
  const auto model = make_tiny(tiny(R"({"residual.kind": "pre_norm"})"));
  const Tensor target = tokens({{3, 4, 5}, {6, 7, 8}});
  Memory memory;
  Tensor hidden;
  {
    LayerStates outer;
    LayerStates inner;
    memory = model->encode(texts);
    hidden = model->decode(target, memory);
    REQUIRE(inner.of("encoder").size() == 3);
    REQUIRE(inner.of("decoder").size() == 3);
    CHECK_CLOSE(inner.of("encoder")[0], model->embeddings().source(texts) + sinusoidal_table(5, 8, 10000),
                tolerance::same_in_double);
    CHECK(inner.of("encoder")[2].equal(memory.states));
    CHECK(inner.of("decoder")[2].equal(hidden));
    CHECK(distance(inner.of("decoder")[0], inner.of("decoder")[1]) > 1e-3);
    CHECK(outer.of("encoder").empty());
  }
  LayerStates later;
  CHECK(later.of("decoder").empty());
}

TEST_CASE("types of tokens are added to their embeddings", "[model][head]") {
  const auto model = encoder_with(R"({"kind": "pooled", "hidden": false})", R"(, "embedding.token_types": 2)");
  const Tensor types = tokens({{0, 0, 0, 1, 1}, {0, 0, 0, 0, 0}});
  Batch batch = batch_of(texts);
  const Tensor without = model->forward(batch);
  batch.source_types = types;
  const Tensor with = model->forward(batch);
  CHECK(distance(with[0], without[0]) > 1e-6);
  CHECK_CLOSE(with[1], without[1], tolerance::same_in_double);
  const Tensor vectors = model->named_parameters()["embedding.token_types"];
  const Embeddings& embeddings = model->embeddings();
  CHECK_CLOSE(embeddings.source(texts, types) - embeddings.source(texts, at::zeros_like(types)),
              types.unsqueeze(2) * (vectors[1] - vectors[0]), tolerance::same_in_double);
}

TEST_CASE("classes are learnt by cross entropy, numbers by least squares", "[model][head][loss]") {
  const auto model = encoder_with(R"({"kind": "classes"})");
  Batch batch = batch_of(texts);
  batch.target_output = tokens({{4}, {0}});
  batch.target_tokens = 2;
  const Tensor scores = model->logits(model->forward(batch)).squeeze(1);
  const Tensor log_p = at::log_softmax(scores, 1);
  const LossConfig plain{.label_smoothing = 0};
  CHECK(compute_loss(*model, batch, plain).nll.item<double>() == Approx(-(log_p[0][4] + log_p[1][0]).item<double>()));

  VocabularyInfo one = tiny_vocabulary;
  one.target_size = 1;
  const auto number = make_tiny(tiny(R"({"family": "encoder", "head.kind": "number"})"), at::kDouble, 1, one);
  Batch values = batch_of(texts);
  values.values = at::tensor({1.5F, -2.0F}).unsqueeze(1);
  values.target_tokens = 2;
  const Tensor said = number->logits(number->forward(values)).flatten();
  const double expected = std::pow(said[0].item<double>() - 1.5, 2) + std::pow(said[1].item<double>() + 2, 2);
  const BatchLoss found = compute_loss(*number, values, plain);
  CHECK(found.loss.item<double>() == Approx(expected));
  const auto all = gradients(*number, found.loss);
  for (const auto& [name, gradient] : all) {
    INFO(name);
    CHECK(gradient.isfinite().all().item<bool>());
  }
}

TEST_CASE("what a family has not is refused", "[model][head]") {
  CHECK_THROWS_MENTION(tiny(R"({"head.kind": "classes"})"), "has no head of its own");
  CHECK_THROWS_MENTION(tiny(R"({"family": "encoder", "decoder.layers": 2})"), "has no decoder");
  CHECK_THROWS_MENTION(tiny(R"({"embedding.token_types": 2})"), "embedding.token_types");
  CHECK_THROWS_MENTION(tiny(R"({"family": "encoder", "embedding.tying": "target_output"})"), "embedding.tying");
  CHECK_THROWS_MENTION(tiny(R"({"family": "encoder", "head": {"kind": "words", "pooling": "mean"}})"), "pooling");
  const auto model = encoder_with(R"({"kind": "classes"})");
  CHECK_THROWS_AS(model->decode(texts, {}), std::logic_error);
}
