#pragma once
// Optimizers over all parameters at once, through LibTorch's fused kernels.
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
