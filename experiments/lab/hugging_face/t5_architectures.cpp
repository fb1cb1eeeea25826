// T5 1.0 and 1.1 (Raffel et al. 2020; Shazeer 2020).
#include "experiments/lab/hugging_face/rules.h"
#include "transformer/core/error.h"

namespace ablate::lab::hugging_face {
namespace {

struct T5Unit {
  const char* published;
  const char* ours;
  const char* activation;
  bool gated;
};
constexpr T5Unit t5_units[] = {
    {"relu", "relu", "relu", false},
    {"gated-gelu", "geglu_tanh", "gelu_new", true},
    {"gated-silu", "swiglu", "silu", true},
};

/// `feed_forward_proj`, and what newer files repeat of it.
void read_t5_unit(PublishedConfig& published, Json& model) {
  const Json given = published.get_or("feed_forward_proj", "relu");
  for (const T5Unit& unit : t5_units) {
    if (given != unit.published) continue;
    published.expect("dense_act_fn", {unit.activation});
    published.expect("is_gated_act", {unit.gated});
    return set(model, "feed_forward.kind", unit.ours);
  }
  published.unsupported("feed_forward_proj", given, "this unit is not supported");
}
void write_t5_unit(const Json& model, Json& published) {
  const Json kind = setting(model, "feed_forward.kind");
  for (const T5Unit& unit : t5_units) {
    if (kind == unit.ours) published["feed_forward_proj"] = unit.published;
  }
  if (!published.contains("feed_forward_proj")) {
    throw UserError("model.feed_forward.kind: " + kind.dump() + " has no published form");
  }
}

/// T5 1.1 has an output matrix of its own and does not scale what it reads. Its files call that `tie_word_embeddings`
/// false; newer ones have `scale_decoder_outputs`, and whether the matrix is tied is seen from the weights.
void read_t5_output(PublishedConfig& published, Json& model) {
  const bool is_tied = published.get_or("tie_word_embeddings", true) != false;
  const bool scales = published.get_or("scale_decoder_outputs", is_tied) == true && is_tied;
  if (scales && published.has_own_output()) {
    published.problem("'lm_head.weight' is not 'shared.weight', but 'tie_word_embeddings' does not say so");
  }
  set(model, "embedding.tying", published.has_own_output() ? "source_target" : "all");
  set(model, "embedding.output_scale", scales ? "inverse_sqrt_d_model" : "one");
}
void write_t5_output(const Json& model, Json& published) {
  const Json tying = setting(model, "embedding.tying"), scale = setting(model, "embedding.output_scale");
  const bool is_first = tying == "all" && scale == "inverse_sqrt_d_model";
  const bool is_second = tying == "source_target" && scale == "one";
  if (!is_first && !is_second) {
    throw UserError(
        "model.embedding: such a model has the tying 'all' and the output_scale 'inverse_sqrt_d_model', or "
        "'source_target' and 'one'");
  }
  published["tie_word_embeddings"] = is_first;
}

std::vector<TensorRow> t5_attention(const std::string& published, const std::string& ours) {
  return {{published + ".q.weight", {ours + ".query.weight"}},
          {published + ".k.weight", {ours + ".key.weight"}},
          {published + ".v.weight", {ours + ".value.weight"}},
          {published + ".o.weight", {ours + ".output.weight"}}};
}

void append(std::vector<TensorRow>& rows, const std::vector<TensorRow>& more) {
  rows.insert(rows.end(), more.begin(), more.end());
}

/// `feed`: the number of the feed-forward sub-layer in a block.
std::vector<TensorRow> t5_stack(const std::string& stack, const std::string& feed) {
  const std::string block = stack + ".block.*.layer.", layer = stack + ".layers.*.";
  const std::string unit = block + feed + ".DenseReluDense.";
  std::vector<TensorRow> rows = {
      {stack + ".block.0.layer.0.SelfAttention.relative_attention_bias.weight", {stack + ".position.weight"}},
      {block + "0.layer_norm.weight", {layer + "self_attention_residual.norm.gain"}},
      {unit + "wi.weight", {layer + "feed_forward.inner.weight"}, Layout::same, {"feed_forward.kind", {"relu"}}},
      {unit + "wi_0.weight", {layer + "feed_forward.gate.weight"}},
      {unit + "wi_1.weight",
       {layer + "feed_forward.inner.weight"},
       Layout::same,
       {"feed_forward.kind", {"geglu_tanh", "swiglu"}}},
      {unit + "wo.weight", {layer + "feed_forward.outer.weight"}},
      {block + feed + ".layer_norm.weight", {layer + "feed_forward_residual.norm.gain"}},
      {stack + ".final_layer_norm.weight", {stack + ".final_norm.gain"}}};
  append(rows, t5_attention(block + "0.SelfAttention", layer + "self_attention"));
  return rows;
}

std::vector<TensorRow> t5_tensors() {
  std::vector<TensorRow> rows = {
      {"shared.weight", {"embedding.shared"}},
      {"lm_head.weight", {"embedding.output"}},
      {"decoder.block.*.layer.1.layer_norm.weight", {"decoder.layers.*.cross_attention_residual.norm.gain"}}};
  append(rows, t5_stack("encoder", "1"));
  append(rows, t5_stack("decoder", "2"));
  append(rows, t5_attention("decoder.block.*.layer.1.EncDecAttention", "decoder.layers.*.cross_attention"));
  return rows;
}

}  // namespace

std::vector<Architecture> t5_architectures() {
  return {{
      .name = "t5",
      .model_class = "T5ForConditionalGeneration",
      .base_class = "T5Model",
      .prefix = "",
      .text_start = TextStart::document,
      .tokenizers = {"spiece.model", "tokenizer.json"},
      .settings = Json::parse(R"({"family": "encoder_decoder", "embedding": {"scale": "one"},
                                  "norm": {"kind": "rms_norm"}, "residual": {"kind": "pre_norm"},
                                  "attention": {"bias": false, "scale": 1}, "feed_forward": {"bias": false},
                                  "position": {"kind": "t5_buckets"}})"),
      .keys = {{.key = "vocab_size", .paths = {"vocabulary"}},
               {.key = "n_positions", .paths = {"max_length"}, .fallback = 512},
               {.key = "d_model", .paths = {"d_model"}},
               {.key = "d_kv", .paths = {"attention.d_k", "attention.d_v"}},
               {.key = "d_ff", .paths = {"feed_forward.d_ff"}},
               {.key = "num_heads", .paths = {"attention.heads"}},
               {.key = "num_layers", .paths = {"encoder.layers"}},
               {.key = "num_decoder_layers", .paths = {"decoder.layers"}, .fallback_key = "num_layers"},
               {.key = "relative_attention_num_buckets", .paths = {"position.buckets"}, .fallback = 32},
               {.key = "relative_attention_max_distance", .paths = {"position.max_distance"}, .fallback = 128},
               // The library's dropout at the end of each stack has no counterpart: training differs by it alone.
               {.key = "dropout_rate",
                .paths = {"dropout", "attention.dropout", "feed_forward.dropout"},
                .fallback = 0.1},
               {.key = "layer_norm_epsilon", .paths = {"norm.eps"}, .fallback = 1e-6}},
      .rules = {{read_t5_unit, write_t5_unit}, {read_t5_output, write_t5_output}},
      .irrelevant = {"classifier_dropout", "output_past"},
      .tensors = t5_tensors(),
      // Of cross-attention, which knows no positions.
      .buffers = {"EncDecAttention.relative_attention_bias.weight"},
      .copies = {{"encoder.embed_tokens.weight", "shared.weight"},
                 {"decoder.embed_tokens.weight", "shared.weight"},
                 {"lm_head.weight", "shared.weight"}},
  }};
}

}  // namespace ablate::lab::hugging_face
