#include "transformer/training/optimizer.h"

#include "transformer/core/error.h"

namespace ablate {
namespace {

/// m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, w -= lr * m^ / (sqrt(v^) + eps), m^ and v^ corrected for their start
/// at zero (Kingma & Ba 2015, algorithm 1). Weight decay is added to the gradient (`adam`) or taken from the weight
/// itself (`adamw`: Loshchilov & Hutter 2019, algorithm 2).
template <bool decoupled>
class Adam final : public Optimizer {
 public:
  Adam(const OptimizerConfig& config, const torch::nn::Module& model) : Optimizer(config, model) { allocate(); }

 private:
  bool keeps_second() const override { return true; }
  void update(Group& group, const std::vector<Tensor>& gradients, double learning_rate) override {
    const auto device = group.parameters.front().device();
    const Tensor step = at::full({}, static_cast<double>(steps_), at::TensorOptions().dtype(at::kFloat).device(device));
    const std::vector<Tensor> steps(group.parameters.size(), step);
    const auto fused = decoupled ? fused_adamw : fused_adam;
    fused(group.parameters, gradients, group.first, group.second, {}, steps, learning_rate, config_.beta1,
          config_.beta2, group.weight_decay, config_.eps, /*amsgrad=*/false, /*maximize=*/false, {}, {});
  }

  using Fused = void (*)(at::TensorList, at::TensorList, at::TensorList, at::TensorList, at::TensorList, at::TensorList,
                         double, double, double, double, double, bool, bool, const std::optional<Tensor>&,
                         const std::optional<Tensor>&);
  static constexpr Fused fused_adam = at::_fused_adam_;
  static constexpr Fused fused_adamw = at::_fused_adamw_;
};

/// b = momentum * b + g, w -= lr * b, or with Nesterov w -= lr * (g + momentum * b) (Sutskever et al. 2013).
class Sgd final : public Optimizer {
 public:
  Sgd(const OptimizerConfig& config, const torch::nn::Module& model) : Optimizer(config, model) { allocate(); }

 private:
  bool keeps_first() const override { return config_.momentum > 0; }
  void update(Group& group, const std::vector<Tensor>& gradients, double learning_rate) override {
    at::_fused_sgd_(group.parameters, gradients, group.first, group.weight_decay, config_.momentum, learning_rate,
                    /*dampening=*/0.0, config_.nesterov, /*maximize=*/false, /*is_first_step=*/steps_ == 1);
  }
};

template <class Kind>
std::unique_ptr<Optimizer> make(const OptimizerConfig& config, const torch::nn::Module& model) {
  return std::make_unique<Kind>(config, model);
}

constexpr config::Variant<MakeOptimizer> optimizer_rows[] = {
    {{"adam", "Adam; weight decay is added to the gradient", "Kingma & Ba 2015, algorithm 1", "beta1 beta2 eps"},
     make<Adam<false>>},
    {{"adamw", "Adam; weight decay is taken from the weight itself", "Loshchilov & Hutter 2019, algorithm 2",
      "beta1 beta2 eps"},
     make<Adam<true>>},
    {{"sgd", "stochastic gradient descent, with momentum if it is above 0", "Sutskever et al. 2013",
      "momentum nesterov"},
     make<Sgd>},
};
constexpr config::VariantTable<MakeOptimizer> optimizers{"optimizer", optimizer_rows};

}  // namespace

void OptimizerConfig::describe(config::Fields& f) {
  f.variant(kind, optimizers.choices(), "how gradients become updates");
  f.field("beta1", beta1, "decay of the mean gradient", config::probability);
  f.field("beta2", beta2, "decay of the mean squared gradient", config::probability);
  f.field("eps", eps, "added to the root of the mean square", config::positive);
  f.field("momentum", momentum, "decay of the velocity", config::probability);
  f.field("nesterov", nesterov, "look ahead along the velocity");
  f.field("weight_decay", weight_decay, "on matrices and embeddings; never on norms and biases", config::not_negative);
  f.check(!nesterov || momentum > 0, "nesterov", "has no effect without momentum");
}

const config::VariantTable<MakeOptimizer>& optimizer_table() { return optimizers; }

std::unique_ptr<Optimizer> make_optimizer(const OptimizerConfig& config, const torch::nn::Module& model) {
  return optimizers.at(config.kind)(config, model);
}

Optimizer::Optimizer(const OptimizerConfig& config, const torch::nn::Module& model) : config_(config) {
  Group decaying{config.weight_decay, {}, {}, {}, {}};
  Group constant{0.0, {}, {}, {}, {}};
  for (const auto& parameter : model.named_parameters()) {
    Group& group = parameter.value().dim() > 1 ? decaying : constant;
    group.names.push_back(parameter.key());
    group.parameters.push_back(parameter.value());
  }
  for (Group* group : {&decaying, &constant}) {
    if (!group->parameters.empty()) groups_.push_back(std::move(*group));
  }
}

void Optimizer::allocate() {
  for (Group& group : groups_) {
    for (const Tensor& parameter : group.parameters) {
      if (keeps_first()) group.first.push_back(at::zeros_like(parameter.detach()));
      if (keeps_second()) group.second.push_back(at::zeros_like(parameter.detach()));
    }
  }
}

void Optimizer::step(double learning_rate) {
  at::NoGradGuard no_grad;
  ++steps_;
  for (Group& group : groups_) {
    std::vector<Tensor> gradients;
    for (Tensor& parameter : group.parameters) {
      // A parameter out of the loss's reach would shift every list after it; zero is its gradient.
      gradients.push_back(parameter.grad().defined() ? parameter.grad() : at::zeros_like(parameter));
    }
    update(group, gradients, learning_rate);
  }
}

void Optimizer::zero_grad() {
  for (Group& group : groups_) {
    for (Tensor& parameter : group.parameters) parameter.mutable_grad().reset();
  }
}

std::vector<Tensor> Optimizer::gradients() const {
  std::vector<Tensor> list;
  for (const Group& group : groups_) {
    for (const Tensor& parameter : group.parameters) {
      if (parameter.grad().defined()) list.push_back(parameter.grad());
    }
  }
  return list;
}

double Optimizer::clip_gradients(std::optional<double> limit) {
  at::NoGradGuard no_grad;
  const std::vector<Tensor> list = gradients();
  if (list.empty()) return 0;
  const double norm = at::stack(at::_foreach_norm(list)).norm().item<double>();
  if (limit && norm > *limit) at::_foreach_mul_(list, *limit / norm);
  return norm;
}

NamedTensors Optimizer::state() const {
  NamedTensors state{{"optimizer.steps", at::tensor(steps_, at::kLong)}};
  for (const Group& group : groups_) {
    for (std::size_t i = 0; i < group.first.size(); ++i) state["optimizer.first." + group.names[i]] = group.first[i];
    for (std::size_t i = 0; i < group.second.size(); ++i) state["optimizer.second." + group.names[i]] = group.second[i];
  }
  return state;
}

void Optimizer::load_state(const NamedTensors& state) {
  at::NoGradGuard no_grad;
  const auto find = [&state](const std::string& name) -> const Tensor& {
    const auto found = state.find(name);
    if (found == state.end()) throw RunError("the checkpoint lacks the optimizer's '" + name + "'");
    return found->second;
  };
  steps_ = find("optimizer.steps").item<std::int64_t>();
  for (Group& group : groups_) {
    for (std::size_t i = 0; i < group.first.size(); ++i)
      group.first[i].copy_(find("optimizer.first." + group.names[i]));
    for (std::size_t i = 0; i < group.second.size(); ++i) {
      group.second[i].copy_(find("optimizer.second." + group.names[i]));
    }
  }
}

}  // namespace ablate
