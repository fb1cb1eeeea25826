#pragma once
// Positions that scores know through queries: what a query thinks of a distance.
//   shaw            e_ij = q_i (k_j + a^K_{d(j - i)})^T / sqrt(d_k), z_i = sum over j of w_ij (v_j + a^V_{d(j - i)}),
//                   d(x) = max(-c, min(c, x)), a^K and a^V trained   (Shaw et al. 2018, eqs. (3) and (4), section 3.2)
//   transformer_xl  e_ij = ((q_i + u) k_j^T + (q_i + v) (W_R R_{i - j})^T) / sqrt(d_k), R the sinusoids of d_model
//                   coordinates of the distance, u, v and W_R trained, head by head  (Dai et al. 2019, section 3.3;
//                   what the paper carries from one segment of a text to the next is not here)
// Both hold for any length: distances from c on are one, and sinusoids go on. A stack that looks back alone has no
// vectors for what stands ahead.
#include "transformer/layers/position.h"

namespace ablate {

/// Which of the sums have vectors of distances beside them (Shaw et al. 2018, table 4).
struct ShawVectors {
  bool keys, values;
};
const config::VariantTable<ShawVectors>& shaw_vectors_table();

/// Parameters: `keys` and `values`, distances from -c to c or 0 for each head in turn if there are some for each head:
/// (distances or heads * distances, d_k or d_v).
std::shared_ptr<Position> make_shaw(const PositionConfig& config, const PositionContext& context,
                                    const WeightInitialization& init, ParameterFactory& factory);

/// Parameters: `relative.weight` (heads * d_k, d_model), W_R; `content_bias` and `distance_bias` (heads * d_k), u and
/// v, which all layers share unless `config.per_layer`.
std::shared_ptr<Position> make_transformer_xl(const PositionConfig& config, const PositionContext& context,
                                              const WeightInitialization& init, ParameterFactory& factory);

/// x (…, T, W) -> (…, T, S), element (t, s) is x(t, T - 1 - t + s): columns that stand for distances from the farthest
/// back on become columns that stand for keys. W >= S; where T - 1 - t + s is beyond the end, which in a stack that
/// looks back alone nobody sees, it is anything that x has, or 0.
Tensor columns_of_keys(const Tensor& x, std::int64_t keys);

}  // namespace ablate
