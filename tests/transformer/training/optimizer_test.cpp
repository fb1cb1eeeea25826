// Optimizers against the figures of torch.optim (scripts/reference/optimizers.py), and their other promises.
#include "transformer/training/optimizer.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/tensors.h"
#include "transformer/core/error.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

const nlohmann::json& golden() {
  static const nlohmann::json content = [] {
    const std::string path = std::string(ABLATE_SOURCE_DIR) + "/tests/golden/optimizers.json";
    std::ifstream stream(path);
    if (!stream) throw std::runtime_error("cannot open " + path);
    return nlohmann::json::parse(stream);
  }();
  return content;
}

Tensor tensor_of(const nlohmann::json& values, const std::string& name) {
  const auto shape = golden().at("shapes").at(name).get<std::vector<std::int64_t>>();
  return at::tensor(values.get<std::vector<double>>(), at::kDouble).view(shape);
}

/// The parameters of the golden file: a matrix and a bias, and a matrix of a submodule.
struct Parameters : torch::nn::Module {
  Parameters() {
    const nlohmann::json& start = golden().at("start");
    register_parameter("weight", tensor_of(start.at("weight"), "weight"));
    register_parameter("bias", tensor_of(start.at("bias"), "bias"));
    register_module("late", late);
    late->register_parameter("weight", tensor_of(start.at("late.weight"), "late.weight"));
  }
  std::shared_ptr<torch::nn::Module> late = std::make_shared<torch::nn::Module>();
};

void set_gradients(torch::nn::Module& module, const nlohmann::json& gradients) {
  for (auto& item : module.named_parameters()) {
    Tensor& gradient = item.value().mutable_grad();
    gradient = gradients.contains(item.key()) ? tensor_of(gradients.at(item.key()), item.key()) : Tensor();
  }
}

OptimizerConfig options_of(const nlohmann::json& given) {
  OptimizerConfig config;
  config.kind = given.at("kind");
  config.beta1 = given.value("beta1", config.beta1);
  config.beta2 = given.value("beta2", config.beta2);
  config.eps = given.value("eps", config.eps);
  config.weight_decay = given.value("weight_decay", 0.0);
  config.momentum = given.value("momentum", 0.0);
  config.nesterov = given.value("nesterov", false);
  return config;
}

void update(Optimizer& optimizer, torch::nn::Module& module, std::size_t step) {
  set_gradients(module, golden().at("gradients").at(step));
  optimizer.step(golden().at("learning_rates").at(step));
}

}  // namespace

TEST_CASE("the golden file has every optimizer", "[training][optimizer]") {
  for (const auto& row : optimizer_table().rows()) {
    INFO(row.info.name);
    int cases = 0;
    for (const auto& one : golden().at("cases")) cases += one.at("options").at("kind") == row.info.name;
    CHECK(cases > 1);
  }
}

TEST_CASE("every update is that of torch.optim", "[training][optimizer]") {
  for (const auto& expected : golden().at("cases")) {
    INFO(expected.at("name").get<std::string>());
    Parameters module;
    const auto optimizer = make_optimizer(options_of(expected.at("options")), module);
    for (std::size_t step = 0; step < expected.at("after").size(); ++step) {
      INFO("update " << step + 1);
      update(*optimizer, module, step);
      for (const auto& item : module.named_parameters()) {
        INFO(item.key());
        CHECK_CLOSE(item.value(), tensor_of(expected.at("after").at(step).at(item.key()), item.key()),
                    tolerance::golden);
      }
    }
  }
}

TEST_CASE("an optimizer whose state was saved goes on as if nothing had been", "[training][optimizer]") {
  for (const auto& one : golden().at("cases")) {
    INFO(one.at("name").get<std::string>());
    const OptimizerConfig config = options_of(one.at("options"));
    for (const std::size_t saved_after : {0, 1, 3}) {
      INFO("saved after " << saved_after);
      Parameters straight, before, after;
      const auto whole = make_optimizer(config, straight), first = make_optimizer(config, before);
      for (std::size_t step = 0; step < 5; ++step) update(*whole, straight, step);
      for (std::size_t step = 0; step < saved_after; ++step) update(*first, before, step);
      for (const auto& item : before.named_parameters()) set_parameter(after, item.key(), item.value());
      const auto second = make_optimizer(config, after);
      second->load_state(first->state());
      for (std::size_t step = saved_after; step < 5; ++step) update(*second, after, step);
      for (const auto& item : straight.named_parameters()) {
        CHECK(after.named_parameters()[item.key()].equal(item.value()));
      }
    }
  }
}

TEST_CASE("the state holds what each optimizer remembers, by the names of the parameters", "[training][optimizer]") {
  Parameters module;
  const auto names = [&](const OptimizerConfig& config) {
    std::vector<std::string> all;
    for (const auto& [name, tensor] : make_optimizer(config, module)->state()) all.push_back(name);
    return all;
  };
  using Texts = std::vector<std::string>;
  const Texts adam{"optimizer.first.bias",  "optimizer.first.late.weight",  "optimizer.first.weight",
                   "optimizer.second.bias", "optimizer.second.late.weight", "optimizer.second.weight",
                   "optimizer.steps"};
  CHECK(names({.kind = "adam"}) == adam);
  CHECK(names({.kind = "adamw"}) == adam);
  CHECK(names({.kind = "sgd"}) == Texts{"optimizer.steps"});
  CHECK(names({.kind = "sgd", .momentum = 0.9}) ==
        Texts{"optimizer.first.bias", "optimizer.first.late.weight", "optimizer.first.weight", "optimizer.steps"});
}

TEST_CASE("a state of another optimizer is refused, with the name of what it lacks", "[training][optimizer]") {
  Parameters module;
  const NamedTensors sgd = make_optimizer({.kind = "sgd"}, module)->state();
  const auto adam = make_optimizer({.kind = "adam"}, module);
  CHECK_THROWS_AS(adam->load_state(sgd), RunError);
  CHECK_THROWS_MENTION(adam->load_state(sgd), "optimizer.first.");
  CHECK_THROWS_MENTION(adam->load_state({}), "optimizer.steps");
}

TEST_CASE("weight decay shrinks matrices and leaves parameters of one dimension alone", "[training][optimizer]") {
  for (const auto& row : optimizer_table().rows()) {
    INFO(row.info.name);
    OptimizerConfig config{.kind = std::string(row.info.name)};
    config.weight_decay = 0.1;
    Parameters module;
    const Tensor bias = module.named_parameters()["bias"].clone(), weight = module.named_parameters()["weight"].clone();
    make_optimizer(config, module)->step(1e-4);  // no gradient at all
    CHECK(module.named_parameters()["bias"].equal(bias));
    CHECK((module.named_parameters()["weight"].abs() < weight.abs()).all().item<bool>());
  }
}

TEST_CASE("gradients are clipped by their global norm", "[training][optimizer][clip]") {
  Parameters module;
  const auto optimizer = make_optimizer({}, module);
  const auto gradient = [&](const char* name) { return module.named_parameters()[name].grad(); };
  const auto set = [&] {
    module.named_parameters()["weight"].mutable_grad() = at::full({3, 2}, 2.0, at::kDouble);
    module.named_parameters()["bias"].mutable_grad() = at::full({3}, -5.0, at::kDouble);
  };
  CHECK(optimizer->clip_gradients(1.0) == 0);  // no gradient yet
  const double norm = std::sqrt(6 * 4 + 3 * 25);

  SECTION("above the limit they are scaled down to it") {
    set();
    CHECK(optimizer->clip_gradients(2.5) == Approx(norm).epsilon(1e-12));
    CHECK_CLOSE(gradient("weight"), at::full({3, 2}, 2 * 2.5 / norm, at::kDouble), tolerance::same_in_double);
    CHECK_CLOSE(gradient("bias"), at::full({3}, -5 * 2.5 / norm, at::kDouble), tolerance::same_in_double);
    CHECK(optimizer->clip_gradients(std::nullopt) == Approx(2.5).epsilon(1e-12));
  }
  SECTION("below it nothing happens") {
    set();
    CHECK(optimizer->clip_gradients(10.0) == Approx(norm).epsilon(1e-12));
    CHECK(gradient("weight").equal(at::full({3, 2}, 2.0, at::kDouble)));
    CHECK(gradient("bias").equal(at::full({3}, -5.0, at::kDouble)));
  }
  SECTION("no limit only measures") {
    set();
    CHECK(optimizer->clip_gradients(std::nullopt) == Approx(norm).epsilon(1e-12));
    CHECK(gradient("bias").equal(at::full({3}, -5.0, at::kDouble)));
  }
  SECTION("a gradient that is not finite shows in the norm") {
    set();
    module.named_parameters()["bias"].mutable_grad()[1] = NAN;
    CHECK(std::isnan(optimizer->clip_gradients(1.0)));
  }
}

TEST_CASE("zero_grad drops every gradient, and step leaves them as they are", "[training][optimizer]") {
  Parameters module;
  const auto optimizer = make_optimizer({.weight_decay = 0.1}, module);
  set_gradients(module, golden().at("gradients").at(1));
  const Tensor before = module.named_parameters()["weight"].grad().clone();
  optimizer->step(0.1);
  CHECK(module.named_parameters()["weight"].grad().equal(before));
  optimizer->zero_grad();
  for (const auto& item : module.named_parameters()) CHECK_FALSE(item.value().grad().defined());
}
