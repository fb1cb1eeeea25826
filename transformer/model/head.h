#pragma once
// What the output of an encoder by itself, states h (B, S, D), becomes (Devlin et al. 2019, sections 3.1 and 4.1):
//   words    every state for the scores of all words at its place: norm(act(W h + b)), or h itself without `hidden`;
//            where words are narrower than states and the output is tied to them, W is E x D (Lan et al. 2020, the
//            authors' code)
//   classes  one state for each text, for the scores of its class: with p = pool(h), act(W p + b), or p itself
//   number   the same for one number
//   pooled   the same for nothing: features
// pool is over the tokens of a text that are no padding: the first one, <s>, their mean or their maximum.
#include "transformer/model/decoder.h"

namespace ablate {

/// What a head says.
enum class HeadKind { words, classes, number, pooled };
const config::VariantTable<HeadKind>& head_table();

/// (B, S, D) and a mask of real tokens, (B, S, 1) bool or undefined -> (B, D).
using Pool = Tensor (*)(const Tensor& states, const Tensor& real);
const config::VariantTable<Pool>& pooling_table();

const config::VariantTable<Tensor (*)(const Tensor&)>& head_activation_table();

class Head : public torch::nn::Module {
 public:
  /// `word_width`: of what the layer over words gives. `outputs`: classes, or words.
  Head(const HeadConfig& config, const NormConfig& norm, std::int64_t d_model, std::int64_t word_width,
       std::int64_t outputs, const InitializationConfig& init, ParameterFactory& factory);

  /// What the output layer reads: (B, S, D or E) for words, else (B, 1, D).
  Tensor forward(const Memory& encoded);

  /// Whether the output layer is the head's own: that of words is among the embeddings.
  bool has_output() const { return output_ != nullptr; }
  const Linear& output() const { return *output_; }
  const HeadConfig& config() const { return config_; }

 private:
  HeadConfig config_;
  HeadKind kind_;
  std::shared_ptr<Linear> hidden_, output_;
  std::shared_ptr<Norm> norm_;
};

}  // namespace ablate
