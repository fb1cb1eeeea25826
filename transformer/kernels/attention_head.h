#pragma once
// One head of one sentence: what attention.cpp shares among threads.
#include "transformer/kernels/packing.h"

#include <vector>

namespace ablate {

/// What hides keys from queries, and what is added to their scores.
struct ScoreRules {
  const float* hide;  ///< (S up to the end of its last panel): 0, or -inf where a key is hidden; or null
  const float* bias;  ///< (T, S), or null
  bool causal;
  std::int64_t first;
  std::int64_t prefix;  ///< causal: keys at the beginning that all queries may look at
  float scale;
  std::uint32_t drop;       ///< a weight is dropped if its 16 bits are below this
  float keep_scale;         ///< factor on the weights that are kept
  std::uint64_t key, tile;  ///< dropout: where the bits of query 0 begin
  /// Keys that the queries up to, but without, `end` may look at.
  std::int64_t reach(std::int64_t end, std::int64_t keys) const;
  /// Tiles of dropout's bits for each query.
  static std::int64_t tiles(std::int64_t keys);
};

/// Memory for the blocks of one thread, and the operands of the head that it works on.
class AttentionHead {
 public:
  AttentionHead(std::int64_t keys, std::int64_t key_width, std::int64_t value_width, bool backward);

  /// Keys and values of the head: used by all calls that follow, with queries of several heads where they are shared.
  void set_memory(const Rows& k, const Rows& v);
  /// output (T, V), `output_row` apart, and log_normalizer (T).
  void forward(const Rows& q, const ScoreRules& rules, float* output, std::ptrdiff_t output_row, float* log_normalizer);
  /// Writes q's gradient, adds to those of k and v.
  void backward(const Rows& q, const Rows& output, const Rows& upstream, const ScoreRules& rules,
                const float* log_normalizer, float* q_gradient, std::ptrdiff_t q_gradient_row);
  /// Writes the gradients of k and v, and starts new ones.
  void take_gradients(float* k_gradient, std::ptrdiff_t k_row, float* v_gradient, std::ptrdiff_t v_row);

 private:
  /// scale * q k^T + bias of queries begin … end - 1, -inf where a key is hidden -> scores_.
  void compute_scores(const Rows& q, const ScoreRules& rules, std::int64_t begin, std::int64_t end);
  /// `to` (rows, width) = weights (rows, reach) by the packed rows of keys or values.
  void multiply_to_rows(std::int64_t rows, const float* weights, const float* panels, std::int64_t reach,
                        std::int64_t width, float* to, std::ptrdiff_t to_row);
  /// Weights of one query after dropout's mask: w -> keep_scale * w or 0.
  void drop(const ScoreRules& rules, std::int64_t query, std::int64_t reach, float* weights) const;

  std::int64_t keys_, key_width_, value_width_, block_;
  std::ptrdiff_t row_;  ///< from one query's scores to the next's
  std::vector<float> k_columns_, v_columns_, k_rows_, v_rows_;
  std::vector<float> scores_, weights_, value_gradients_;  ///< (block, row)
  std::vector<float> q_rows_, upstream_rows_;              ///< of a block, packed
  std::vector<float> output_;                              ///< (block, padded width)
  std::vector<float> k_gradient_, v_gradient_;             ///< (S, padded width)
};

}  // namespace ablate
