#pragma once
// How several of our matrices lie in one published tensor: cut apart for an import, put together for an export.
#include "transformer/core/torch.h"

#include <vector>

namespace ablate::lab::hugging_face {

/// Weights are (out, in), biases (out), unless it is said otherwise. H heads of queries, G of keys and values, K their
/// width.
enum class Layout {
  same,                ///< one of ours as it is
  transposed,          ///< one of ours as (in, out)
  row,                 ///< a bias (out) as (1, out)
  stacked,             ///< queries, keys and values behind one another
  stacked_transposed,  ///< the same as (in, out)
  by_group,            ///< G times: H / G heads of queries, one of keys, one of values
};

struct HeadShape {
  std::int64_t heads = 1, groups = 1, width = 1;
};

/// Ours, out of the published tensor; std::invalid_argument if its shape does not fit.
std::vector<Tensor> split(Layout layout, const Tensor& published, const HeadShape& shape);
/// The published tensor, out of ours.
Tensor join(Layout layout, const std::vector<Tensor>& ours, const HeadShape& shape);

}  // namespace ablate::lab::hugging_face
