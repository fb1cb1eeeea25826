// Shapes: B batch, H heads, T queries, S keys, K width of a head's queries and keys, V of its values, R distances, D
// model width.
#include "transformer/layers/relative_position.h"

#include <array>

namespace ablate {
namespace {

constexpr config::Variant<ShawVectors> shaw_vectors_rows[] = {
    {{"keys_and_values", "beside keys and beside values", "Shaw et al. 2018, section 3.2", ""}, {true, true}},
    {{"keys", "beside keys alone, eq. (4)", "Shaw et al. 2018, table 4", ""}, {true, false}},
    {{"values", "beside values alone, eq. (3)", "Shaw et al. 2018, table 4", ""}, {false, true}},
};
constexpr config::VariantTable<ShawVectors> shaw_vectors{"shaw vectors", shaw_vectors_rows};

class Shaw final : public Position {
 public:
  Shaw(const PositionConfig& config, const PositionContext& context, const WeightInitialization& init,
       ParameterFactory& factory)
      : clip_(config.clip),
        ahead_(context.causal ? 0 : config.clip),
        heads_(config.per_head ? context.heads : 1),
        per_layer_(config.per_layer.value_or(true)) {
    const ShawVectors has = shaw_vectors.at(config.vectors);
    const auto create = [&](const char* name, std::int64_t width) {
      return factory.create(*this, name, {heads_ * distances(), width}, fill_weight(init));
    };
    if (has.keys) keys_ = create("keys", context.d_k);
    if (has.values) values_ = create("values", context.d_v.value_or(context.d_k));
  }

  Tensor scores(const Tensor& q_BHTK, const Tensor& k_BHSK, std::int64_t first) override {
    if (!keys_.defined()) return {};
    const Tensor by_distance_BHTR = at::matmul(q_BHTK, of_heads(keys_).transpose(-2, -1));
    const std::int64_t queries = q_BHTK.size(2), keys = k_BHSK.size(2);
    return by_distance_BHTR.gather(
        -1, indices(first, queries, keys).expand({q_BHTK.size(0), q_BHTK.size(1), queries, keys}));
  }

  Tensor values(const Tensor& weights_BHTS, std::int64_t first) override {
    if (!values_.defined()) return {};
    const Tensor index = indices(first, weights_BHTS.size(2), weights_BHTS.size(3)).expand(weights_BHTS.sizes());
    // Many weights may share a distance: their sum is in 32 bits at least.
    const Tensor weights = weights_BHTS.to(at::promote_types(weights_BHTS.scalar_type(), at::kFloat));
    const Tensor none = at::zeros({weights.size(0), weights.size(1), weights.size(2), distances()}, weights.options());
    return at::matmul(none.scatter_add(-1, index, weights), of_heads(values_));
  }

  bool reads_queries() const override { return true; }
  bool is_per_layer() const override { return per_layer_; }

 private:
  std::int64_t distances() const { return clip_ + ahead_ + 1; }

  /// (R, width) for all heads, or (H, R, width).
  Tensor of_heads(const Tensor& vectors) const {
    return heads_ == 1 ? vectors : vectors.view({heads_, distances(), vectors.size(1)});
  }

  /// Which vector stands between each query and key, (T, S). Layers ask for the same ones, and so do batches of one
  /// length.
  const Tensor& indices(std::int64_t first, std::int64_t queries, std::int64_t keys) {
    const at::Device device = (keys_.defined() ? keys_ : values_).device();
    const std::array<std::int64_t, 3> asked{first, queries, keys};
    if (!known_.defined() || asked != known_for_ || known_.device() != device) {
      const Tensor query = at::arange(first, first + queries, at::kLong).unsqueeze(1);
      known_ = (at::arange(keys, at::kLong) - query).clamp(-clip_, ahead_).add(clip_).to(device);
      known_for_ = asked;
    }
    return known_;
  }

  std::int64_t clip_, ahead_, heads_;
  bool per_layer_;
  Tensor keys_, values_, known_;
  std::array<std::int64_t, 3> known_for_{};
};

class TransformerXl final : public Position {
 public:
  TransformerXl(const PositionConfig& config, const PositionContext& context, const WeightInitialization& init,
                ParameterFactory& factory)
      : base_(config.base),
        halves_(config.layout == "halves"),
        causal_(context.causal),
        heads_(context.heads),
        d_model_(context.d_model) {
    const std::int64_t width = heads_ * context.d_k;
    relative_ = register_module("relative", std::make_shared<Linear>(d_model_, width, false, init, factory));
    const auto* const first = dynamic_cast<const TransformerXl*>(context.first);
    if (first != nullptr && !config.per_layer.value_or(false)) {
      content_bias_ = first->content_bias_;
      distance_bias_ = first->distance_bias_;
      return;
    }
    // As the authors' code starts them; those of embeddings may be far larger.
    WeightInitialization small;
    small.kind = "normal";
    small.std = 0.02;
    content_bias_ = factory.create(*this, "content_bias", {width}, fill_weight(small));
    distance_bias_ = factory.create(*this, "distance_bias", {width}, fill_weight(small));
  }

  Tensor scores(const Tensor& q_BHTK, const Tensor& k_BHSK, std::int64_t first) override {
    const std::int64_t queries = q_BHTK.size(2), keys = k_BHSK.size(2);
    const auto by_head = [&](const Tensor& bias) { return bias.view({heads_, 1, -1}); };  // (H, 1, K)
    const Tensor far_HKR =
        relative_->forward(sinusoids_of(first, queries, keys)).unflatten(1, {heads_, -1}).permute({1, 2, 0});
    const Tensor of_distances_BHTR = at::matmul(q_BHTK + by_head(distance_bias_), far_HKR);
    const Tensor of_keys_BH1S = at::matmul(by_head(content_bias_), k_BHSK.transpose(-2, -1));
    return columns_of_keys(of_distances_BHTR, keys) + of_keys_BH1S;
  }

  bool reads_queries() const override { return true; }
  /// W_R always is, as that of queries and keys.
  bool is_per_layer() const override { return true; }

 private:
  /// R of the distances i - j = first + T - 1 … : down to 0 where queries look back alone, else to first - (S - 1):
  /// (R, D).
  const Tensor& sinusoids_of(std::int64_t first, std::int64_t queries, std::int64_t keys) {
    const std::array<std::int64_t, 3> asked{first, queries, keys};
    const at::TensorOptions options = relative_->weight.options();
    if (!known_.defined() || asked != known_for_ || known_.device() != options.device() ||
        known_.dtype() != options.dtype()) {
      const std::int64_t last = causal_ ? 0 : first - (keys - 1);
      const Tensor distance = at::arange(first + queries - 1, last - 1, -1, at::kDouble);
      known_ = sinusoids(distance, d_model_, base_, halves_).to(options.device()).to(options.dtype());
      known_for_ = asked;
    }
    return known_;
  }

  double base_;
  bool halves_, causal_;
  std::int64_t heads_, d_model_;
  std::shared_ptr<Linear> relative_;
  Tensor content_bias_, distance_bias_, known_;
  std::array<std::int64_t, 3> known_for_{};
};

}  // namespace

const config::VariantTable<ShawVectors>& shaw_vectors_table() { return shaw_vectors; }

std::shared_ptr<Position> make_shaw(const PositionConfig& config, const PositionContext& context,
                                    const WeightInitialization& init, ParameterFactory& factory) {
  return std::make_shared<Shaw>(config, context, init, factory);
}

std::shared_ptr<Position> make_transformer_xl(const PositionConfig& config, const PositionContext& context,
                                              const WeightInitialization& init, ParameterFactory& factory) {
  return std::make_shared<TransformerXl>(config, context, init, factory);
}

Tensor columns_of_keys(const Tensor& x, std::int64_t keys) {
  const std::int64_t queries = x.size(-2), width = x.size(-1);
  // With a column in front of each row, and the first T elements left out, rows of the old width begin one later each:
  // every step moves by one, and no index is made (Dai et al. 2019, appendix B).
  const Tensor shifted = at::constant_pad_nd(x, {1, 0}).flatten(-2).slice(-1, queries);
  return shifted.unflatten(-1, {queries, width}).slice(-1, 0, keys);
}

}  // namespace ablate
