#pragma once
// Attention (Vaswani et al. 2017, section 3.2): softmax(Q K^T / sqrt(d_k)) V over h heads, with as many key-value heads
// as there are query heads, one (Shazeer 2019) or a few (Ainslie et al. 2023). Options: queries and keys normalised
// head by head (Henry et al. 2020; Dehghani et al. 2023, section 2), scores s -> c tanh(s / c) (Gemma Team 2024,
// section 2), a window of w keys in self-attention: those less than w positions from the query, so that a query that
// looks back sees w with itself (Jiang et al. 2023, section 2, whose own code sees one more) and one that looks both
// ways 2w - 1 (Beltagy et al. 2020, section 3.1, whose w counts both sides).
#include "transformer/kernels/step_attention.h"
#include "transformer/layers/mask.h"
#include "transformer/layers/norm.h"
#include "transformer/layers/position.h"

namespace ablate {

struct AttentionConfig {
  std::string kind = "scaled_dot_product";
  std::int64_t heads = 8;
  std::int64_t key_value_heads = 2;
  std::optional<std::int64_t> d_k{};
  std::optional<std::int64_t> d_v{};
  std::optional<double> scale{};
  bool bias = true;
  std::optional<bool> query_bias{}, key_bias{}, value_bias{}, output_bias{};
  std::string query_key_norm = "none";
  double query_key_norm_eps = 1e-5;
  std::optional<double> soft_cap{};
  std::optional<std::int64_t> window{};
  double dropout = 0;
  void describe(config::Fields& f);
  /// Whether any of the projections of queries, keys and values has a bias.
  bool has_input_bias() const {
    return query_bias.value_or(bias) || key_bias.value_or(bias) || value_bias.value_or(bias);
  }
  bool has_output_bias() const { return output_bias.value_or(bias); }
  /// Width of a head's queries and keys: d_k, or d_model / heads.
  std::int64_t key_width(std::int64_t d_model) const { return d_k.value_or(d_model / heads); }
  /// Width of a head's values: d_v, or d_model / heads.
  std::int64_t value_width(std::int64_t d_model) const { return d_v.value_or(d_model / heads); }
};

/// Keys and values of earlier steps. Self-attention appends to it; cross-attention fills it once. With a RowHistory
/// they are in `steps`, otherwise in the two tensors.
struct AttentionCache {
  Tensor key_BGSK;    ///< (B, key-value heads, S, d_k), already rotated
  Tensor value_BGSV;  ///< (B, key-value heads, S, d_v)
  StepMemory steps;
  std::int64_t length() const { return key_BGSK.defined() ? key_BGSK.size(2) : 0; }
};

/// Attention weights by layer, filled when somebody asks: the plain formula runs instead of the fused kernel.
struct AttentionTrace {
  std::vector<std::pair<std::string, Tensor>> weights_BHTS;  ///< name of the layer -> (B, H, T, S)
  std::string prefix;                                        ///< name of the layer that runs now
};

struct AttentionInput {
  const Tensor& query_BTD;
  const Tensor& memory_BSD;  ///< what is attended to: the query itself in self-attention
  const AttentionMask& mask;
  Position* position = nullptr;     ///< self-attention alone knows positions
  AttentionCache* cache = nullptr;  ///< step-by-step decoding
  bool cache_is_complete = false;   ///< the cache already holds all of `memory` (cross-attention, later steps)
  AttentionTrace* trace = nullptr;
  /// One query per row, whose earlier keys are where it says: with a cache, without trace, dropout and gradients.
  const RowHistory* history = nullptr;
};

/// The role. Contract: (B, T, D) and (B, S, D) -> (B, T, D).
class Attention : public torch::nn::Module {
 public:
  virtual Tensor forward(const AttentionInput& input) = 0;
  /// Whether a step of decoding may come with a RowHistory.
  virtual bool reads_history() const { return false; }
};

struct AttentionInitialization {
  WeightInitialization query, key_value, output;
};

using MakeAttention = std::shared_ptr<Attention> (*)(const AttentionConfig& config, std::int64_t d_model,
                                                     const AttentionInitialization& init, ParameterFactory& factory);
const config::VariantTable<MakeAttention>& attention_table();
std::shared_ptr<Attention> make_attention(const AttentionConfig& config, std::int64_t d_model,
                                          const AttentionInitialization& init, ParameterFactory& factory);

/// The formula itself, the oracle of the fused kernel: weights = softmax(cap(scale * (Q K^T + more)) + bias) over the
/// allowed keys, cap(s) = c tanh(s / c) if there is a soft_cap c; a query with no allowed key gets zero.
/// q (B, H, T, K), k (B, H, S, K), v (B, H, S, V) -> (B, H, T, V), weights (B, H, T, S). `allowed`, `bias` and `more`
/// broadcast to (B, H, T, S); each may be undefined.
struct PlainAttention {
  Tensor output, weights;
  Tensor kept;  ///< the weights that dropout left
};
PlainAttention plain_attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& allowed,
                               const Tensor& bias, double scale, double dropout_rate, bool training,
                               std::optional<double> soft_cap = {}, const Tensor& more = {});

}  // namespace ablate
