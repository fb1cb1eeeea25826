// BART (Lewis et al. 2020), Marian (Junczys-Dowmunt et al. 2018) and Pegasus (Zhang et al. 2020): one set of names.
#include "experiments/lab/hugging_face/rules.h"

namespace ablate::lab::hugging_face {
namespace {

void append_attention(std::vector<TensorRow>& rows, const std::string& published, const std::string& ours) {
  constexpr std::pair<const char*, const char*> projections[] = {
      {"q_proj", "query"}, {"k_proj", "key"}, {"v_proj", "value"}, {"out_proj", "output"}};
  for (const auto& [theirs, own] : projections) {
    for (const char* part : {".weight", ".bias"}) {
      rows.push_back({published + "." + theirs + part, {ours + "." + own + part}});
    }
  }
}

void append_norm(std::vector<TensorRow>& rows, const std::string& published, const std::string& ours) {
  rows.push_back({published + ".weight", {ours + ".gain"}});
  rows.push_back({published + ".bias", {ours + ".bias"}});
}

/// All that the three have; a row without a parameter of the model does not apply.
std::vector<TensorRow> bart_tensors() {
  std::vector<TensorRow> rows = {{"model.shared.weight", {"embedding.shared"}},
                                 {"final_logits_bias", {"embedding.output_bias"}, Layout::row, {}, true}};
  for (const std::string stack : {"encoder", "decoder"}) {
    const std::string theirs = "model." + stack + ".layers.*.", ours = stack + ".layers.*.";
    rows.push_back({"model." + stack + ".embed_positions.weight", {stack + ".position.weight"}});
    append_norm(rows, "model." + stack + ".layernorm_embedding", stack + ".embedding_norm");
    append_attention(rows, theirs + "self_attn", ours + "self_attention");
    append_norm(rows, theirs + "self_attn_layer_norm", ours + "self_attention_residual.norm");
    for (const char* part : {".weight", ".bias"}) {
      rows.push_back({theirs + "fc1" + part, {ours + "feed_forward.inner" + part}});
      rows.push_back({theirs + "fc2" + part, {ours + "feed_forward.outer" + part}});
    }
    append_norm(rows, theirs + "final_layer_norm", ours + "feed_forward_residual.norm");
    append_norm(rows, "model." + stack + ".layer_norm", stack + ".final_norm");
  }
  append_attention(rows, "model.decoder.layers.*.encoder_attn", "decoder.layers.*.cross_attention");
  append_norm(rows, "model.decoder.layers.*.encoder_attn_layer_norm", "decoder.layers.*.cross_attention_residual.norm");
  return rows;
}

Architecture bart_like(const std::string& name, const std::string& model_class, const std::string& base_class) {
  return {
      .name = name,
      .model_class = model_class,
      .base_class = base_class,
      .prefix = "model.",
      .text_start = TextStart::document,
      .tokenizers = {},
      .settings = Json::parse(R"({"family": "encoder_decoder", "embedding": {"tying": "all", "output_bias": true},
                                  "norm": {"kind": "layer_norm", "eps": 1e-5}})"),
      .keys = {{.key = "vocab_size", .paths = {"vocabulary"}},
               {.key = "max_position_embeddings", .paths = {"max_length"}, .fallback = 1024},
               {.key = "d_model", .paths = {"d_model"}},
               {.key = "encoder_layers", .paths = {"encoder.layers"}, .other_names = {"num_hidden_layers"}},
               {.key = "decoder_layers", .paths = {"decoder.layers"}},
               {.key = "encoder_attention_heads", .paths = {"encoder.attention.heads"}},
               {.key = "decoder_attention_heads",
                .paths = {"decoder.attention.heads", "decoder.cross_attention.heads"}},
               {.key = "encoder_ffn_dim", .paths = {"encoder.feed_forward.d_ff"}},
               {.key = "decoder_ffn_dim", .paths = {"decoder.feed_forward.d_ff"}},
               activation_row("activation_function"),
               {.key = "dropout", .paths = {"dropout"}, .fallback = 0.1},
               {.key = "attention_dropout", .paths = {"attention.dropout"}, .fallback = 0.0},
               {.key = "activation_dropout", .paths = {"feed_forward.dropout"}, .fallback = 0.0},
               {.key = "scale_embedding",
                .paths = {"embedding.scale"},
                .fallback = false,
                .values = {{true, "sqrt_d_model"}, {false, "one"}}}},
      .inert = {{"tie_word_embeddings", {true}},
                {"encoder_layerdrop", {0.0}},
                {"decoder_layerdrop", {0.0}},
                {"add_bias_logits", {false}}},
      .irrelevant = {"classifier_dropout", "classif_dropout", "extra_pos_embeddings"},
      .tensors = bart_tensors(),
      .copies = {{"model.encoder.embed_tokens.weight", "model.shared.weight"},
                 {"model.decoder.embed_tokens.weight", "model.shared.weight"},
                 {"lm_head.weight", "model.shared.weight"}},
  };
}

Architecture bart() {
  Architecture row = bart_like("bart", "BartForConditionalGeneration", "BartModel");
  row.tokenizers = {"tokenizer.json", "vocab.json"};
  set(row.settings, "embedding.norm.kind", "layer_norm");
  set(row.settings, "embedding.norm.eps", 1e-5);
  set(row.settings, "residual.kind", "post_norm");
  set(row.settings, "position.kind", "learned");
  set(row.settings, "position.offset", 2);
  row.inert.push_back({"normalize_before", {false}});
  row.inert.push_back({"normalize_embedding", {true}});
  row.inert.push_back({"add_final_layer_norm", {false}});
  row.inert.push_back({"static_position_embeddings", {false}});
  row.buffers = {"encoder.version", "decoder.version"};
  return row;
}

/// Both have sinusoids for positions, sines first, which their files may hold as a table.
Architecture with_sinusoids(Architecture row) {
  set(row.settings, "position.kind", "sinusoidal");
  set(row.settings, "position.layout", "halves");
  row.inert.push_back({"static_position_embeddings", {true}});
  row.inert.push_back({"normalize_embedding", {false}});
  row.buffers = {"encoder.embed_positions.weight", "decoder.embed_positions.weight"};
  return row;
}

Architecture marian() {
  Architecture row = with_sinusoids(bart_like("marian", "MarianMTModel", "MarianModel"));
  row.tokenizers = {"source.spm"};
  row.target_tokenizer = "target.spm";
  set(row.settings, "residual.kind", "post_norm");
  row.rules = {
      {[](PublishedConfig& published, Json& model) {
         const Json size = published.get("decoder_vocab_size");
         if (size.is_null() || size == setting(model, "vocabulary")) return;
         published.unsupported("decoder_vocab_size", size, "it must be the vocab_size");
       },
       [](const Json& model, Json& published) { published["decoder_vocab_size"] = setting(model, "vocabulary"); }}};
  row.inert.push_back({"normalize_before", {false}});
  row.inert.push_back({"add_final_layer_norm", {false}});
  row.inert.push_back({"share_encoder_decoder_embeddings", {true}});
  return row;
}

Architecture pegasus() {
  Architecture row = with_sinusoids(bart_like("pegasus", "PegasusForConditionalGeneration", "PegasusModel"));
  row.tokenizers = {"spiece.model", "tokenizer.json"};
  set(row.settings, "residual.kind", "pre_norm");
  row.inert.push_back({"normalize_before", {true}});
  row.inert.push_back({"add_final_layer_norm", {true}});
  return row;
}

}  // namespace

std::vector<Architecture> bart_architectures() { return {bart(), marian(), pegasus()}; }

}  // namespace ablate::lab::hugging_face
