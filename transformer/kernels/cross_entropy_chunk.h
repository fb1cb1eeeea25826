#pragma once
// The fused cross-entropy, a few hundred tokens at a time. The vocabulary is cut into blocks whose logits stay in the
// second-level cache: there a block's logits become exponentials relative to the block's own maximum, and later, when
// the maximum of the whole row is known, gradients, which are multiplied at once by the weights and by the hidden
// states while they are still there. All sums have one order, whatever the number of threads.
#include "transformer/kernels/packed_product.h"

#include <vector>

namespace ablate {

/// Which of the three gradients to compute.
struct WantedGradients {
  bool hidden = false, weight = false, bias = false;
  bool any() const { return hidden || weight || bias; }
};

struct TokenLoss {
  double loss = 0, nll = 0;
  bool correct = false;  ///< the target is the first of the words of highest probability
};

class CrossEntropyChunks {
 public:
  /// weight (V, D), bias (V) or undefined: float, contiguous, and to be kept by the caller. Chunks have at most
  /// `most_rows` tokens.
  CrossEntropyChunks(const Tensor& weight, const Tensor& bias, double eps, WantedGradients wanted,
                     std::int64_t most_rows);

  /// One chunk: `hidden` has `rows` rows of D floats, `targets` and `losses` one element for each; where it is wanted,
  /// `hidden_gradient` is written in the layout of `hidden`.
  void run(const float* hidden, std::int64_t rows, const std::int64_t* targets, TokenLoss* losses,
           float* hidden_gradient);

  /// Sums over all chunks so far: (V, D) and (V).
  Tensor weight_gradient() const;
  Tensor bias_gradient() const;

 private:
  struct Chunk;
  struct Scratch;
  void pack_rows_of(const float* weight);
  std::pair<std::int64_t, std::int64_t> blocks_of(std::int64_t slice) const;
  std::int64_t panels_in(std::int64_t block) const;
  std::int64_t words_in(std::int64_t block) const;
  void compute_logits(const Chunk& chunk, std::int64_t block);
  void exponentiate(const Chunk& chunk, std::int64_t block);
  void normalize(const Chunk& chunk, std::int64_t row);
  void differentiate(const Chunk& chunk, std::int64_t block, Scratch& scratch) const;
  void accumulate(const Chunk& chunk, std::int64_t block, std::int64_t slice, const float* gradients);

  std::int64_t width_, vocabulary_, blocks_, slices_, most_rows_;
  double eps_;
  WantedGradients wanted_;
  Tensor bias_;
  PackedWeight columns_;    ///< W^T in panels of words, for logits
  Tensor rows_;             ///< (blocks, panels of D, words of a block, panel): W in panels, for the gradient of h
  Tensor values_;           ///< (blocks, panels of a block, rows, panel): logits, then exponentials
  Tensor hidden_columns_;   ///< (D, rows): h^T
  Tensor hidden_partial_;   ///< (slices, rows, D padded): each slice's part of the gradient of h
  Tensor weight_gradient_;  ///< (panels of words, D, panel)
  Tensor bias_gradient_;    ///< (panels of words, panel)
  bool first_chunk_ = true;
  /// Of a block's part of a row.
  struct Part {
    float maximum, factor;  ///< exponential -> probability
    double sum_exp, sum;
  };
  std::vector<Part> parts_;           ///< (blocks, rows)
  std::vector<float> target_logits_;  ///< (rows)
  std::vector<char> beaten_;          ///< (rows): a word before the target in its block is at least as likely
};

}  // namespace ablate
