#include "transformer/layers/initialization.h"

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

namespace ablate {
namespace {

using config::Variant;
using config::VariantTable;

double fan_in(const Tensor& weight) { return static_cast<double>(weight.size(1)); }
double fan_sum(const Tensor& weight) { return static_cast<double>(weight.size(0) + weight.size(1)); }

void xavier_uniform(Tensor& weight, const WeightInitialization& config, at::Generator& generator) {
  const double bound = config.gain * std::sqrt(6.0 / fan_sum(weight));
  weight.uniform_(-bound, bound, generator);
}

void xavier_normal(Tensor& weight, const WeightInitialization& config, at::Generator& generator) {
  weight.normal_(0.0, config.gain * std::sqrt(2.0 / fan_sum(weight)), generator);
}

void torch_linear(Tensor& weight, const WeightInitialization&, at::Generator& generator) {
  const double bound = 1.0 / std::sqrt(fan_in(weight));
  weight.uniform_(-bound, bound, generator);
}

void kaiming_normal(Tensor& weight, const WeightInitialization& config, at::Generator& generator) {
  weight.normal_(0.0, config.gain * std::sqrt(2.0 / fan_in(weight)), generator);
}

void normal(Tensor& weight, const WeightInitialization& config, at::Generator& generator) {
  weight.normal_(0.0, config.std, generator);
}

void d_model_normal(Tensor& weight, const WeightInitialization& config, at::Generator& generator) {
  weight.normal_(0.0, config.gain / std::sqrt(fan_in(weight)), generator);
}

void zero_bias(Tensor& bias, std::int64_t, at::Generator&) { bias.zero_(); }

void torch_linear_bias(Tensor& bias, std::int64_t fan_in, at::Generator& generator) {
  const double bound = 1.0 / std::sqrt(static_cast<double>(fan_in));
  bias.uniform_(-bound, bound, generator);
}

constexpr Variant<FillWeight> weight_rows[] = {
    {{"xavier_uniform", "U(-b, b), b = gain * sqrt(6 / (fan_in + fan_out))", "Glorot & Bengio 2010, eq. (16)", "gain"},
     xavier_uniform},
    {{"xavier_normal", "N(0, s^2), s = gain * sqrt(2 / (fan_in + fan_out))", "Glorot & Bengio 2010, eq. (12)", "gain"},
     xavier_normal},
    {{"kaiming_normal", "N(0, s^2), s = gain * sqrt(2 / fan_in)", "He et al. 2015, eq. (10)", "gain"}, kaiming_normal},
    {{"torch_linear", "U(-b, b), b = 1 / sqrt(fan_in): how torch.nn.Linear starts", "", ""}, torch_linear},
    {{"normal", "N(0, std^2)", "Radford et al. 2018: std 0.02", "std"}, normal},
    {{"d_model_normal", "N(0, s^2), s = gain / sqrt(row length): embeddings of unit length",
      "Vaswani et al. 2017 (code)", "gain"},
     d_model_normal},
};
constexpr VariantTable<FillWeight> weight_table{"initialization", weight_rows};

constexpr Variant<FillBias> bias_rows[] = {
    {{"zeros", "0", "", ""}, zero_bias},
    {{"torch_linear", "U(-b, b), b = 1 / sqrt(fan_in): how torch.nn.Linear starts", "", ""}, torch_linear_bias},
};
constexpr VariantTable<FillBias> bias_table{"bias initialization", bias_rows};

}  // namespace

const VariantTable<FillWeight>& initialization_table() { return weight_table; }
const VariantTable<FillBias>& bias_initialization_table() { return bias_table; }

void WeightInitialization::describe_weight(config::Fields& f) {
  f.variant(kind, weight_table.choices(), "distribution of the weights");
  f.field("gain", gain, "factor on the distribution's width", config::positive);
  f.field("std", std, "standard deviation", config::positive);
}

void WeightInitialization::describe(config::Fields& f) {
  describe_weight(f);
  f.choice("bias", bias, bias_table.choices(), "start of the biases");
}

void InitializationConfig::describe(config::Fields& f) {
  f.object("query_key_value", query_key_value, "projections of queries, keys and values");
  f.inheriting("query", query, query_key_value, "query_key_value", "that of the queries");
  f.object("attention_output", attention_output, "projection of the concatenated heads");
  f.object("feed_forward", feed_forward, "the matrices of the feed-forward unit");
  f.inheriting("feed_forward_output", feed_forward_output, feed_forward, "feed_forward",
               "the last of them, back to d_model (Radford et al. 2019, section 2.3: narrower with the depth)");
  f.object("embedding", embedding, "token embeddings, learned positions and an untied output layer");
}

Fill fill_weight(const WeightInitialization& config) {
  return [config, fill = weight_table.at(config.kind)](Tensor& weight, at::Generator& generator) {
    fill(weight, config, generator);
  };
}

Fill fill_bias(const WeightInitialization& config, std::int64_t fan_in) {
  return [fan_in, fill = bias_table.at(config.bias)](Tensor& bias, at::Generator& generator) {
    fill(bias, fan_in, generator);
  };
}

Fill fill_constant(double value) {
  return [value](Tensor& tensor, at::Generator&) { tensor.fill_(value); };
}

Tensor ParameterFactory::create(torch::nn::Module& owner, const std::string& name, at::IntArrayRef shape, Fill fill) {
  Tensor parameter = owner.register_parameter(name, at::empty(shape, options()));
  created_.emplace_back(parameter, std::move(fill));
  return parameter;
}

void ParameterFactory::initialize(std::uint64_t seed) {
  if (device_.is_meta()) return;
  at::NoGradGuard no_grad;
  at::Generator generator = at::detail::createCPUGenerator(seed);
  for (auto& [parameter, fill] : created_) {
    Tensor values = at::empty(parameter.sizes(), at::kFloat);
    fill(values, generator);
    parameter.copy_(values);
  }
}

Linear::Linear(std::int64_t in, std::int64_t out, bool with_bias, const WeightInitialization& init,
               ParameterFactory& factory) {
  weight = factory.create(*this, "weight", {out, in}, fill_weight(init));
  if (with_bias) bias = factory.create(*this, "bias", {out}, fill_bias(init, in));
}

Tensor Linear::forward(const Tensor& x) const { return linear(x, map()); }

}  // namespace ablate
