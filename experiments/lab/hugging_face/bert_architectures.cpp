// BERT (Devlin et al. 2019), RoBERTa (Liu et al. 2019) and ALBERT (Lan et al. 2020): encoders by themselves, whose
// classes are what stands on top of them.
#include "experiments/lab/hugging_face/rules.h"

#include "transformer/core/error.h"

#include <utility>

namespace ablate::lab::hugging_face {
namespace {

/// Of models whose head is of one of these kinds.
Only heads_of(std::vector<std::string> kinds) { return {"head.kind", std::move(kinds)}; }

void add_linear(std::vector<TensorRow>& rows, const std::string& published, const std::string& ours,
                const Only& only = {}) {
  for (const char* part : {".weight", ".bias"}) rows.push_back({published + part, {ours + part}, Layout::same, only});
}

void add_norm(std::vector<TensorRow>& rows, const std::string& published, const std::string& ours) {
  rows.push_back({published + ".weight", {ours + ".gain"}});
  rows.push_back({published + ".bias", {ours + ".bias"}});
}

/// Words, positions, types and their norm, under `published`.
void add_embeddings(std::vector<TensorRow>& rows, const std::string& published) {
  // The matrix is called after who reads it.
  rows.push_back({published + ".word_embeddings.weight", {"embedding.shared"}});
  rows.push_back({published + ".word_embeddings.weight", {"embedding.source"}});
  rows.push_back({published + ".position_embeddings.weight", {"encoder.position.weight"}});
  rows.push_back({published + ".token_type_embeddings.weight", {"embedding.token_types"}});
  add_norm(rows, published + ".LayerNorm", "encoder.embedding_norm");
}

/// What the layers of BERT and RoBERTa have, with the embeddings in front of them.
std::vector<TensorRow> bert_layers(const std::string& prefix) {
  const std::string theirs = prefix + "encoder.layer.*.", ours = "encoder.layers.*.";
  std::vector<TensorRow> rows;
  add_embeddings(rows, prefix + "embeddings");
  add_linear(rows, theirs + "attention.self.query", ours + "self_attention.query");
  add_linear(rows, theirs + "attention.self.key", ours + "self_attention.key");
  add_linear(rows, theirs + "attention.self.value", ours + "self_attention.value");
  add_linear(rows, theirs + "attention.output.dense", ours + "self_attention.output");
  add_norm(rows, theirs + "attention.output.LayerNorm", ours + "self_attention_residual.norm");
  add_linear(rows, theirs + "intermediate.dense", ours + "feed_forward.inner");
  add_linear(rows, theirs + "output.dense", ours + "feed_forward.outer");
  add_norm(rows, theirs + "output.LayerNorm", ours + "feed_forward_residual.norm");
  return rows;
}

/// As many classes as `id2label` has, or `num_labels`, or the library's two; one is a number.
void read_labels(PublishedConfig& published, Json& model) {
  const Json names = published.get("id2label"), count = published.get("num_labels");
  const bool has_names = names.is_object() && !names.empty();
  const std::int64_t classes = has_names         ? static_cast<std::int64_t>(names.size())
                               : count.is_null() ? 2
                                                 : published.integer("num_labels");
  if (has_names && !count.is_null() && count != classes) {
    published.unsupported("num_labels", count, "'id2label' has another number of names");
  }
  const std::string fitting = classes == 1 ? "regression" : "single_label_classification";
  const Json problem = published.get("problem_type");
  if (!problem.is_null() && problem != fitting) {
    published.unsupported("problem_type", problem, "of " + std::to_string(classes) + " labels it must be " + fitting);
  }
  set(model, "head.kind", classes == 1 ? "number" : "classes");
  if (classes > 1) set(model, "head.classes", classes);
}
void write_labels(const Json& model, Json& published) {
  const Json classes = setting(model, "head.classes");
  const std::int64_t count = setting(model, "head.kind") == "number" ? 1 : classes.get<std::int64_t>();
  for (std::int64_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(i), name = "LABEL_" + number;
    published["id2label"][number] = name;
    published["label2id"][name] = i;
  }
}

/// Dropout in front of the classes: the rest's where nothing is said. RoBERTa has it in front of the layer of tanh,
/// too, which has no counterpart: training differs by it alone.
void read_classifier_dropout(PublishedConfig& published, Json& model) {
  set(model, "head.dropout", published.get_or("classifier_dropout", setting(model, "dropout")));
}
void write_classifier_dropout(const Json& model, Json& published) {
  published["classifier_dropout"] = setting(model, "head.dropout");
}

/// The layer over words has the activation of the feed-forward units.
void read_word_activation(PublishedConfig& published, Json& model) {
  const Json kind = setting(model, "feed_forward.kind");
  for (const char* known : {"gelu", "gelu_tanh", "relu", "tanh"}) {
    if (kind == known) return set(model, "head.activation", kind);
  }
  published.unsupported("hidden_act", published.get("hidden_act"), "the head over words has no such activation");
}
void write_nothing(const Json&, Json&) {}

HeadClass words_class(const std::string& name) {
  return {.model_class = name,
          .kinds = {"words"},
          .settings = Json::parse(R"({"head": {"kind": "words", "activation": "gelu"},
                                      "embedding": {"output_bias": true}})")};
}
HeadClass pooled_class(const std::string& name) {
  return {.model_class = name,
          .kinds = {"pooled"},
          .settings = Json::parse(R"({"head": {"kind": "pooled", "activation": "tanh", "dropout": 0}})")};
}
HeadClass labels_class(const std::string& name, const Rule& dropout) {
  return {.model_class = name,
          .kinds = {"classes", "number"},
          .settings = Json::parse(R"({"head": {"activation": "tanh"}})"),
          .rules = {{read_labels, write_labels}, dropout}};
}

/// What the three have; `stem` begins the names of their classes.
Architecture bert_like(const std::string& name, const std::string& stem) {
  return {
      .name = name,
      .model_class = stem + "ForMaskedLM",
      .base_class = stem + "Model",
      .prefix = name + ".",
      .text_start = TextStart::bos,
      .tokenizers = {"tokenizer.json"},
      .settings = Json::parse(R"({"family": "encoder", "embedding": {"scale": "one", "norm": {"kind": "layer_norm"}},
                                  "norm": {"kind": "layer_norm"}, "residual": {"kind": "post_norm"},
                                  "position": {"kind": "learned"}})"),
      .keys = {{.key = "vocab_size", .paths = {"vocabulary"}},
               {.key = "hidden_size", .paths = {"d_model"}},
               {.key = "num_hidden_layers", .paths = {"encoder.layers"}},
               {.key = "num_attention_heads", .paths = {"attention.heads"}},
               {.key = "intermediate_size", .paths = {"feed_forward.d_ff"}},
               activation_row("hidden_act"),
               {.key = "hidden_dropout_prob", .paths = {"dropout"}, .fallback = 0.1},
               {.key = "attention_probs_dropout_prob", .paths = {"attention.dropout"}, .fallback = 0.1},
               {.key = "type_vocab_size", .paths = {"embedding.token_types"}, .fallback = 2},
               {.key = "layer_norm_eps", .paths = {"norm.eps", "embedding.norm.eps"}, .fallback = 1e-12}},
      .inert = {{"tie_word_embeddings", {true}}, {"position_embedding_type", {"absolute"}}},
      // The pooler's are of checkpoints of the first releases, and nobody reads them.
      .irrelevant = {"classifier_dropout", "directionality", "pooler_fc_size", "pooler_num_attention_heads",
                     "pooler_num_fc_layers", "pooler_size_per_head", "pooler_type"},
      .buffers = {"embeddings.position_ids", "embeddings.token_type_ids"},
      .old_endings = {{"LayerNorm.weight", "LayerNorm.gamma"}, {"LayerNorm.bias", "LayerNorm.beta"}},
  };
}

KeyRow length_row() { return {.key = "max_position_embeddings", .paths = {"max_length"}, .fallback = 512}; }

/// Two tensors that files repeat, of the scores of words under `head`.
void repeat_output(Architecture& row, const std::string& head) {
  row.tensors.push_back({head + "bias", {"embedding.output_bias"}});
  row.copies = {{head + "decoder.weight", row.prefix + "embeddings.word_embeddings.weight"},
                {head + "decoder.bias", head + "bias"}};
}

Architecture bert() {
  Architecture row = bert_like("bert", "Bert");
  row.keys.push_back(length_row());
  row.tensors = bert_layers("bert.");
  add_linear(row.tensors, "bert.pooler.dense", "head.hidden", heads_of({"classes", "number", "pooled"}));
  add_linear(row.tensors, "classifier", "head.output", heads_of({"classes", "number"}));
  add_linear(row.tensors, "cls.predictions.transform.dense", "head.hidden", heads_of({"words"}));
  add_norm(row.tensors, "cls.predictions.transform.LayerNorm", "head.norm");
  repeat_output(row, "cls.predictions.");
  row.heads = {words_class("BertForMaskedLM"), pooled_class("BertModel"),
               labels_class("BertForSequenceClassification", {read_classifier_dropout, write_classifier_dropout})};
  row.heads.front().rules = {{read_word_activation, write_nothing}};
  row.other_heads = {"bert.pooler.", "pooler.", "cls."};
  return row;
}

/// The first position is the one behind the id of padding; those up to it are nobody's, or padding's.
void read_roberta_positions(PublishedConfig& published, Json& model) {
  const std::int64_t all = published.integer("max_position_embeddings");
  const Json pad = published.get("pad_token_id");
  if (!pad.is_number_integer() || pad.get<std::int64_t>() < 0) {
    return published.problem("'pad_token_id' is " + pad.dump() + ", and positions are counted from behind it");
  }
  const std::int64_t offset = pad.get<std::int64_t>() + 1;
  set(model, "position.offset", offset);
  set(model, "max_length", all - offset);
}
void write_roberta_positions(const Json& model, Json& published) {
  const Json offset = setting(model, "position.offset");
  if (!offset.is_number_integer()) throw UserError("model.position.kind: such a model has 'learned' positions");
  published["max_position_embeddings"] = setting(model, "max_length").get<std::int64_t>() + offset.get<std::int64_t>();
}

Architecture roberta() {
  Architecture row = bert_like("roberta", "Roberta");
  row.tokenizers = {"tokenizer.json", "vocab.json"};
  set(row.settings, "position.count", "real_tokens");
  row.rules = {{read_roberta_positions, write_roberta_positions}};
  row.tensors = bert_layers("roberta.");
  add_linear(row.tensors, "roberta.pooler.dense", "head.hidden", heads_of({"pooled"}));
  add_linear(row.tensors, "classifier.dense", "head.hidden", heads_of({"classes", "number"}));
  add_linear(row.tensors, "classifier.out_proj", "head.output", heads_of({"classes", "number"}));
  add_linear(row.tensors, "lm_head.dense", "head.hidden", heads_of({"words"}));
  add_norm(row.tensors, "lm_head.layer_norm", "head.norm");
  repeat_output(row, "lm_head.");
  row.heads = {words_class("RobertaForMaskedLM"), pooled_class("RobertaModel"),
               labels_class("RobertaForSequenceClassification", {read_classifier_dropout, write_classifier_dropout})};
  row.other_heads = {"roberta.pooler.", "pooler.", "lm_head."};
  row.ends_between_texts = 2;
  return row;
}

/// ALBERT's classes have a dropout of their own, under a key of its own.
void read_albert_dropout(PublishedConfig& published, Json& model) {
  set(model, "head.dropout", published.get_or("classifier_dropout_prob", 0.1));
}
void write_albert_dropout(const Json& model, Json& published) {
  published["classifier_dropout_prob"] = setting(model, "head.dropout");
}

/// All layers are one. The library has no dropout behind the feed-forward unit: training differs by it alone.
Architecture albert() {
  Architecture row = bert_like("albert", "Albert");
  row.tokenizers = {"spiece.model"};
  set(row.settings, "sharing", "all");
  set(row.settings, "embedding.factorization.kind", "sum");
  set(row.settings, "embedding.factorization.bias", true);
  row.keys.push_back(length_row());
  set_fallback(row, "hidden_dropout_prob", 0.0);
  set_fallback(row, "attention_probs_dropout_prob", 0.0);
  row.keys.push_back({.key = "embedding_size", .paths = {"embedding.factorization.width"}, .fallback = 128});
  row.inert.push_back({"num_hidden_groups", {1}});
  row.inert.push_back({"inner_group_num", {1}});
  row.inert.push_back({"down_scale_factor", {1}});
  for (const char* key : {"gap_size", "net_structure_type", "num_memory_blocks"}) row.inert.push_back({key, {Json(0)}});
  row.irrelevant.push_back("classifier_dropout_prob");
  add_embeddings(row.tensors, "albert.embeddings");
  add_linear(row.tensors, "albert.encoder.embedding_hidden_mapping_in", "embedding.source_lift");
  const std::string theirs = "albert.encoder.albert_layer_groups.0.albert_layers.0.", ours = "encoder.layers.0.";
  add_linear(row.tensors, theirs + "attention.query", ours + "self_attention.query");
  add_linear(row.tensors, theirs + "attention.key", ours + "self_attention.key");
  add_linear(row.tensors, theirs + "attention.value", ours + "self_attention.value");
  add_linear(row.tensors, theirs + "attention.dense", ours + "self_attention.output");
  add_norm(row.tensors, theirs + "attention.LayerNorm", ours + "self_attention_residual.norm");
  add_linear(row.tensors, theirs + "ffn", ours + "feed_forward.inner");
  add_linear(row.tensors, theirs + "ffn_output", ours + "feed_forward.outer");
  add_norm(row.tensors, theirs + "full_layer_layer_norm", ours + "feed_forward_residual.norm");
  add_linear(row.tensors, "albert.pooler", "head.hidden", heads_of({"classes", "number", "pooled"}));
  add_linear(row.tensors, "classifier", "head.output", heads_of({"classes", "number"}));
  add_linear(row.tensors, "predictions.dense", "head.hidden", heads_of({"words"}));
  add_norm(row.tensors, "predictions.LayerNorm", "head.norm");
  repeat_output(row, "predictions.");
  row.heads = {words_class("AlbertForMaskedLM"), pooled_class("AlbertModel"),
               labels_class("AlbertForSequenceClassification", {read_albert_dropout, write_albert_dropout})};
  row.heads.front().rules = {{read_word_activation, write_nothing}};
  row.other_heads = {"albert.pooler.", "pooler.", "predictions.", "sop_classifier."};
  return row;
}

}  // namespace

std::vector<Architecture> bert_architectures() { return {bert(), roberta(), albert()}; }

}  // namespace ablate::lab::hugging_face
