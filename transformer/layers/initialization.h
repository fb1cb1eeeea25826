#pragma once
// How parameters come to be and how they start. Every parameter is created by one function, which knows device and
// dtype; its first values are a separate act, so that a model can be built on the meta device without memory.
#include "transformer/config/fields.h"
#include "transformer/kernels/linear.h"

namespace ablate {

/// The distribution of one weight matrix and of the bias beside it.
struct WeightInitialization {
  std::string kind = "xavier_uniform";
  double gain = 1.0;
  double std = 0.02;
  std::string bias = "zeros";
  void describe(config::Fields& f);
  void describe_weight(config::Fields& f);  ///< all but the bias
};

/// An embedding has no bias, and the output layer's starts at zero.
struct EmbeddingInitialization : WeightInitialization {
  EmbeddingInitialization() { kind = "d_model_normal"; }
  void describe(config::Fields& f) { describe_weight(f); }
};

/// What a paper leaves open, as named values: the start of every kind of weight in the model.
struct InitializationConfig {
  WeightInitialization query_key_value;
  WeightInitialization query;
  WeightInitialization attention_output;
  WeightInitialization feed_forward;
  WeightInitialization feed_forward_output;
  EmbeddingInitialization embedding;
  void describe(config::Fields& f);
};

/// Fills a weight of shape (out, in): `fan_in` = in, `fan_out` = out.
using FillWeight = void (*)(Tensor& weight, const WeightInitialization& config, at::Generator& generator);
const config::VariantTable<FillWeight>& initialization_table();
/// Fills a bias that stands beside a weight with `fan_in` inputs.
using FillBias = void (*)(Tensor& bias, std::int64_t fan_in, at::Generator& generator);
const config::VariantTable<FillBias>& bias_initialization_table();

/// Writes first values into a tensor on the CPU.
using Fill = std::function<void(Tensor&, at::Generator&)>;
Fill fill_weight(const WeightInitialization& config);
Fill fill_bias(const WeightInitialization& config, std::int64_t fan_in);
Fill fill_constant(double value);

class ParameterFactory {
 public:
  explicit ParameterFactory(at::Device device, at::ScalarType dtype = at::kFloat) : device_(device), dtype_(dtype) {}

  /// Creates `owner`'s parameter `name`, uninitialised.
  Tensor create(torch::nn::Module& owner, const std::string& name, at::IntArrayRef shape, Fill fill);

  /// Fills every parameter in the order of creation from one generator on the CPU: the same values on every device.
  /// On the meta device there is nothing to fill.
  void initialize(std::uint64_t seed);

  at::TensorOptions options() const { return at::TensorOptions().device(device_).dtype(dtype_); }

 private:
  at::Device device_;
  at::ScalarType dtype_;
  std::vector<std::pair<Tensor, Fill>> created_;
};

/// y = x W^T + b; weight (out, in), bias (out) if asked for.
class Linear : public torch::nn::Module {
 public:
  Linear(std::int64_t in, std::int64_t out, bool bias, const WeightInitialization& init, ParameterFactory& factory);
  Tensor forward(const Tensor& x) const;  ///< (…, in) -> (…, out)
  LinearMap map() const { return {weight, bias}; }

  Tensor weight, bias;
};

}  // namespace ablate
