// GPT-2 (Radford et al. 2019), GPT-J (Wang & Komatsuzaki 2021), GPT-NeoX (Black et al. 2022) and Phi 1, 1.5 and 2
// (Gunasekar et al. 2023; Li et al. 2023).
#include "experiments/lab/hugging_face/rules.h"
#include "transformer/core/error.h"

#include <cmath>

namespace ablate::lab::hugging_face {
namespace {

const std::vector<std::string> byte_level = {"tokenizer.json", "vocab.json"};
const std::vector<std::string> summary_keys = {"n_ctx",
                                               "summary_type",
                                               "summary_use_proj",
                                               "summary_activation",
                                               "summary_proj_to_labels",
                                               "summary_first_dropout",
                                               "classifier_dropout"};

Architecture gpt2() {
  return {
      .name = "gpt2",
      .model_class = "GPT2LMHeadModel",
      .base_class = "GPT2Model",
      .prefix = "transformer.",
      .text_start = TextStart::document,
      .tokenizers = byte_level,
      .settings = Json::parse(R"({"family": "decoder", "embedding": {"scale": "one"}, "norm": {"kind": "layer_norm"},
                                  "residual": {"kind": "pre_norm"}, "position": {"kind": "learned"}})"),
      .keys = {{.key = "vocab_size", .paths = {"vocabulary"}},
               {.key = "n_positions", .paths = {"max_length"}, .fallback = 1024},
               {.key = "n_embd", .paths = {"d_model"}},
               {.key = "n_layer", .paths = {"decoder.layers"}},
               {.key = "n_head", .paths = {"attention.heads"}},
               {.key = "n_inner", .paths = {"feed_forward.d_ff"}, .fallback_key = "n_embd", .fallback_factor = 4},
               activation_row("activation_function"),
               {.key = "resid_pdrop", .paths = {"dropout"}, .fallback = 0.1},
               {.key = "embd_pdrop", .paths = {"embedding.dropout"}, .fallback = 0.1},
               {.key = "attn_pdrop", .paths = {"attention.dropout"}, .fallback = 0.1},
               {.key = "layer_norm_epsilon", .paths = {"norm.eps"}, .fallback = 1e-5},
               output_tying_row(true)},
      .inert = {{"scale_attn_weights", {true}},
                {"scale_attn_by_inverse_layer_idx", {false}},
                {"reorder_and_upcast_attn", {false}}},
      .irrelevant = summary_keys,
      .tensors =
          {{"transformer.wte.weight", {"embedding.target"}},
           {"transformer.wpe.weight", {"decoder.position.weight"}},
           {"transformer.h.*.ln_1.weight", {"decoder.layers.*.self_attention_residual.norm.gain"}},
           {"transformer.h.*.ln_1.bias", {"decoder.layers.*.self_attention_residual.norm.bias"}},
           {"transformer.h.*.attn.c_attn.weight",
            {"decoder.layers.*.self_attention.query.weight", "decoder.layers.*.self_attention.key.weight",
             "decoder.layers.*.self_attention.value.weight"},
            Layout::stacked_transposed},
           {"transformer.h.*.attn.c_attn.bias",
            {"decoder.layers.*.self_attention.query.bias", "decoder.layers.*.self_attention.key.bias",
             "decoder.layers.*.self_attention.value.bias"},
            Layout::stacked},
           {"transformer.h.*.attn.c_proj.weight",
            {"decoder.layers.*.self_attention.output.weight"},
            Layout::transposed},
           {"transformer.h.*.attn.c_proj.bias", {"decoder.layers.*.self_attention.output.bias"}},
           {"transformer.h.*.ln_2.weight", {"decoder.layers.*.feed_forward_residual.norm.gain"}},
           {"transformer.h.*.ln_2.bias", {"decoder.layers.*.feed_forward_residual.norm.bias"}},
           {"transformer.h.*.mlp.c_fc.weight", {"decoder.layers.*.feed_forward.inner.weight"}, Layout::transposed},
           {"transformer.h.*.mlp.c_fc.bias", {"decoder.layers.*.feed_forward.inner.bias"}},
           {"transformer.h.*.mlp.c_proj.weight", {"decoder.layers.*.feed_forward.outer.weight"}, Layout::transposed},
           {"transformer.h.*.mlp.c_proj.bias", {"decoder.layers.*.feed_forward.outer.bias"}},
           {"transformer.ln_f.weight", {"decoder.final_norm.gain"}},
           {"transformer.ln_f.bias", {"decoder.final_norm.bias"}},
           {"lm_head.weight", {"embedding.output"}}},
      .buffers = {".attn.bias", ".attn.masked_bias"},
      .copies = {{"lm_head.weight", "transformer.wte.weight"}},
  };
}

/// `rotary_dim`: how many coordinates of a head turn.
void read_rotary_dim(PublishedConfig& published, Json& model) {
  const std::int64_t turned = published.contains("rotary_dim") ? published.integer("rotary_dim") : 64;
  const std::int64_t width = head_width(model);
  set(model, "position.fraction", static_cast<double>(turned) / static_cast<double>(std::max<std::int64_t>(1, width)));
}
void write_rotary_dim(const Json& model, Json& published) {
  const double fraction = setting(model, "position.fraction").get<double>();
  published["rotary_dim"] = std::llround(fraction * static_cast<double>(head_width(model)));
}

Architecture gptj() {
  return {
      .name = "gptj",
      .model_class = "GPTJForCausalLM",
      .base_class = "GPTJModel",
      .prefix = "transformer.",
      .text_start = TextStart::document,
      .tokenizers = byte_level,
      .settings = Json::parse(R"({"family": "decoder", "embedding": {"scale": "one", "output_bias": true},
                                  "norm": {"kind": "layer_norm"}, "residual": {"kind": "parallel"},
                                  "attention": {"bias": false},
                                  "position": {"kind": "rotary", "base": 10000, "pairing": "interleaved"}})"),
      .keys = {{.key = "vocab_size", .paths = {"vocabulary"}},
               {.key = "n_positions", .paths = {"max_length"}, .fallback = 2048},
               {.key = "n_embd", .paths = {"d_model"}},
               {.key = "n_layer", .paths = {"decoder.layers"}},
               {.key = "n_head", .paths = {"attention.heads"}},
               {.key = "n_inner", .paths = {"feed_forward.d_ff"}, .fallback_key = "n_embd", .fallback_factor = 4},
               activation_row("activation_function"),
               {.key = "resid_pdrop", .paths = {"dropout"}, .fallback = 0.0},
               {.key = "embd_pdrop", .paths = {"embedding.dropout"}, .fallback = 0.0},
               {.key = "attn_pdrop", .paths = {"attention.dropout"}, .fallback = 0.0},
               {.key = "layer_norm_epsilon", .paths = {"norm.eps"}, .fallback = 1e-5},
               output_tying_row(false)},
      .rules = {{read_rotary_dim, write_rotary_dim}},
      .inert = {{"rotary", {true}}, {"scale_attn_weights", {true}}},
      .irrelevant = summary_keys,
      .tensors = {{"transformer.wte.weight", {"embedding.target"}},
                  {"transformer.h.*.ln_1.weight", {"decoder.layers.*.self_attention_residual.norm.gain"}},
                  {"transformer.h.*.ln_1.bias", {"decoder.layers.*.self_attention_residual.norm.bias"}},
                  {"transformer.h.*.attn.q_proj.weight", {"decoder.layers.*.self_attention.query.weight"}},
                  {"transformer.h.*.attn.k_proj.weight", {"decoder.layers.*.self_attention.key.weight"}},
                  {"transformer.h.*.attn.v_proj.weight", {"decoder.layers.*.self_attention.value.weight"}},
                  {"transformer.h.*.attn.out_proj.weight", {"decoder.layers.*.self_attention.output.weight"}},
                  {"transformer.h.*.mlp.fc_in.weight", {"decoder.layers.*.feed_forward.inner.weight"}},
                  {"transformer.h.*.mlp.fc_in.bias", {"decoder.layers.*.feed_forward.inner.bias"}},
                  {"transformer.h.*.mlp.fc_out.weight", {"decoder.layers.*.feed_forward.outer.weight"}},
                  {"transformer.h.*.mlp.fc_out.bias", {"decoder.layers.*.feed_forward.outer.bias"}},
                  {"transformer.ln_f.weight", {"decoder.final_norm.gain"}},
                  {"transformer.ln_f.bias", {"decoder.final_norm.bias"}},
                  {"lm_head.weight", {"embedding.output"}},
                  {"lm_head.bias", {"embedding.output_bias"}}},
      .buffers = {".attn.bias", ".attn.masked_bias", ".attn.embed_positions"},
      .copies = {{"lm_head.weight", "transformer.wte.weight"}},
  };
}

constexpr RotaryKeys neox_rotary{.base = "rotary_emb_base", .fraction = "rotary_pct", .standard_fraction = 0.25};
constexpr RotaryKeys phi_rotary{.fraction = "partial_rotary_factor", .standard_fraction = 0.5};

Architecture gpt_neox() {
  return {
      .name = "gpt_neox",
      .model_class = "GPTNeoXForCausalLM",
      .base_class = "GPTNeoXModel",
      .prefix = "gpt_neox.",
      .text_start = TextStart::document,
      .tokenizers = byte_level,
      .settings =
          Json::parse(R"({"family": "decoder", "embedding": {"scale": "one"}, "norm": {"kind": "layer_norm"}})"),
      .keys = {{.key = "vocab_size", .paths = {"vocabulary"}},
               {.key = "max_position_embeddings", .paths = {"max_length"}, .fallback = 2048},
               {.key = "hidden_size", .paths = {"d_model"}},
               {.key = "num_hidden_layers", .paths = {"decoder.layers"}},
               {.key = "num_attention_heads", .paths = {"attention.heads"}},
               {.key = "intermediate_size", .paths = {"feed_forward.d_ff"}},
               activation_row("hidden_act"),
               {.key = "hidden_dropout", .paths = {"dropout", "embedding.dropout"}, .fallback = 0.0},
               {.key = "attention_dropout", .paths = {"attention.dropout"}, .fallback = 0.0},
               {.key = "attention_bias", .paths = {"attention.bias"}, .fallback = true},
               {.key = "layer_norm_eps", .paths = {"norm.eps"}, .fallback = 1e-5},
               {.key = "use_parallel_residual",
                .paths = {"residual.kind"},
                .fallback = true,
                .values = {{true, "parallel_norms"}, {false, "pre_norm"}}},
               output_tying_row(false)},
      .rules = {{[](PublishedConfig& published, Json& model) { read_rotary(neox_rotary, published, model); },
                 [](const Json& model, Json& published) { write_rotary(neox_rotary, model, published); }}},
      .irrelevant = {"classifier_dropout"},
      .tensors = {{"gpt_neox.embed_in.weight", {"embedding.target"}},
                  {"gpt_neox.layers.*.input_layernorm.weight", {"decoder.layers.*.self_attention_residual.norm.gain"}},
                  {"gpt_neox.layers.*.input_layernorm.bias", {"decoder.layers.*.self_attention_residual.norm.bias"}},
                  {"gpt_neox.layers.*.post_attention_layernorm.weight",
                   {"decoder.layers.*.feed_forward_residual.norm.gain"}},
                  {"gpt_neox.layers.*.post_attention_layernorm.bias",
                   {"decoder.layers.*.feed_forward_residual.norm.bias"}},
                  {"gpt_neox.layers.*.attention.query_key_value.weight",
                   {"decoder.layers.*.self_attention.query.weight", "decoder.layers.*.self_attention.key.weight",
                    "decoder.layers.*.self_attention.value.weight"},
                   Layout::by_group},
                  {"gpt_neox.layers.*.attention.query_key_value.bias",
                   {"decoder.layers.*.self_attention.query.bias", "decoder.layers.*.self_attention.key.bias",
                    "decoder.layers.*.self_attention.value.bias"},
                   Layout::by_group},
                  {"gpt_neox.layers.*.attention.dense.weight", {"decoder.layers.*.self_attention.output.weight"}},
                  {"gpt_neox.layers.*.attention.dense.bias", {"decoder.layers.*.self_attention.output.bias"}},
                  {"gpt_neox.layers.*.mlp.dense_h_to_4h.weight", {"decoder.layers.*.feed_forward.inner.weight"}},
                  {"gpt_neox.layers.*.mlp.dense_h_to_4h.bias", {"decoder.layers.*.feed_forward.inner.bias"}},
                  {"gpt_neox.layers.*.mlp.dense_4h_to_h.weight", {"decoder.layers.*.feed_forward.outer.weight"}},
                  {"gpt_neox.layers.*.mlp.dense_4h_to_h.bias", {"decoder.layers.*.feed_forward.outer.bias"}},
                  {"gpt_neox.final_layer_norm.weight", {"decoder.final_norm.gain"}},
                  {"gpt_neox.final_layer_norm.bias", {"decoder.final_norm.bias"}},
                  {"embed_out.weight", {"embedding.output"}}},
      .buffers = {".attention.bias", ".attention.masked_bias", ".rotary_emb.inv_freq"},
      .copies = {{"embed_out.weight", "gpt_neox.embed_in.weight"}},
  };
}

Architecture phi() {
  return {
      .name = "phi",
      .model_class = "PhiForCausalLM",
      .base_class = "PhiModel",
      .prefix = "model.",
      .text_start = TextStart::document,
      .tokenizers = byte_level,
      .settings = Json::parse(R"({"family": "decoder", "embedding": {"scale": "one", "output_bias": true},
                                  "norm": {"kind": "layer_norm"}, "residual": {"kind": "parallel"}})"),
      .keys = {{.key = "vocab_size", .paths = {"vocabulary"}},
               {.key = "max_position_embeddings", .paths = {"max_length"}, .fallback = 2048},
               {.key = "hidden_size", .paths = {"d_model"}},
               {.key = "num_hidden_layers", .paths = {"decoder.layers"}},
               {.key = "num_attention_heads", .paths = {"attention.heads"}},
               {.key = "intermediate_size", .paths = {"feed_forward.d_ff"}},
               activation_row("hidden_act"),
               {.key = "resid_pdrop", .paths = {"dropout"}, .fallback = 0.0},
               {.key = "embd_pdrop", .paths = {"embedding.dropout"}, .fallback = 0.0},
               {.key = "attention_dropout", .paths = {"attention.dropout"}, .fallback = 0.0},
               {.key = "layer_norm_eps", .paths = {"norm.eps"}, .fallback = 1e-5},
               {.key = "qk_layernorm",
                .paths = {"attention.query_key_norm"},
                .fallback = false,
                .values = {{false, "none"}, {true, "layer_norm"}}},
               output_tying_row(false)},
      .rules = {key_value_heads_rule(),
                {[](PublishedConfig& published, Json& model) {
                   read_rotary(phi_rotary, published, model);
                   if (setting(model, "attention.query_key_norm") == "none") return;
                   set(model, "attention.query_key_norm_eps", setting(model, "norm.eps"));
                 },
                 [](const Json& model, Json& published) { write_rotary(phi_rotary, model, published); }}},
      .tensors = {{"model.embed_tokens.weight", {"embedding.target"}},
                  {"model.layers.*.input_layernorm.weight", {"decoder.layers.*.self_attention_residual.norm.gain"}},
                  {"model.layers.*.input_layernorm.bias", {"decoder.layers.*.self_attention_residual.norm.bias"}},
                  {"model.layers.*.self_attn.q_proj.weight", {"decoder.layers.*.self_attention.query.weight"}},
                  {"model.layers.*.self_attn.q_proj.bias", {"decoder.layers.*.self_attention.query.bias"}},
                  {"model.layers.*.self_attn.k_proj.weight", {"decoder.layers.*.self_attention.key.weight"}},
                  {"model.layers.*.self_attn.k_proj.bias", {"decoder.layers.*.self_attention.key.bias"}},
                  {"model.layers.*.self_attn.v_proj.weight", {"decoder.layers.*.self_attention.value.weight"}},
                  {"model.layers.*.self_attn.v_proj.bias", {"decoder.layers.*.self_attention.value.bias"}},
                  {"model.layers.*.self_attn.dense.weight", {"decoder.layers.*.self_attention.output.weight"}},
                  {"model.layers.*.self_attn.dense.bias", {"decoder.layers.*.self_attention.output.bias"}},
                  {"model.layers.*.self_attn.q_layernorm.weight", {"decoder.layers.*.self_attention.query_norm.gain"}},
                  {"model.layers.*.self_attn.q_layernorm.bias", {"decoder.layers.*.self_attention.query_norm.bias"}},
                  {"model.layers.*.self_attn.k_layernorm.weight", {"decoder.layers.*.self_attention.key_norm.gain"}},
                  {"model.layers.*.self_attn.k_layernorm.bias", {"decoder.layers.*.self_attention.key_norm.bias"}},
                  {"model.layers.*.mlp.fc1.weight", {"decoder.layers.*.feed_forward.inner.weight"}},
                  {"model.layers.*.mlp.fc1.bias", {"decoder.layers.*.feed_forward.inner.bias"}},
                  {"model.layers.*.mlp.fc2.weight", {"decoder.layers.*.feed_forward.outer.weight"}},
                  {"model.layers.*.mlp.fc2.bias", {"decoder.layers.*.feed_forward.outer.bias"}},
                  {"model.final_layernorm.weight", {"decoder.final_norm.gain"}},
                  {"model.final_layernorm.bias", {"decoder.final_norm.bias"}},
                  {"lm_head.weight", {"embedding.output"}},
                  {"lm_head.bias", {"embedding.output_bias"}}},
      .buffers = {".rotary_emb.inv_freq"},
      .copies = {{"lm_head.weight", "model.embed_tokens.weight"}},
  };
}

}  // namespace

std::vector<Architecture> gpt_architectures() { return {gpt2(), gptj(), gpt_neox(), phi()}; }

}  // namespace ablate::lab::hugging_face
