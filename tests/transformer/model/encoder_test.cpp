#include "transformer/model/encoder.h"

#include "tests/transformer/model/configs.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

std::shared_ptr<Encoder> make_encoder(const std::string& text) {
  const ModelConfig config = tiny(text);
  ParameterFactory factory(at::kCPU, at::kDouble);
  auto encoder = std::make_shared<Encoder>(config.encoder, config.embedding, nullptr, config.initialization,
                                           config.d_model, config.max_length, factory);
  randomize(*encoder, 3, 0.3);
  encoder->eval();
  return encoder;
}

const Tensor order = at::tensor(std::vector<std::int64_t>{3, 0, 4, 1, 2}, at::kLong);

}  // namespace

TEST_CASE("an encoder without positions is permutation-equivariant, with positions it is not", "[model][encoder]") {
  const Tensor x = normal({2, 5, 8}, 1);
  for (const char* position : {"none", "sinusoidal", "learned", "rotary"}) {
    for (const char* residual : {"post_norm", "pre_norm", "sandwich"}) {
      INFO(position << ", " << residual);
      const auto encoder = make_encoder(std::string(R"({"position.kind": ")") + position + R"(", "residual.kind": ")" +
                                        residual + "\"}");
      const Tensor permuted = encoder->forward(x.index_select(1, order), {});
      const Tensor expected = encoder->forward(x, {}).index_select(1, order);
      if (std::string(position) == "none") {
        CHECK_CLOSE(permuted, expected, tolerance::same_in_double);
      } else {
        CHECK(distance(permuted, expected) > 1e-3);
      }
    }
  }
}

TEST_CASE("the wiring decides whether a norm stands on top of the stack", "[model][encoder]") {
  for (const auto& row : residual_table().rows()) {
    INFO(row.info.name);
    const auto encoder = make_encoder(R"({"residual.kind": ")" + std::string(row.info.name) + "\"}");
    const auto parameters = encoder->named_parameters();
    CHECK((parameters.find("final_norm.gain") != nullptr) == needs_final_norm(row.value));
  }
}

TEST_CASE("a pre-norm stack ends in its final norm", "[model][encoder]") {
  const auto encoder = make_encoder(R"({"residual.kind": "pre_norm"})");
  set_parameter(*encoder, "final_norm.gain", at::ones({8}, at::kDouble));
  set_parameter(*encoder, "final_norm.bias", at::zeros({8}, at::kDouble));
  const Tensor y = encoder->forward(normal({2, 5, 8}, 1), {});
  CHECK_CLOSE(y.mean(-1), at::zeros({2, 5}, at::kDouble), tolerance::same_in_double);
  CHECK_CLOSE(y.square().mean(-1), at::ones({2, 5}, at::kDouble), 1e-3);
}

TEST_CASE("an encoder has as many layers as it was told", "[model][encoder]") {
  const auto parameters = make_encoder(R"({"encoder.layers": 3})")->named_parameters();
  CHECK(parameters.find("layers.2.feed_forward.outer.weight") != nullptr);
  CHECK(parameters.find("layers.3.feed_forward.outer.weight") == nullptr);
}
