#include "transformer/kernels/linear_maps.h"

#include "transformer/core/parallel.h"
#include "transformer/kernels/matrix_product.h"

#include <algorithm>

namespace ablate {
namespace {

bool has_own_product(const Tensor& x, const std::vector<Tensor>& weights, const std::vector<Tensor>& biases) {
  const auto fits = [](const Tensor& y) { return y.scalar_type() == at::kFloat && y.device().is_cpu(); };
  const auto is_weight = [&](const Tensor& y) { return fits(y) && y.numel() > 0; };
  const auto is_bias = [&](const Tensor& y) { return !y.defined() || fits(y); };
  return fits(x) && pays_to_pack(x.size(0)) && std::all_of(weights.begin(), weights.end(), is_weight) &&
         std::all_of(biases.begin(), biases.end(), is_bias);
}

Rows rows_of_matrix(const Tensor& x) { return {x.const_data_ptr<float>(), x.size(0), x.size(1), x.size(1)}; }

/// Both directions by the library.
void library_forward(const Tensor& x, const std::vector<Tensor>& weights, const std::vector<Tensor>& biases,
                     std::vector<Tensor>& outputs) {
  for (std::size_t map = 0; map < weights.size(); ++map) {
    const Tensor transposed = weights[map].t();
    if (biases[map].defined()) {
      at::addmm_out(outputs[map], biases[map], x, transposed);
    } else {
      at::mm_out(outputs[map], x, transposed);
    }
  }
}

Tensor library_backward(std::vector<MapGradient>& maps, bool with_input) {
  Tensor gradient;
  for (MapGradient& map : maps) {
    if (map.with_bias) map.bias_gradient = map.upstream.sum(0);
    if (!with_input) continue;
    if (gradient.defined()) {
      gradient.addmm_(map.upstream, map.weight);
    } else {
      gradient = at::mm(map.upstream, map.weight);
    }
  }
  return gradient;
}

}  // namespace

std::vector<Tensor> multiply_forward(const Tensor& x, const std::vector<Tensor>& weights,
                                     const std::vector<Tensor>& biases,
                                     const std::function<OnRows(const std::vector<Tensor>&)>& allocated) {
  std::vector<Tensor> outputs;
  for (const Tensor& weight : weights) outputs.push_back(at::empty({x.size(0), weight.size(0)}, x.options()));
  const OnRows then = allocated ? allocated(outputs) : OnRows();
  const RowBlocks blocks(x.size(0));
  const auto call_then = [&](std::int64_t block) {
    if (then) then({block, blocks.begin(block), blocks.rows(block)});
  };
  if (!has_own_product(x, weights, biases)) {
    library_forward(x, weights, biases, outputs);
    if (then) for_each_unit(blocks.count(), call_then);
    return outputs;
  }
  std::vector<PackedWeight> packed;
  std::vector<float*> to;
  std::vector<const float*> shifts;
  for (std::size_t map = 0; map < weights.size(); ++map) {
    packed.emplace_back(weights[map]);
    to.push_back(outputs[map].mutable_data_ptr<float>());
    shifts.push_back(biases[map].defined() ? biases[map].const_data_ptr<float>() : nullptr);
  }
  const Rows all = rows_of_matrix(x);
  for_each_unit(blocks.count(), [&](std::int64_t block) {
    const std::int64_t begin = blocks.begin(block);
    for (std::size_t map = 0; map < packed.size(); ++map) {
      const std::int64_t width = packed[map].out();
      multiply_block(all.part(begin, blocks.rows(block)), packed[map], shifts[map], to[map] + begin * width, width,
                     /*add=*/false);
    }
    call_then(block);
  });
  return outputs;
}

Tensor multiply_backward(std::vector<MapGradient>& maps, bool with_input, const OnRows& first) {
  if (maps.empty()) return {};
  const std::int64_t rows = maps[0].upstream.size(0), in = maps[0].weight.size(1);
  std::vector<Tensor> weights;
  for (const MapGradient& map : maps) weights.push_back(map.weight);
  const RowBlocks blocks(rows);
  const auto call_first = [&](std::int64_t block) {
    if (first) first({block, blocks.begin(block), blocks.rows(block)});
  };
  if (!has_own_product(maps[0].upstream, weights, {})) {
    if (first) for_each_unit(blocks.count(), call_first);
    return library_backward(maps, with_input);
  }
  std::vector<PackedWeight> packed;
  std::vector<RowSums> sums;
  std::vector<Rows> upstreams;
  for (const MapGradient& map : maps) {
    if (with_input) packed.push_back(PackedWeight::for_gradient(map.weight));
    sums.emplace_back(map.with_bias ? blocks.count() : 0, map.upstream.size(1));
    upstreams.push_back(rows_of_matrix(map.upstream));
  }
  const Tensor gradient = with_input ? at::empty({rows, in}, maps[0].upstream.options()) : Tensor();
  float* const to = with_input ? gradient.mutable_data_ptr<float>() : nullptr;
  for_each_unit(blocks.count(), [&](std::int64_t block) {
    call_first(block);
    const std::int64_t begin = blocks.begin(block);
    for (std::size_t map = 0; map < maps.size(); ++map) {
      const Rows part = upstreams[map].part(begin, blocks.rows(block));
      for (std::int64_t row = 0; maps[map].with_bias && row < part.count; ++row) sums[map].add(block, part.at(row));
      if (with_input) multiply_block(part, packed[map], nullptr, to + begin * in, in, /*add=*/map > 0);
    }
  });
  for (std::size_t map = 0; map < maps.size(); ++map) {
    if (maps[map].with_bias) maps[map].bias_gradient = sums[map].total();
  }
  return gradient;
}

}  // namespace ablate
