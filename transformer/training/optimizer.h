#pragma once
// Optimizers over all parameters at once, through LibTorch's fused kernels. With gradient g and learning rate a:
//   adam   m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, p -= a m' / (sqrt(v') + eps), where m' = m / (1 - b1^s) and
//          v' = v / (1 - b2^s) at update s (Kingma & Ba 2015, algorithm 1); weight decay adds decay * p to g
//   adamw  the same, but weight decay first shrinks p by a * decay * p (Loshchilov & Hutter 2019, algorithm 2)
//   sgd    m = momentum m + g, p -= a m; with nesterov p -= a (g + momentum m) (Sutskever et al. 2013)
#include "transformer/config/fields.h"
#include "transformer/core/torch.h"

#include <map>

namespace ablate {

struct OptimizerConfig {
  std::string kind = "adam";
  double beta1 = 0.9;
  double beta2 = 0.98;
  double eps = 1e-9;
  double weight_decay = 0;
  double momentum = 0;
  bool nesterov = false;
  void describe(config::Fields& f);
};

using NamedTensors = std::map<std::string, Tensor>;

/// The role. Weight decay acts on matrices and embeddings, never on norms and biases (parameters of one dimension).
class Optimizer {
 public:
  Optimizer(const OptimizerConfig& config, const torch::nn::Module& model);
  virtual ~Optimizer() = default;

  /// One update of every parameter that has a gradient. The gradients are left as they are.
  void step(double learning_rate);
  /// Drops the gradients.
  void zero_grad();
  /// Global L2 norm of the gradients; if it is above `limit` they are scaled down to it (Pascanu et al. 2013).
  /// No limit: measures only.
  double clip_gradients(std::optional<double> limit);

  /// What must be saved to go on: tensors by name, all parameters in one order that never changes.
  NamedTensors state() const;
  /// RunError if a tensor is missing.
  void load_state(const NamedTensors& state);

 protected:
  /// Parameters that decay alike, and what the optimizer remembers of each.
  struct Group {
    double weight_decay;
    std::vector<std::string> names;
    std::vector<Tensor> parameters, first, second;
  };
  virtual void update(Group& group, const std::vector<Tensor>& gradients, double learning_rate) = 0;
  virtual bool keeps_first() const { return true; }
  virtual bool keeps_second() const { return false; }
  void allocate();

  OptimizerConfig config_;
  std::int64_t steps_ = 0;

 private:
  std::vector<Tensor> gradients() const;
  std::vector<Group> groups_;
};

using MakeOptimizer = std::unique_ptr<Optimizer> (*)(const OptimizerConfig& config, const torch::nn::Module& model);
const config::VariantTable<MakeOptimizer>& optimizer_table();
std::unique_ptr<Optimizer> make_optimizer(const OptimizerConfig& config, const torch::nn::Module& model);

}  // namespace ablate
