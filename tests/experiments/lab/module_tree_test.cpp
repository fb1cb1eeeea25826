#include "experiments/lab/module_tree.h"

#include "tests/catch.h"

using namespace ablate;
using namespace ablate::lab;

namespace {

Tensor meta(at::IntArrayRef shape) { return at::empty(shape, at::TensorOptions().device(at::kMeta)); }

struct Layer : torch::nn::Module {
  explicit Layer(std::int64_t width) {
    register_parameter("weight", meta({width, 2}));
    register_parameter("bias", meta({width}));
  }
};

struct Network : torch::nn::Module {
  explicit Network(const std::vector<std::shared_ptr<Layer>>& all) {
    const auto list = register_module("layers", std::make_shared<torch::nn::ModuleListImpl>());
    for (const auto& layer : all) list->push_back(layer);
    register_module("without_parameters", std::make_shared<torch::nn::ModuleListImpl>());
  }
};

std::string tree(const std::vector<std::shared_ptr<Layer>>& layers) { return module_tree(Network(layers), "network"); }

}  // namespace

TEST_CASE("module tree: totals of modules, shapes of parameters, equal neighbours once", "[lab]") {
  const auto layer = [](std::int64_t width) { return std::make_shared<Layer>(width); };
  CHECK(tree({layer(1000), layer(1000), layer(1000), layer(3)}) ==
        "network                  9,009\n"
        "  layers                 9,009\n"
        "    0 … 2                3,000  each, 3 times\n"
        "      weight  (1000, 2)  2,000\n"
        "      bias    (1000)     1,000\n"
        "    3                        9\n"
        "      weight  (3, 2)         6\n"
        "      bias    (3)            3\n");
}

TEST_CASE("module tree: what is shared counts once and says where", "[lab]") {
  const auto shared = std::make_shared<Layer>(4);
  CHECK(tree({shared, shared, shared}) ==
        "network               12\n"
        "  layers              12\n"
        "    0                 12\n"
        "      weight  (4, 2)   8\n"
        "      bias    (4)      4\n"
        "    1 … 2              0  each, 2 times\n"
        "      weight  (4, 2)   -  is layers.0.weight, counted there\n"
        "      bias    (4)      -  is layers.0.bias, counted there\n");
}

TEST_CASE("module tree: commas divide thousands", "[lab]") {
  CHECK(with_commas(0) == "0");
  CHECK(with_commas(999) == "999");
  CHECK(with_commas(1000) == "1,000");
  CHECK(with_commas(1234567) == "1,234,567");
  CHECK(with_commas(-123456) == "-123,456");
}
