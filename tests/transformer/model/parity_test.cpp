// The encoder and the decoder against torch.nn's own: scripts/reference/torch_layers.py wrote weights,
// inputs, outputs and gradients to tests/golden/torch_transformer.json.
#include <fstream>
#include <map>
#include <stdexcept>

#include "tests/catch.h"
#include "tests/transformer/model/configs.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

const Json& golden() {
  static const Json content = [] {
    const std::string path = std::string(ABLATE_SOURCE_DIR) + "/tests/golden/torch_transformer.json";
    std::ifstream file(path);
    if (!file) throw std::runtime_error("cannot open " + path);
    return Json::parse(file);
  }();
  return content;
}

Tensor tensor(const Json& json) {
  return at::tensor(json.at("values").get<std::vector<double>>(), at::kDouble)
      .view(json.at("shape").get<std::vector<std::int64_t>>());
}

AttentionMask source_mask(const Json& padded) {
  std::vector<std::vector<std::int64_t>> rows;
  for (const Json& row : padded) {
    rows.emplace_back();
    for (const bool hidden : row.get<std::vector<bool>>()) rows.back().push_back(hidden ? 0 : 1);
  }
  return {tokens(rows).to(at::kBool).unsqueeze(1).unsqueeze(2)};
}

void load(torch::nn::Module& module, const Json& parameters) {
  REQUIRE(module.named_parameters().size() == parameters.size());
  for (const auto& [name, value] : parameters.items()) {
    INFO(name);
    REQUIRE(module.named_parameters().find(name) != nullptr);
    set_parameter(module, name, tensor(value));
  }
}

void compare(torch::nn::Module& module, const Json& expected, const Tensor& output,
             const std::map<std::string, Tensor>& inputs) {
  CHECK_CLOSE(output, tensor(expected.at("output")), tolerance::golden);
  const auto all = gradients(module, (output * tensor(expected.at("loss_weights"))).sum());
  for (const auto& [name, gradient] : all) {
    INFO("gradient of " << name);
    CHECK_CLOSE(gradient, tensor(expected.at("parameter_gradients").at(name)), tolerance::golden);
  }
  for (const auto& [name, input] : inputs) {
    INFO("gradient of " << name);
    CHECK_CLOSE(input.grad(), tensor(expected.at("input_gradients").at(name)), tolerance::golden);
  }
}

}  // namespace

TEST_CASE("outputs and gradients are those of torch.nn", "[model][parity]") {
  REQUIRE(golden().at("cases").size() == 4);
  for (const auto& [name, expected] : golden().at("cases").items()) {
    INFO(name);
    const ModelConfig config = read_model(expected.at("model").dump());
    const AttentionMask mask = source_mask(expected.at("padded"));
    const Tensor x = tensor(expected.at("inputs").at("x")).requires_grad_();
    ParameterFactory factory(at::kCPU, at::kDouble);
    if (expected.at("stack") == "encoder") {
      Encoder encoder(config.encoder, config.embedding, nullptr, config.initialization, config.d_model, 16, factory);
      load(encoder, expected.at("parameters"));
      compare(encoder, expected, encoder.forward(x, mask), {{"x", x}});
    } else {
      const Tensor memory = tensor(expected.at("inputs").at("memory")).requires_grad_();
      Decoder decoder(config.decoder, config.embedding, nullptr, config.initialization, config.d_model, 16, factory);
      load(decoder, expected.at("parameters"));
      compare(decoder, expected, decoder.forward(x, {memory, mask}), {{"x", x}, {"memory", memory}});
    }
  }
}
