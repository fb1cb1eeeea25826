// LLaMA 1 to 3 (Touvron et al. 2023; Grattafiori et al. 2024), Mistral (Jiang et al. 2023), Mixtral (Jiang et al.
// 2024), Qwen2 (Yang et al. 2024) and Gemma 1 (Gemma Team 2024): one layer with small differences, and one set of names.
#include "experiments/lab/hugging_face/rules.h"

namespace ablate::lab::hugging_face {
namespace {

constexpr RotaryKeys whole_heads{};
constexpr RotaryKeys mixtral_heads{.standard_base = 1e6};

Rule rotary_rule() {
  return {[](PublishedConfig& published, Json& model) { read_rotary(whole_heads, published, model); },
          [](const Json& model, Json& published) { write_rotary(whole_heads, model, published); }};
}

/// What all have in common; they add keys and settings of their own.
Architecture llama_like(const std::string& name, const std::string& class_stem) {
  return {
      .name = name,
      .model_class = class_stem + "ForCausalLM",
      .base_class = class_stem + "Model",
      .prefix = "model.",
      .text_start = TextStart::bos,
      .tokenizers = {"tokenizer.model", "tokenizer.json"},
      .settings = Json::parse(R"({"family": "decoder", "dropout": 0, "embedding": {"scale": "one"},
                                  "norm": {"kind": "rms_norm"}, "residual": {"kind": "pre_norm"},
                                  "attention": {"bias": false}, "feed_forward": {"kind": "swiglu", "bias": false}})"),
      .keys = {{.key = "vocab_size", .paths = {"vocabulary"}},
               {.key = "max_position_embeddings", .paths = {"max_length"}, .fallback = 2048},
               {.key = "hidden_size", .paths = {"d_model"}},
               {.key = "num_hidden_layers", .paths = {"decoder.layers"}},
               {.key = "num_attention_heads", .paths = {"attention.heads"}},
               {.key = "intermediate_size", .paths = {"feed_forward.d_ff"}},
               {.key = "attention_dropout", .paths = {"attention.dropout"}, .fallback = 0.0},
               {.key = "rms_norm_eps", .paths = {"norm.eps"}, .fallback = 1e-6}},
      .rules = {key_value_heads_rule(), head_width_rule(), rotary_rule()},
      .tensors = {{"model.embed_tokens.weight", {"embedding.target"}},
                  {"model.layers.*.input_layernorm.weight", {"decoder.layers.*.self_attention_residual.norm.gain"}},
                  {"model.layers.*.post_attention_layernorm.weight",
                   {"decoder.layers.*.feed_forward_residual.norm.gain"}},
                  {"model.layers.*.self_attn.q_proj.weight", {"decoder.layers.*.self_attention.query.weight"}},
                  {"model.layers.*.self_attn.q_proj.bias", {"decoder.layers.*.self_attention.query.bias"}},
                  {"model.layers.*.self_attn.k_proj.weight", {"decoder.layers.*.self_attention.key.weight"}},
                  {"model.layers.*.self_attn.k_proj.bias", {"decoder.layers.*.self_attention.key.bias"}},
                  {"model.layers.*.self_attn.v_proj.weight", {"decoder.layers.*.self_attention.value.weight"}},
                  {"model.layers.*.self_attn.v_proj.bias", {"decoder.layers.*.self_attention.value.bias"}},
                  {"model.layers.*.self_attn.o_proj.weight", {"decoder.layers.*.self_attention.output.weight"}},
                  {"model.layers.*.self_attn.o_proj.bias", {"decoder.layers.*.self_attention.output.bias"}},
                  {"model.layers.*.mlp.gate_proj.weight", {"decoder.layers.*.feed_forward.gate.weight"}},
                  {"model.layers.*.mlp.gate_proj.bias", {"decoder.layers.*.feed_forward.gate.bias"}},
                  {"model.layers.*.mlp.up_proj.weight", {"decoder.layers.*.feed_forward.inner.weight"}},
                  {"model.layers.*.mlp.up_proj.bias", {"decoder.layers.*.feed_forward.inner.bias"}},
                  {"model.layers.*.mlp.down_proj.weight", {"decoder.layers.*.feed_forward.outer.weight"}},
                  {"model.layers.*.mlp.down_proj.bias", {"decoder.layers.*.feed_forward.outer.bias"}},
                  {"model.norm.weight", {"decoder.final_norm.gain"}},
                  {"lm_head.weight", {"embedding.output"}}},
      .buffers = {".rotary_emb.inv_freq"},
      .copies = {{"lm_head.weight", "model.embed_tokens.weight"}},
  };
}

Architecture llama() {
  Architecture row = llama_like("llama", "Llama");
  row.keys.push_back(output_tying_row(false));
  row.keys.push_back({.key = "attention_bias", .paths = {"attention.bias"}, .fallback = false});
  row.keys.push_back({.key = "mlp_bias", .paths = {"feed_forward.bias"}, .fallback = false});
  row.inert = {{"hidden_act", {"silu"}}};
  // In how many pieces a product is computed: the sum is the same.
  row.irrelevant = {"pretraining_tp"};
  return row;
}

/// A window of 4,096 keys is the library's default; newer releases of the model have null.
void read_window(PublishedConfig& published, Json& model) {
  const bool is_given = published.contains("sliding_window");
  if (is_given && published.get("sliding_window").is_null()) return;
  set(model, "attention.window", is_given ? published.integer("sliding_window") : 4096);
}
void write_window(const Json& model, Json& published) {
  published["sliding_window"] = setting(model, "attention.window");
}

Architecture mistral() {
  Architecture row = llama_like("mistral", "Mistral");
  row.keys.push_back(output_tying_row(false));
  row.rules.push_back({read_window, write_window});
  row.inert = {{"hidden_act", {"silu"}}};
  return row;
}

/// None unless the file has one.
void read_mixtral_window(PublishedConfig& published, Json& model) {
  if (!published.get("sliding_window").is_null()) {
    set(model, "attention.window", published.integer("sliding_window"));
  }
}

/// As many as the query's where null stands, and the library's default, eight, where nothing does.
void read_mixtral_groups(PublishedConfig& published, Json&) {
  if (!published.contains("num_key_value_heads")) published.problem("'num_key_value_heads' is missing");
}

Architecture mixtral() {
  Architecture row = llama_like("mixtral", "Mixtral");
  set(row.settings, "feed_forward.experts.kind", "top_k_softmax");
  set_fallback(row, "max_position_embeddings", 131072);
  set_fallback(row, "rms_norm_eps", 1e-5);
  row.keys.push_back(output_tying_row(false));
  row.keys.push_back({.key = "num_local_experts",
                      .paths = {"feed_forward.experts.number"},
                      .fallback = 8,
                      .other_names = {"num_experts"}});
  row.keys.push_back({.key = "num_experts_per_tok", .paths = {"feed_forward.experts.per_token"}, .fallback = 2});
  // Training alone: the library takes the unevenness of all layers together, and only if it is asked to give the
  // router's scores.
  row.keys.push_back(
      {.key = "router_aux_loss_coef", .paths = {"feed_forward.experts.load_balancing"}, .fallback = 0.001});
  row.rules = {key_value_heads_rule(),
               head_width_rule(),
               {[](PublishedConfig& published, Json& model) { read_rotary(mixtral_heads, published, model); },
                [](const Json& model, Json& published) { write_rotary(mixtral_heads, model, published); }},
               {read_mixtral_window, write_window},
               {read_mixtral_groups, [](const Json&, Json&) {}}};
  row.inert = {{"hidden_act", {"silu"}}, {"router_jitter_noise", {0.0}}};
  row.irrelevant = {"output_router_logits"};
  const std::string layer = "model.layers.*.block_sparse_moe.", unit = "decoder.layers.*.feed_forward.";
  row.tensors.push_back({layer + "gate.weight", {unit + "router.weight"}});
  constexpr std::pair<const char*, const char*> matrices[] = {{"w1", "gate"}, {"w2", "outer"}, {"w3", "inner"}};
  for (const auto& [theirs, ours] : matrices) {
    row.tensors.push_back({layer + "experts.#." + theirs + ".weight", {unit + "experts.#." + ours + ".weight"}});
  }
  return row;
}

/// A window in the upper layers alone, which no published Qwen2 uses.
void read_layer_types(PublishedConfig& published, Json&) {
  const Json types = published.get("layer_types");
  for (const Json& type : types.is_array() ? types : Json::array()) {
    if (type == "full_attention") continue;
    return published.unsupported("layer_types", types, "all layers must have 'full_attention'");
  }
}
void write_layer_types(const Json& model, Json& published) {
  const Json layers = setting(model, "decoder.layers");
  published["layer_types"] = Json::array();
  for (std::int64_t i = 0; i < layers.get<std::int64_t>(); ++i) published["layer_types"].push_back("full_attention");
}

Architecture qwen2() {
  Architecture row = llama_like("qwen2", "Qwen2");
  row.text_start = TextStart::document;
  row.tokenizers = {"tokenizer.json", "vocab.json"};
  set(row.settings, "attention.query_bias", true);
  set(row.settings, "attention.key_bias", true);
  set(row.settings, "attention.value_bias", true);
  row.keys.push_back(output_tying_row(false));
  row.rules.push_back({read_layer_types, write_layer_types});
  row.inert = {{"hidden_act", {"silu"}}, {"use_sliding_window", {false}}};
  row.irrelevant = {"sliding_window", "max_window_layers"};  // without use_sliding_window
  return row;
}

Architecture gemma() {
  Architecture row = llama_like("gemma", "Gemma");
  set(row.settings, "embedding.scale", "sqrt_d_model");
  set(row.settings, "norm.gain_offset", true);
  set(row.settings, "feed_forward.kind", "geglu_tanh");
  row.keys.push_back(output_tying_row(true));
  row.keys.push_back({.key = "attention_bias", .paths = {"attention.bias"}, .fallback = false});
  // The files say "gelu" and mean its approximation: the library reads it so.
  row.inert = {{"hidden_act", {"gelu_pytorch_tanh", "gelu"}},
               {"hidden_activation", {"gelu_pytorch_tanh"}},
               {"use_bidirectional_attention", {false}}};
  return row;
}

}  // namespace

std::vector<Architecture> llama_architectures() { return {llama(), mistral(), mixtral(), qwen2(), gemma()}; }

}  // namespace ablate::lab::hugging_face
