#include "transformer/core/meta_kernels.h"

#include "transformer/core/torch.h"

#include <ATen/ExpandUtils.h>
#include <torch/library.h>

#include <tuple>

namespace ablate {
namespace {

Tensor index_select(const Tensor& self, std::int64_t dim, const Tensor& index) {
  std::vector<std::int64_t> sizes = self.sizes().vec();
  sizes[static_cast<std::size_t>(at::maybe_wrap_dim(dim, self.dim()))] = index.numel();
  return at::empty(sizes, self.options());
}

Tensor where(const Tensor& condition, const Tensor& self, const Tensor& other) {
  const std::vector<std::int64_t> sizes =
      at::infer_size(at::infer_size(condition.sizes(), self.sizes()), other.sizes());
  return at::empty(sizes, self.options());
}

Tensor& where_out(const Tensor& condition, const Tensor& self, const Tensor& other, Tensor& out) {
  const std::vector<std::int64_t> sizes =
      at::infer_size(at::infer_size(condition.sizes(), self.sizes()), other.sizes());
  out.resize_(sizes);
  return out;
}

Tensor relu(const Tensor& self) { return at::empty_like(self); }

Tensor logical_not(const Tensor& self) { return at::empty_like(self, self.options().dtype(at::kBool)); }

/// (normalised, mean, 1 / standard deviation)
std::tuple<Tensor, Tensor, Tensor> native_layer_norm(const Tensor& input, at::IntArrayRef normalized_shape,
                                                     const std::optional<Tensor>&, const std::optional<Tensor>&,
                                                     double) {
  std::vector<std::int64_t> sizes = input.sizes().vec();
  for (std::size_t i = 0; i < normalized_shape.size(); ++i) sizes[sizes.size() - 1 - i] = 1;
  return {at::empty_like(input, at::MemoryFormat::Contiguous), at::empty(sizes, input.options()),
          at::empty(sizes, input.options())};
}

}  // namespace

void use_meta_kernels() {
  static const torch::Library library = [] {
    torch::Library kernels(torch::Library::IMPL, "aten", c10::DispatchKey::Meta, __FILE__, __LINE__);
    kernels.impl("index_select", index_select);
    kernels.impl("relu", relu);
    kernels.impl("logical_not", logical_not);
    kernels.impl("where.self", where);
    kernels.impl("where.self_out", where_out);
    kernels.impl("native_layer_norm", native_layer_norm);
    return kernels;
  }();
}

}  // namespace ablate
