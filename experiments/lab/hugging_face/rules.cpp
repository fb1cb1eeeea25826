#include "experiments/lab/hugging_face/rules.h"

#include "transformer/core/error.h"

#include <cmath>

namespace ablate::lab::hugging_face {
namespace {

std::int64_t whole(const Json& model, const char* path) {
  const Json value = setting(model, path);
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

void read_key_value_heads(PublishedConfig& published, Json& model) {
  const std::int64_t heads = whole(model, "attention.heads");
  const Json given = published.get("num_key_value_heads");
  const std::int64_t groups = given.is_null() ? heads : published.integer("num_key_value_heads");
  set(model, "attention.kind", groups == heads ? "scaled_dot_product" : groups == 1 ? "multi_query" : "grouped_query");
  if (groups != heads && groups != 1) set(model, "attention.key_value_heads", groups);
}

void write_key_value_heads(const Json& model, Json& published) {
  const Json kind = setting(model, "attention.kind");
  published["num_key_value_heads"] = kind == "scaled_dot_product" ? setting(model, "attention.heads")
                                     : kind == "multi_query"      ? Json(1)
                                                                  : setting(model, "attention.key_value_heads");
}

void read_head_width(PublishedConfig& published, Json& model) {
  if (published.get("head_dim").is_null()) return;
  const std::int64_t width = published.integer("head_dim");
  if (width * whole(model, "attention.heads") == whole(model, "d_model")) return;
  set(model, "attention.d_k", width);
  set(model, "attention.d_v", width);
}

void write_head_width(const Json& model, Json& published) {
  if (setting(model, "attention.d_k") != setting(model, "attention.d_v")) {
    throw UserError("model.attention.d_v: such a model has one width for queries, keys and values");
  }
  published["head_dim"] = head_width(model);
}

/// The present form of what older files spread over several keys.
Json rotary_parameters(const RotaryKeys& keys, PublishedConfig& published) {
  const Json given = published.get("rope_parameters");
  const Json scaling = published.get("rope_scaling");
  Json parameters = given.is_object() ? given : scaling.is_object() ? scaling : Json::object();
  if (parameters.contains("type")) {
    if (!parameters.contains("rope_type")) parameters["rope_type"] = parameters["type"];
    parameters.erase("type");
  }
  const auto add = [&](const char* key, const char* name) {
    const Json value = published.get(key);
    if (value.is_null()) return;
    if (!parameters.contains(name)) parameters[name] = value;
    if (parameters[name] != value) published.unsupported(key, value, "'rope_parameters' says otherwise");
  };
  add(keys.base, "rope_theta");
  if (keys.fraction != nullptr) add(keys.fraction, "partial_rotary_factor");
  if (!parameters.contains("rope_theta")) parameters["rope_theta"] = keys.standard_base;
  if (!parameters.contains("rope_type")) parameters["rope_type"] = "default";
  return parameters;
}

/// Keys of `rope_parameters` and the settings of a scaling, which have the same value.
using ScalingKeys = std::vector<std::pair<const char*, const char*>>;
struct ScalingRow {
  const char* published;
  const char* ours;
  ScalingKeys keys;
};
const std::vector<ScalingRow>& scaling_rows() {
  static const std::vector<ScalingRow> rows = {{"default", "none", {}},
                                               {"linear", "linear", {{"factor", "factor"}}},
                                               {"llama3",
                                                "llama3",
                                                {{"factor", "factor"},
                                                 {"original_max_position_embeddings", "original_length"},
                                                 {"low_freq_factor", "low_rotations"},
                                                 {"high_freq_factor", "high_rotations"}}}};
  return rows;
}

void read_scaling(const Json& parameters, PublishedConfig& published, Json& model) {
  std::set<std::string> known = {"rope_type", "rope_theta", "partial_rotary_factor"};
  const ScalingRow* found = nullptr;
  for (const ScalingRow& row : scaling_rows()) {
    if (parameters.at("rope_type") == row.published) found = &row;
  }
  if (found == nullptr) {
    return published.unsupported("rope_parameters", parameters, "the scaling of rotary positions is not supported");
  }
  set(model, "position.scaling.kind", found->ours);
  for (const auto& [key, path] : found->keys) {
    known.insert(key);
    if (!parameters.contains(key)) {
      published.problem("'rope_parameters." + std::string(key) + "' is missing");
    } else {
      set(model, std::string("position.scaling.") + path, parameters.at(key));
    }
  }
  for (const auto& [key, value] : parameters.items()) {
    if (!known.contains(key)) published.unsupported("rope_parameters." + key, value, "this key is not known");
  }
}

}  // namespace

std::int64_t head_width(const Json& model) {
  const std::int64_t own = whole(model, "attention.d_k"), heads = whole(model, "attention.heads");
  return own > 0 ? own : heads > 0 ? whole(model, "d_model") / heads : 0;
}

Rule key_value_heads_rule() { return {read_key_value_heads, write_key_value_heads}; }
Rule head_width_rule() { return {read_head_width, write_head_width}; }

void read_rotary(const RotaryKeys& keys, PublishedConfig& published, Json& model) {
  const Json parameters = rotary_parameters(keys, published);
  set(model, "position.kind", "rotary");
  set(model, "position.pairing", "half");
  set(model, "position.base", parameters.at("rope_theta"));
  read_scaling(parameters, published, model);
  const Json given = parameters.value("partial_rotary_factor", Json(keys.standard_fraction));
  if (!given.is_number() || (keys.fraction == nullptr && given != 1)) {
    return published.unsupported("rope_parameters", parameters, "heads of such a model turn whole");
  }
  // The library turns int(fraction * width) coordinates, we the nearest number.
  const auto width = static_cast<double>(head_width(model));
  const double fraction = given.get<double>(), turned = std::floor(fraction * width);
  const bool is_nearest = std::llround(fraction * width) == std::llround(turned);
  set(model, "position.fraction", is_nearest || width == 0 ? fraction : turned / width);
}

void write_rotary(const RotaryKeys& keys, const Json& model, Json& published) {
  if (setting(model, "position.pairing") != "half") {
    throw UserError("model.position.pairing: such a model pairs coordinates by 'half'");
  }
  const Json kind = setting(model, "position.scaling.kind");
  Json parameters = {{"rope_type", nullptr}, {"rope_theta", setting(model, "position.base")}};
  for (const ScalingRow& row : scaling_rows()) {
    if (kind != row.ours) continue;
    parameters["rope_type"] = row.published;
    for (const auto& [key, path] : row.keys) {
      parameters[key] = setting(model, std::string("position.scaling.") + path);
    }
  }
  if (parameters["rope_type"].is_null()) {
    throw UserError("model.position.scaling.kind: " + kind.dump() + " has no published form");
  }
  // Releases of the library before 5 read the keys beside it, and would take a default for what is not there.
  published[keys.base] = parameters["rope_theta"];
  if (kind != "none") {
    published["rope_scaling"] = parameters;
    published["rope_scaling"].erase("rope_theta");
  }
  if (keys.fraction != nullptr) {
    const Json fraction = setting(model, "position.fraction");
    published[keys.fraction] = parameters["partial_rotary_factor"] = fraction;
  }
  published["rope_parameters"] = parameters;
}

}  // namespace ablate::lab::hugging_face
