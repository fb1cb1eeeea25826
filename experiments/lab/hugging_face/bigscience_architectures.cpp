// BLOOM (BigScience 2022), Falcon (Almazrouei et al. 2023) and OPT (Zhang et al. 2022).
#include "experiments/lab/hugging_face/rules.h"
#include "transformer/core/error.h"

namespace ablate::lab::hugging_face {
namespace {

Architecture bloom() {
  return {
      .name = "bloom",
      .model_class = "BloomForCausalLM",
      .base_class = "BloomModel",
      .prefix = "transformer.",
      .text_start = TextStart::document,
      .tokenizers = {"tokenizer.json"},
      .settings = Json::parse(R"({"family": "decoder", "norm": {"kind": "layer_norm"},
                                  "embedding": {"scale": "one", "dropout": 0, "norm": {"kind": "layer_norm"}},
                                  "residual": {"kind": "pre_norm"}, "feed_forward": {"kind": "gelu_tanh"},
                                  "position": {"kind": "alibi"}})"),
      .keys = {{.key = "vocab_size", .paths = {"vocabulary"}},
               {.key = "seq_length", .paths = {"max_length"}, .fallback = 2048},
               {.key = "hidden_size", .paths = {"d_model"}, .other_names = {"n_embed"}},
               {.key = "n_layer", .paths = {"decoder.layers"}, .other_names = {"num_hidden_layers"}},
               {.key = "n_head", .paths = {"attention.heads"}, .other_names = {"num_attention_heads"}},
               {.key = "hidden_dropout", .paths = {"dropout"}, .fallback = 0.0},
               {.key = "attention_dropout", .paths = {"attention.dropout"}, .fallback = 0.0},
               {.key = "layer_norm_epsilon", .paths = {"norm.eps", "embedding.norm.eps"}, .fallback = 1e-5},
               output_tying_row(true)},
      .rules = {{[](PublishedConfig&, Json& model) {
                   const Json width = setting(model, "d_model");
                   if (width.is_number_integer()) set(model, "feed_forward.d_ff", 4 * width.get<std::int64_t>());
                 },
                 [](const Json& model, Json&) {
                   const auto width = setting(model, "d_model").get<std::int64_t>();
                   if (setting(model, "feed_forward.d_ff") == 4 * width) return;
                   throw UserError("model.feed_forward.d_ff: such a model has four times its d_model");
                 }}},
      .inert = {{"apply_residual_connection_post_layernorm", {false}}},
      // How sums are divided among machines.
      .irrelevant = {"pretraining_tp", "slow_but_exact", "masked_softmax_fusion", "offset_alibi", "skip_bias_add",
                     "skip_bias_add_qkv", "attention_softmax_in_fp32", "bias_dropout_fusion", "unk_token_id"},
      .tensors = {{"transformer.word_embeddings.weight", {"embedding.target"}},
                  {"transformer.word_embeddings_layernorm.weight", {"decoder.embedding_norm.gain"}},
                  {"transformer.word_embeddings_layernorm.bias", {"decoder.embedding_norm.bias"}},
                  {"transformer.h.*.input_layernorm.weight", {"decoder.layers.*.self_attention_residual.norm.gain"}},
                  {"transformer.h.*.input_layernorm.bias", {"decoder.layers.*.self_attention_residual.norm.bias"}},
                  {"transformer.h.*.self_attention.query_key_value.weight",
                   {"decoder.layers.*.self_attention.query.weight", "decoder.layers.*.self_attention.key.weight",
                    "decoder.layers.*.self_attention.value.weight"},
                   Layout::by_group},
                  {"transformer.h.*.self_attention.query_key_value.bias",
                   {"decoder.layers.*.self_attention.query.bias", "decoder.layers.*.self_attention.key.bias",
                    "decoder.layers.*.self_attention.value.bias"},
                   Layout::by_group},
                  {"transformer.h.*.self_attention.dense.weight", {"decoder.layers.*.self_attention.output.weight"}},
                  {"transformer.h.*.self_attention.dense.bias", {"decoder.layers.*.self_attention.output.bias"}},
                  {"transformer.h.*.post_attention_layernorm.weight",
                   {"decoder.layers.*.feed_forward_residual.norm.gain"}},
                  {"transformer.h.*.post_attention_layernorm.bias",
                   {"decoder.layers.*.feed_forward_residual.norm.bias"}},
                  {"transformer.h.*.mlp.dense_h_to_4h.weight", {"decoder.layers.*.feed_forward.inner.weight"}},
                  {"transformer.h.*.mlp.dense_h_to_4h.bias", {"decoder.layers.*.feed_forward.inner.bias"}},
                  {"transformer.h.*.mlp.dense_4h_to_h.weight", {"decoder.layers.*.feed_forward.outer.weight"}},
                  {"transformer.h.*.mlp.dense_4h_to_h.bias", {"decoder.layers.*.feed_forward.outer.bias"}},
                  {"transformer.ln_f.weight", {"decoder.final_norm.gain"}},
                  {"transformer.ln_f.bias", {"decoder.final_norm.bias"}},
                  {"lm_head.weight", {"embedding.output"}}},
      .copies = {{"lm_head.weight", "transformer.word_embeddings.weight"}},
  };
}

/// Three layouts: `new_decoder_architecture` (40B) has groups of heads and a norm for each sub-layer, or one; else
/// `multi_query` (7B) has one head of keys and values or as many as of queries; without `parallel_attn` it is the plain
/// layer.
void read_falcon_layout(PublishedConfig& published, Json& model) {
  const Json heads = setting(model, "attention.heads");
  const Json given = published.get("num_kv_heads"), older = published.get("n_head_kv");
  const Json groups = !given.is_null() ? given : !older.is_null() ? older : heads;
  const Json norms = published.get("num_ln_in_parallel_attn");
  const bool is_new = published.get_or("new_decoder_architecture", false) == true;
  const bool is_parallel = published.get_or("parallel_attn", true) == true;
  const bool has_one_head = published.get_or("multi_query", true) == true;
  if (is_new) {
    if (!is_parallel) published.unsupported("parallel_attn", false, "not with 'new_decoder_architecture'");
    if (!norms.is_null() && norms != 1 && norms != 2) {
      published.unsupported("num_ln_in_parallel_attn", norms, "there are one or two norms");
    }
    set(model, "residual.kind", norms == 1 ? "parallel" : "parallel_norms");
    set(model, "attention.kind",
        groups == heads ? "scaled_dot_product"
        : groups == 1   ? "multi_query"
                        : "grouped_query");
    if (groups != heads && groups != 1) set(model, "attention.key_value_heads", groups);
    return;
  }
  if (is_parallel && !norms.is_null() && norms != 1) {
    published.unsupported("num_ln_in_parallel_attn", norms, "needs 'new_decoder_architecture'");
  }
  if (!has_one_head && groups != heads) {
    published.unsupported("num_kv_heads", groups, "without 'multi_query' it must be the number of heads");
  }
  set(model, "residual.kind", is_parallel ? "parallel" : "pre_norm");
  set(model, "attention.kind", has_one_head ? "multi_query" : "scaled_dot_product");
}

void write_falcon_layout(const Json& model, Json& published) {
  const Json residual = setting(model, "residual.kind"), kind = setting(model, "attention.kind");
  const Json heads = setting(model, "attention.heads");
  const bool is_new = residual == "parallel_norms" || kind == "grouped_query";
  published["new_decoder_architecture"] = is_new;
  published["multi_query"] = kind == "multi_query";
  published["parallel_attn"] = residual != "pre_norm";
  published["num_kv_heads"] = kind == "grouped_query"           ? setting(model, "attention.key_value_heads")
                              : kind == "multi_query" && is_new ? Json(1)
                                                                : heads;
  if (is_new) published["num_ln_in_parallel_attn"] = residual == "parallel_norms" ? 2 : 1;
  published["alibi"] = false;
}

constexpr RotaryKeys falcon_rotary{};

Architecture falcon() {
  return {
      .name = "falcon",
      .model_class = "FalconForCausalLM",
      .base_class = "FalconModel",
      .prefix = "transformer.",
      .text_start = TextStart::document,
      .tokenizers = {"tokenizer.json"},
      .settings = Json::parse(R"({"family": "decoder", "embedding": {"scale": "one", "dropout": 0},
                                  "norm": {"kind": "layer_norm"}})"),
      .keys = {{.key = "vocab_size", .paths = {"vocabulary"}},
               {.key = "max_position_embeddings", .paths = {"max_length"}, .fallback = 2048},
               {.key = "hidden_size", .paths = {"d_model"}, .other_names = {"n_embed"}},
               {.key = "num_hidden_layers", .paths = {"decoder.layers"}, .other_names = {"n_layer"}},
               {.key = "num_attention_heads", .paths = {"attention.heads"}, .other_names = {"n_head"}},
               {.key = "ffn_hidden_size",
                .paths = {"feed_forward.d_ff"},
                .fallback_key = "hidden_size",
                .fallback_factor = 4},
               {.key = "activation",
                .paths = {"feed_forward.kind"},
                .fallback = "gelu",
                .values = activation_row("").values},
               {.key = "hidden_dropout", .paths = {"dropout"}, .fallback = 0.0},
               {.key = "attention_dropout", .paths = {"attention.dropout"}, .fallback = 0.0},
               {.key = "bias", .paths = {"attention.bias", "feed_forward.bias"}, .fallback = false},
               {.key = "layer_norm_epsilon", .paths = {"norm.eps"}, .fallback = 1e-5},
               output_tying_row(true)},
      .rules = {{read_falcon_layout, write_falcon_layout},
                {[](PublishedConfig& published, Json& model) { read_rotary(falcon_rotary, published, model); },
                 [](const Json& model, Json& published) { write_rotary(falcon_rotary, model, published); }}},
      // With alibi the library rounds the products of slope and position to bfloat16 and divides them by sqrt(d_k):
      // a bias that depends on more than the distance.
      .inert = {{"alibi", {false}}, {"apply_residual_connection_post_layernorm", {false}}},
      .tensors = {{"transformer.word_embeddings.weight", {"embedding.target"}},
                  {"transformer.h.*.input_layernorm.weight",
                   {"decoder.layers.*.self_attention_residual.norm.gain"},
                   Layout::same,
                   {"residual.kind", {"parallel", "pre_norm"}}},
                  {"transformer.h.*.input_layernorm.bias",
                   {"decoder.layers.*.self_attention_residual.norm.bias"},
                   Layout::same,
                   {"residual.kind", {"parallel", "pre_norm"}}},
                  {"transformer.h.*.post_attention_layernorm.weight",
                   {"decoder.layers.*.feed_forward_residual.norm.gain"},
                   Layout::same,
                   {"residual.kind", {"pre_norm"}}},
                  {"transformer.h.*.post_attention_layernorm.bias",
                   {"decoder.layers.*.feed_forward_residual.norm.bias"},
                   Layout::same,
                   {"residual.kind", {"pre_norm"}}},
                  {"transformer.h.*.ln_attn.weight",
                   {"decoder.layers.*.self_attention_residual.norm.gain"},
                   Layout::same,
                   {"residual.kind", {"parallel_norms"}}},
                  {"transformer.h.*.ln_attn.bias",
                   {"decoder.layers.*.self_attention_residual.norm.bias"},
                   Layout::same,
                   {"residual.kind", {"parallel_norms"}}},
                  {"transformer.h.*.ln_mlp.weight",
                   {"decoder.layers.*.feed_forward_residual.norm.gain"},
                   Layout::same,
                   {"residual.kind", {"parallel_norms"}}},
                  {"transformer.h.*.ln_mlp.bias",
                   {"decoder.layers.*.feed_forward_residual.norm.bias"},
                   Layout::same,
                   {"residual.kind", {"parallel_norms"}}},
                  {"transformer.h.*.self_attention.query_key_value.weight",
                   {"decoder.layers.*.self_attention.query.weight", "decoder.layers.*.self_attention.key.weight",
                    "decoder.layers.*.self_attention.value.weight"},
                   Layout::by_group},
                  {"transformer.h.*.self_attention.query_key_value.bias",
                   {"decoder.layers.*.self_attention.query.bias", "decoder.layers.*.self_attention.key.bias",
                    "decoder.layers.*.self_attention.value.bias"},
                   Layout::by_group},
                  {"transformer.h.*.self_attention.dense.weight", {"decoder.layers.*.self_attention.output.weight"}},
                  {"transformer.h.*.self_attention.dense.bias", {"decoder.layers.*.self_attention.output.bias"}},
                  {"transformer.h.*.mlp.dense_h_to_4h.weight", {"decoder.layers.*.feed_forward.inner.weight"}},
                  {"transformer.h.*.mlp.dense_h_to_4h.bias", {"decoder.layers.*.feed_forward.inner.bias"}},
                  {"transformer.h.*.mlp.dense_4h_to_h.weight", {"decoder.layers.*.feed_forward.outer.weight"}},
                  {"transformer.h.*.mlp.dense_4h_to_h.bias", {"decoder.layers.*.feed_forward.outer.bias"}},
                  {"transformer.ln_f.weight", {"decoder.final_norm.gain"}},
                  {"transformer.ln_f.bias", {"decoder.final_norm.bias"}},
                  {"lm_head.weight", {"embedding.output"}}},
      .buffers = {".rotary_emb.inv_freq"},
      .copies = {{"lm_head.weight", "transformer.word_embeddings.weight"}},
  };
}

/// Embeddings of another width than the model's, which the smallest but one of them has, need two projections.
void read_embedding_width(PublishedConfig& published, Json& model) {
  const Json width = published.get("word_embed_proj_dim");
  if (width.is_null() || width == setting(model, "d_model")) return;
  published.unsupported("word_embed_proj_dim", width, "it must be the hidden_size");
}

Architecture opt() {
  return {
      .name = "opt",
      .model_class = "OPTForCausalLM",
      .base_class = "OPTModel",
      .prefix = "model.",
      .text_start = TextStart::document,
      .tokenizers = {"tokenizer.json", "vocab.json"},
      .settings = Json::parse(R"({"family": "decoder", "embedding": {"scale": "one", "dropout": 0},
                                  "norm": {"kind": "layer_norm", "eps": 1e-5},
                                  "position": {"kind": "learned", "offset": 2, "count": "real_tokens"}})"),
      .keys = {{.key = "vocab_size", .paths = {"vocabulary"}},
               {.key = "max_position_embeddings", .paths = {"max_length"}, .fallback = 2048},
               {.key = "hidden_size", .paths = {"d_model"}},
               {.key = "num_hidden_layers", .paths = {"decoder.layers"}},
               {.key = "num_attention_heads", .paths = {"attention.heads"}},
               {.key = "ffn_dim", .paths = {"feed_forward.d_ff"}},
               {.key = "activation_function",
                .paths = {"feed_forward.kind"},
                .fallback = "relu",
                .values = activation_row("").values},
               {.key = "dropout", .paths = {"dropout"}, .fallback = 0.1},
               {.key = "attention_dropout", .paths = {"attention.dropout"}, .fallback = 0.0},
               {.key = "enable_bias", .paths = {"attention.bias", "feed_forward.bias"}, .fallback = true},
               {.key = "do_layer_norm_before",
                .paths = {"residual.kind"},
                .fallback = true,
                .values = {{true, "pre_norm"}, {false, "post_norm"}}},
               output_tying_row(true)},
      .rules = {{read_embedding_width,
                 [](const Json& model, Json& published) {
                   published["word_embed_proj_dim"] = setting(model, "d_model");
                 }}},
      .inert = {{"_remove_final_layer_norm", {false}},
                {"layer_norm_elementwise_affine", {true}},
                {"layerdrop", {0.0}},
                {"activation_dropout", {0.0}}},
      .tensors =
          {{"model.decoder.embed_tokens.weight", {"embedding.target"}},
           {"model.decoder.embed_positions.weight", {"decoder.position.weight"}},
           {"model.decoder.layers.*.self_attn.q_proj.weight", {"decoder.layers.*.self_attention.query.weight"}},
           {"model.decoder.layers.*.self_attn.q_proj.bias", {"decoder.layers.*.self_attention.query.bias"}},
           {"model.decoder.layers.*.self_attn.k_proj.weight", {"decoder.layers.*.self_attention.key.weight"}},
           {"model.decoder.layers.*.self_attn.k_proj.bias", {"decoder.layers.*.self_attention.key.bias"}},
           {"model.decoder.layers.*.self_attn.v_proj.weight", {"decoder.layers.*.self_attention.value.weight"}},
           {"model.decoder.layers.*.self_attn.v_proj.bias", {"decoder.layers.*.self_attention.value.bias"}},
           {"model.decoder.layers.*.self_attn.out_proj.weight", {"decoder.layers.*.self_attention.output.weight"}},
           {"model.decoder.layers.*.self_attn.out_proj.bias", {"decoder.layers.*.self_attention.output.bias"}},
           {"model.decoder.layers.*.self_attn_layer_norm.weight",
            {"decoder.layers.*.self_attention_residual.norm.gain"}},
           {"model.decoder.layers.*.self_attn_layer_norm.bias", {"decoder.layers.*.self_attention_residual.norm.bias"}},
           {"model.decoder.layers.*.fc1.weight", {"decoder.layers.*.feed_forward.inner.weight"}},
           {"model.decoder.layers.*.fc1.bias", {"decoder.layers.*.feed_forward.inner.bias"}},
           {"model.decoder.layers.*.fc2.weight", {"decoder.layers.*.feed_forward.outer.weight"}},
           {"model.decoder.layers.*.fc2.bias", {"decoder.layers.*.feed_forward.outer.bias"}},
           {"model.decoder.layers.*.final_layer_norm.weight", {"decoder.layers.*.feed_forward_residual.norm.gain"}},
           {"model.decoder.layers.*.final_layer_norm.bias", {"decoder.layers.*.feed_forward_residual.norm.bias"}},
           {"model.decoder.final_layer_norm.weight", {"decoder.final_norm.gain"}},
           {"model.decoder.final_layer_norm.bias", {"decoder.final_norm.bias"}},
           {"lm_head.weight", {"embedding.output"}}},
      .copies = {{"lm_head.weight", "model.decoder.embed_tokens.weight"}},
  };
}

}  // namespace

std::vector<Architecture> bigscience_architectures() { return {bloom(), falcon(), opt()}; }

}  // namespace ablate::lab::hugging_face
