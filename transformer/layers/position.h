#pragma once
// Where a token stands, told to the model in one of several ways. Positions act through a few narrow hooks that default
// to nothing, so that attention never asks which kind it has:
//   sinusoidal  x_pos + PE(pos), see sinusoidal_table()
//   learned     x_pos + P[pos], P (max_length, D); c10::Error beyond its end. Counted are all cells of a row, or its
//               real tokens alone, which differs where padding is not on the right (Zhang et al. 2022, code)
//   rotary      pairs (a, b) of a query or key -> (a cos pw - b sin pw, a sin pw + b cos pw) at position p, with the
//               frequencies w of rotary_frequencies() (Su et al. 2021, eq. (34))
//   alibi       scores of head h lowered by slope_h |i - j|, see alibi_slopes() (Press et al. 2022, section 3)
//   t5_buckets  score + B[bucket(j - i), h], B (buckets, H) trained, see relative_buckets() (Raffel et al. 2020,
//               section 2.1)
//   shaw, transformer_xl  scores and values that depend on query and distance, see relative_position.h
#include "transformer/layers/initialization.h"
#include "transformer/layers/rotary_scaling.h"

namespace ablate {

struct PositionConfig {
  std::string kind = "sinusoidal";
  double base = 10000;
  double fraction = 1;
  std::string pairing = "interleaved";
  RotaryScalingConfig scaling{};
  std::string layout = "interleaved";
  std::int64_t offset = 0;
  std::string count = "all";
  std::int64_t buckets = 32;
  std::int64_t max_distance = 128;
  std::optional<bool> per_layer{};
  std::int64_t clip = 16;
  std::string vectors = "keys_and_values";
  bool per_head = false;
  void describe(config::Fields& f);
};

class Position;

/// What a position encoding may depend on besides its own options.
struct PositionContext {
  std::int64_t d_model;
  std::int64_t d_k;  ///< width of a head's queries and keys
  std::int64_t heads;
  std::int64_t max_length;                        ///< longest sequence the model accepts
  bool causal = false;                            ///< queries look back alone
  std::optional<std::int64_t> d_v{};              ///< width of a head's values; null: d_k
  std::optional<std::int64_t> embedding_width{};  ///< of what embed() is given; null: d_model
  const Position* first = nullptr;                ///< that of the stack, in whose later layer this one is
};

class Position : public torch::nn::Module {
 public:
  /// Added to the scaled embeddings of the positions first, first + 1, …: (B, T, D) -> (B, T, D). `keys` as in
  /// AttentionMask, of the same cells; undefined where all are real.
  virtual Tensor embed(const Tensor& x, std::int64_t first, const Tensor& keys = {});
  /// Applied to queries and to keys of self-attention: (B, H, T, K) -> (B, H, T, K).
  virtual Tensor rotate(const Tensor& x, std::int64_t first);
  /// Added to the scores of self-attention: (H or 1, T, S) for queries first … first + T - 1 and keys 0 … S - 1;
  /// undefined where there is none.
  virtual Tensor bias(std::int64_t first, std::int64_t queries, std::int64_t keys);

  /// Whether the two below give anything: no fused kernel has a place for them.
  virtual bool reads_queries() const { return false; }
  /// Added to q k^T of self-attention, before it is scaled: q (B, H, T, K) at the positions first, first + 1, … and
  /// k (B, H, S, K) at 0 … S - 1 -> what broadcasts to (B, H, T, S); undefined where there is nothing.
  virtual Tensor scores(const Tensor& q, const Tensor& k, std::int64_t first);
  /// Added to the weighted sum of the values: weights (B, H, T, S) -> (B, H, T, V); undefined where there is nothing.
  virtual Tensor values(const Tensor& weights, std::int64_t first);

  /// Whether every layer of a stack has one of its own.
  virtual bool is_per_layer() const { return false; }
};

using MakePosition = std::shared_ptr<Position> (*)(const PositionConfig& config, const PositionContext& context,
                                                   const WeightInitialization& init, ParameterFactory& factory);
const config::VariantTable<MakePosition>& position_table();
std::shared_ptr<Position> make_position(const PositionConfig& config, const PositionContext& context,
                                        const WeightInitialization& init, ParameterFactory& factory);

/// 2^(-8 h / H) for head h = 1 … H. Where H is no power of two: those of the largest one below it, then every other one
/// of twice as many, from the steepest on, as the authors' code has it. (H), double.
Tensor alibi_slopes(std::int64_t heads);

/// PE(pos, 2i) = sin(pos / base^(2i / d)), PE(pos, 2i + 1) = cos(same) (Vaswani et al. 2017, section 3.5): (length, d).
/// `halves`: all sines, then all cosines, as some published weights have it.
Tensor sinusoidal_table(std::int64_t length, std::int64_t d, double base, bool halves = false);

/// The same for any positions (n), double, -> (n, d).
Tensor sinusoids(const Tensor& positions, std::int64_t d, double base, bool halves);

/// The bucket of every distance key - query, int64 of any shape -> the same shape, 0 … buckets - 1 (Raffel et al. 2020,
/// section 2.1, and the authors' code). Looking back alone: distances 0 … buckets / 2 - 1 have a bucket each, longer
/// ones share the rest in steps that grow as their logarithm, and all from max_distance on have the last. Looking both
/// ways each direction has half of the buckets, what stands ahead the second half.
Tensor relative_buckets(const Tensor& distance, std::int64_t buckets, std::int64_t max_distance, bool causal);

}  // namespace ablate
