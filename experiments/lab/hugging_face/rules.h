#pragma once
// What several keys of a config.json say together, shared by the architectures that say it alike. Each comes as a pair:
// from a published file to the section `model`, and back.
#include "experiments/lab/hugging_face/architecture.h"

namespace ablate::lab::hugging_face {

/// Query heads over as many, one or a few heads of keys and values: `num_key_value_heads`, by default as many.
Rule key_value_heads_rule();

/// `head_dim`, where it is not d_model / heads.
Rule head_width_rule();

/// How files of one architecture name base and share of rotary positions beside `rope_parameters`, which newer files
/// have instead: {"rope_type", "rope_theta", "partial_rotary_factor", …}.
struct RotaryKeys {
  const char* base = "rope_theta";
  const char* fraction = nullptr;  ///< nullptr: heads turn whole
  double standard_fraction = 1;
  double standard_base = 10000;
};
void read_rotary(const RotaryKeys& keys, PublishedConfig& published, Json& model);
void write_rotary(const RotaryKeys& keys, const Json& model, Json& published);

/// Width of a head's queries and keys in a section `model`; 0 where its parts do not fit.
std::int64_t head_width(const Json& model);

}  // namespace ablate::lab::hugging_face
