#pragma once
// Source, target and output embeddings and which of them are one matrix (Vaswani et al. 2017, section 3.4; Press & Wolf
// 2017; the three embedding rows of Narang et al. 2021, table 1). With `normalize` every vector w of the three matrices
// is used as w / |w| (fixnorm: Nguyen & Salazar 2019, section 2.3): all words have the same length, before `scale`.
//
// Factorised embeddings (Lan et al. 2020, section 3.1): words have vectors of E coordinates, which a matrix lifts to
// d_model,
//   words  lift(scale * word), to which positions and norm come at d_model   (Narang et al. 2021, table 1)
//   sum    lift(dropout(norm(scale * word + position))), positions and norm at E   (Lan et al. 2020, the authors' code)
// Inputs that share words share their lift. An output layer that is tied to an input reads hidden states brought back
// from d_model to E, by the head of words of an encoder by itself where that has a layer (Lan et al. 2020, the authors'
// code); one that is not tied has a V x d_model matrix.
#include "transformer/layers/norm.h"

#include <map>

namespace ablate {

struct FactorizationConfig {
  std::string kind = "none";
  std::int64_t width = 128;
  bool bias = false;
  std::string output = "transposed";
  void describe(config::Fields& f);
};

enum class Factorization { none, words, sum };
const config::VariantTable<Factorization>& factorization_table();

struct EmbeddingConfig {
  std::string tying = "all";
  std::string scale = "sqrt_d_model";
  std::optional<double> dropout{};
  bool output_bias = false;
  std::string output_scale = "one";
  bool normalize = false;
  NormConfig norm{.kind = "none"};
  FactorizationConfig factorization{};
  std::int64_t token_types = 0;
  void describe(config::Fields& f);
  /// Width of a word's vector.
  std::int64_t word_width(std::int64_t d_model) const;
  /// Width at which positions and norm act.
  std::int64_t sum_width(std::int64_t d_model) const;
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

/// Sizes and padding, the same id on both sides; -1: nothing is padding. Of an encoder that says no words, the target's
/// size is the number of classes, or 1.
struct VocabularyInfo {
  std::int64_t source_size, target_size, pad;
};

/// Which of the three matrices a model has.
struct EmbeddingSides {
  bool source = true, target = true, output = true;
  bool states_are_lowered = false;  ///< a tied output is given hidden states of the width of words
};

class Embeddings : public torch::nn::Module {
 public:
  /// An output of its own there is only where it is not tied to an input that there is.
  Embeddings(const EmbeddingConfig& config, std::int64_t d_model, const VocabularyInfo& vocabulary,
             const EmbeddingSides& sides, const WeightInitialization& init, ParameterFactory& factory);

  /// (B, S) int64 -> (B, S, sum_width()), scaled, and the vector of each token's type added where the model has types
  /// (Devlin et al. 2019, section 3.2): (B, S) int64, undefined for type 0; a type beyond
  /// the last is the last. std::logic_error without a source.
  Tensor source(const Tensor& tokens, const Tensor& types = {}) const;
  Tensor target(const Tensor& tokens) const;  ///< (B, T) int64 -> (B, T, sum_width()), scaled
  /// What lifts positions and norm of `sum` to d_model; nullptr with the other kinds.
  std::shared_ptr<Linear> source_lift() const { return lifts_words_ ? nullptr : source_lift_; }
  std::shared_ptr<Linear> target_lift() const { return lifts_words_ ? nullptr : target_lift_; }
  /// Hidden states (…, D), or of the width that they are lowered to already, as the output layer reads them: scaled,
  /// and brought to the width of its matrix, W.
  Tensor output_input(const Tensor& hidden) const;

  Tensor output_weight() const;                               ///< (V, W), as the scores use it
  const Tensor& output_bias() const { return output_bias_; }  ///< (V) or undefined
  std::int64_t token_types() const { return type_weight_.defined() ? type_weight_.size(0) : 0; }
  /// What each of the uses "source", "target", "output", "output_bias", "source_lift" and "target_lift" that there are
  /// is called among the parameters and modules: with tying 'all' the first three are "shared".
  std::map<std::string, std::string> names_by_use() const;
  at::Device device() const { return input_weight().device(); }
  at::ScalarType dtype() const { return input_weight().scalar_type(); }

 private:
  Tensor embed(const Tensor& weight, const std::shared_ptr<Linear>& lift, const Tensor& tokens) const;
  const Tensor& input_weight() const { return source_weight_.defined() ? source_weight_ : target_weight_; }

  double scale_, output_scale_;
  bool normalize_, lifts_words_;
  std::shared_ptr<Linear> source_lift_, target_lift_;  ///< nullptr where words have d_model coordinates
  std::shared_ptr<Linear> output_lowering_;            ///< the output layer's own way from d_model to E
  std::shared_ptr<Linear> output_lift_;                ///< whose transpose is its way
  std::int64_t pad_;
  Tensor source_weight_, target_weight_, output_weight_, output_bias_, type_weight_;
};

}  // namespace ablate
