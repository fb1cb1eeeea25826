#include "transformer/training/loss.h"

#include "transformer/kernels/bf16.h"
#include "transformer/kernels/linear_cross_entropy.h"
#include "transformer/layers/auxiliary_loss.h"

namespace ablate {
namespace {

constexpr config::Variant<SmoothingConvention> smoothing_rows[] = {
    {{"all_words", "epsilon spread over all V words, the right one included", "Szegedy et al. 2016, section 7", ""},
     [](double epsilon, std::int64_t) { return epsilon; }},
    {{"other_words", "epsilon spread over the V - 1 wrong words", "fairseq's convention", ""},
     [](double epsilon, std::int64_t vocabulary) {
       return epsilon * static_cast<double>(vocabulary) / static_cast<double>(vocabulary - 1);
     }},
};
constexpr config::VariantTable<SmoothingConvention> smoothings{"label smoothing", smoothing_rows};

}  // namespace

void LossConfig::describe(config::Fields& f) {
  f.field("label_smoothing", label_smoothing, "epsilon_ls, probability taken from the right word", config::probability);
  f.only_if(label_smoothing > 0, "has no effect with label_smoothing 0", "label_smoothing")
      .choice("smoothing", smoothing, smoothings.choices(), "over which words epsilon is spread");
}

const config::VariantTable<SmoothingConvention>& smoothing_table() { return smoothings; }

namespace {

BatchLoss squared_error(Transformer& model, const Batch& batch, const AuxiliaryLosses& auxiliary) {
  const Tensor hidden = model.output_input(model.forward(batch));
  // In 32 bits at least: what is close to a value is told by its last digits.
  const WithoutAutocast in_32_bits;
  const Tensor weight = model.output_weight();
  const Tensor said = at::linear(hidden.to(weight.scalar_type()), weight, model.output_bias()).squeeze(1);  // (B, 1)
  const Tensor error = (said - batch.values).square().sum();
  return {error, error.detach(), at::zeros({}, at::TensorOptions().dtype(at::kLong)), batch.target_tokens,
          auxiliary.sum()};
}

}  // namespace

BatchLoss compute_loss(Transformer& model, const Batch& batch, const LossConfig& config) {
  AuxiliaryLosses auxiliary;
  if (batch.values.defined()) return squared_error(model, batch, auxiliary);
  const Tensor hidden = model.output_input(model.forward(batch).flatten(0, 1));  // (B * T, D)
  const Tensor target = batch.target_output.flatten();                           // (B * T)
  const bool partial = target.numel() != batch.target_tokens;
  const Tensor real = partial ? target.ne(no_target).nonzero().squeeze(1) : Tensor();
  const CrossEntropySums sums =
      linear_cross_entropy(partial ? hidden.index_select(0, real) : hidden, model.output_weight(), model.output_bias(),
                           partial ? target.index_select(0, real) : target,
                           smoothings.at(config.smoothing)(config.label_smoothing, model.target_size()));
  return {sums.loss, sums.nll, sums.correct, batch.target_tokens, auxiliary.sum()};
}

SplitLoss evaluate_loss(Transformer& model, std::int64_t batches, const std::function<Batch(std::int64_t)>& batch,
                        const LossConfig& config) {
  at::NoGradGuard no_grad;
  const bool was_training = model.is_training();
  model.eval();
  SplitLoss sums;
  double correct = 0;
  for (std::int64_t i = 0; i < batches; ++i) {
    const BatchLoss one = compute_loss(model, batch(i).to(model.device()), config);
    sums.loss += one.loss.item<double>();
    sums.nll_sum += one.nll.item<double>();
    correct += one.correct.item<double>();
    sums.tokens += one.tokens;
  }
  model.train(was_training);
  const double tokens = static_cast<double>(sums.tokens);
  sums.loss /= tokens;
  sums.nll = sums.nll_sum / tokens;
  sums.accuracy = correct / tokens;
  return sums;
}

}  // namespace ablate
