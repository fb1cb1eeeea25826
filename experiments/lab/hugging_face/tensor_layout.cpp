#include "experiments/lab/hugging_face/tensor_layout.h"

#include <stdexcept>

namespace ablate::lab::hugging_face {
namespace {

void require(bool holds, const Tensor& published, const char* wanted) {
  if (holds) return;
  std::string shape;
  for (const std::int64_t size : published.sizes()) shape += (shape.empty() ? "" : ", ") + std::to_string(size);
  throw std::invalid_argument("its shape is (" + shape + "), not " + wanted);
}

/// (G * (H / G + 2) * K, …) -> queries (H * K, …), keys and values (G * K, …).
std::vector<Tensor> split_groups(const Tensor& published, const HeadShape& shape) {
  const std::int64_t each = shape.heads / shape.groups;
  require(published.dim() >= 1 && published.size(0) == shape.groups * (each + 2) * shape.width, published,
          "that of queries, keys and values by heads");
  const Tensor grouped = published.unflatten(0, {shape.groups, each + 2, shape.width});
  return {grouped.narrow(1, 0, each).flatten(0, 2), grouped.select(1, each).flatten(0, 1),
          grouped.select(1, each + 1).flatten(0, 1)};
}

Tensor join_groups(const std::vector<Tensor>& ours, const HeadShape& shape) {
  const std::int64_t each = shape.heads / shape.groups;
  const Tensor q = ours.at(0).unflatten(0, {shape.groups, each, shape.width});
  const Tensor k = ours.at(1).unflatten(0, {shape.groups, 1, shape.width});
  const Tensor v = ours.at(2).unflatten(0, {shape.groups, 1, shape.width});
  return at::cat({q, k, v}, 1).flatten(0, 2);
}

std::vector<Tensor> split_stacked(const Tensor& published, const HeadShape& shape) {
  const std::int64_t queries = shape.heads * shape.width, keys = shape.groups * shape.width;
  require(published.dim() >= 1 && published.size(0) == queries + 2 * keys, published,
          "that of queries, keys and values behind one another");
  return published.split_with_sizes({queries, keys, keys}, 0);
}

}  // namespace

std::vector<Tensor> split(Layout layout, const Tensor& published, const HeadShape& shape) {
  switch (layout) {
    case Layout::same:
      return {published};
    case Layout::transposed:
      require(published.dim() == 2, published, "that of a matrix");
      return {published.t()};
    case Layout::row:
      require(published.dim() == 2 && published.size(0) == 1, published, "that of a row");
      return {published.squeeze(0)};
    case Layout::stacked:
      return split_stacked(published, shape);
    case Layout::stacked_transposed:
      require(published.dim() == 2, published, "that of a matrix");
      return split_stacked(published.t(), shape);
    case Layout::by_group:
      return split_groups(published, shape);
  }
  throw std::logic_error("a layout of tensors without a rule");
}

Tensor join(Layout layout, const std::vector<Tensor>& ours, const HeadShape& shape) {
  switch (layout) {
    case Layout::same:
      return ours.at(0);
    case Layout::transposed:
      return ours.at(0).t();
    case Layout::row:
      return ours.at(0).unsqueeze(0);
    case Layout::stacked:
      return at::cat(ours, 0);
    case Layout::stacked_transposed:
      return at::cat(ours, 0).t();
    case Layout::by_group:
      return join_groups(ours, shape);
  }
  throw std::logic_error("a layout of tensors without a rule");
}

}  // namespace ablate::lab::hugging_face
