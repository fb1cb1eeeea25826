#pragma once
// Source, target and output embeddings and which of them are one matrix (Vaswani et al. 2017, section 3.4; Press & Wolf
// 2017; the three embedding rows of Narang et al. 2021, table 1). With `normalize` every vector w of the three matrices
// is used as w / |w| (fixnorm: Nguyen & Salazar 2019, section 2.3): all words have the same length, before `scale`.
#include "transformer/layers/norm.h"

namespace ablate {

struct EmbeddingConfig {
  std::string tying = "all";
  std::string scale = "sqrt_d_model";
  std::optional<double> dropout{};
  bool output_bias = false;
  std::string output_scale = "one";
  bool normalize = false;
  NormConfig norm{.kind = "none"};
  std::int64_t token_types = 0;
  void describe(config::Fields& f);
};

/// Which of the three matrices share memory: equal letters, one matrix.
struct Tying {
  bool target_is_source, output_is_source, output_is_target;
  bool shares_vocabulary() const { return target_is_source || output_is_source; }
};
const config::VariantTable<Tying>& tying_table();
const config::VariantTable<double (*)(std::int64_t d_model)>& embedding_scale_table();
/// Factors on what the output layer reads.
const config::VariantTable<double (*)(std::int64_t d_model)>& output_scale_table();

/// Sizes and padding, the same id on both sides. Of an encoder that says no words, the target's size is the number of
/// classes, or 1.
struct VocabularyInfo {
  std::int64_t source_size, target_size, pad;
};

/// Which of the three matrices a model has.
struct EmbeddingSides {
  bool source = true, target = true, output = true;
};

class Embeddings : public torch::nn::Module {
 public:
  /// An output of its own there is only where it is not tied to an input that there is.
  Embeddings(const EmbeddingConfig& config, std::int64_t d_model, const VocabularyInfo& vocabulary,
             const EmbeddingSides& sides, const WeightInitialization& init, ParameterFactory& factory);

  /// (B, S) int64 -> (B, S, D), scaled, and the vector of each token's type added where the model has types (Devlin et
  /// al. 2019, section 3.2): (B, S) int64, undefined for type 0. std::logic_error without a source.
  Tensor source(const Tensor& tokens, const Tensor& types = {}) const;
  Tensor target(const Tensor& tokens) const;  ///< (B, T) int64 -> (B, T, D), scaled
  Tensor logits(
      const Tensor& hidden) const;  ///< (…, D) -> (…, V): output_weight() output_input(hidden) + output_bias()
  Tensor output_input(const Tensor& hidden) const;  ///< hidden states (…, D) as the output layer reads them: scaled

  Tensor output_weight() const;                               ///< (V, D), as the scores use it
  const Tensor& output_bias() const { return output_bias_; }  ///< (V) or undefined
  at::Device device() const { return input_weight().device(); }
  at::ScalarType dtype() const { return input_weight().scalar_type(); }

 private:
  Tensor embed(const Tensor& weight, const Tensor& tokens) const;
  const Tensor& input_weight() const { return source_weight_.defined() ? source_weight_ : target_weight_; }

  double scale_, output_scale_;
  bool normalize_;
  std::int64_t pad_;
  Tensor source_weight_, target_weight_, output_weight_, output_bias_, type_weight_;
};

}  // namespace ablate
