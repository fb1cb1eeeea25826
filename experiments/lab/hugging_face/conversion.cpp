#include "experiments/lab/hugging_face/conversion.h"

#include "transformer/config/reader.h"
#include "transformer/config/writer.h"
#include "transformer/core/error.h"

#include <algorithm>

namespace ablate::lab::hugging_face {
namespace {

/// What changes nothing that any of the models computes: who made the file, how a task's head or text generation are
/// set up, how weights were first drawn.
constexpr const char* irrelevant_everywhere[] = {
    "model_type", "transformers_version", "_name_or_path", "name_or_path", "architectures", "auto_map", "dtype",
    "torch_dtype", "torchscript", "use_bfloat16", "_attn_implementation", "attn_implementation",
    "_attn_implementation_autoset", "use_cache", "return_dict", "return_dict_in_generate", "output_attentions",
    "output_hidden_states", "output_scores", "gradient_checkpointing", "chunk_size_feed_forward", "tf_legacy_loss",
    "id2label", "label2id", "num_labels", "problem_type", "finetuning_task", "task_specific_params", "prefix",
    "tokenizer_class", "keys_to_ignore_at_inference", "initializer_range", "initializer_factor", "init_std",
    "sep_token_id", "cls_token_id", "mask_token_id",
    // Of text generation.
    "max_length", "min_length", "max_new_tokens", "do_sample", "early_stopping", "num_beams", "num_beam_groups",
    "diversity_penalty", "temperature", "top_k", "top_p", "typical_p", "repetition_penalty", "length_penalty",
    "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "bad_words_ids", "num_return_sequences",
    "forced_bos_token_id", "forced_eos_token_id", "force_bos_token_to_be_generated", "remove_invalid_values",
    "exponential_decay_length_penalty", "suppress_tokens", "begin_suppress_tokens", "save_step"};

/// Options of the library that any model could have, at the values under which they do nothing.
const std::vector<InertKey>& inert_everywhere() {
  static const std::vector<InertKey> keys = {{"pruned_heads", {Json::object()}}, {"is_decoder", {false}},
                                             {"add_cross_attention", {false}},   {"cross_attention_hidden_size", {}},
                                             {"tie_encoder_decoder", {false}},   {"quantization_config", {}}};
  return keys;
}

std::optional<std::int64_t> token_id(PublishedConfig& published, const char* key, std::vector<std::string>& notes) {
  Json value = published.get(key);
  if (value.is_array() && !value.empty()) {
    if (value.size() > 1) notes.push_back(std::string(key) + ": of " + value.dump() + " the first one counts");
    value = value.front();
  }
  if (value.is_null()) return std::nullopt;
  if (value.is_number_integer()) return value.get<std::int64_t>();
  published.problem("'" + std::string(key) + "' is " + value.dump() + ", not the id of a token");
  return std::nullopt;
}

/// All settings that decide what the model computes, each stack's in full.
Json resolved(const ModelConfig& model) {
  Json json = config::Writer::write(model, config::Extent::expanded);
  json.erase("initialization");
  // Nothing given is the model's dropout.
  Json& dropout = json["embedding"]["dropout"];
  if (dropout.is_null()) dropout = json.at("dropout");
  return json;
}

/// Which of the architecture's classes the file names; nullptr where there is but one.
const HeadClass* class_of(const Architecture& row, PublishedConfig& published) {
  const Json classes = published.get("architectures");
  const HeadClass* found = nullptr;
  std::string there_are = row.heads.empty() ? row.model_class : "";
  for (const HeadClass& head : row.heads) there_are += (there_are.empty() ? "" : ", ") + head.model_class;
  for (const Json& name : classes.is_array() ? classes : Json::array()) {
    const auto known = std::ranges::find_if(row.heads, [&](const HeadClass& head) { return name == head.model_class; });
    if (known != row.heads.end()) found = &*known;
    const bool is_plain = row.heads.empty() && (name == row.model_class || name == row.base_class);
    if (known != row.heads.end() || is_plain) continue;
    published.unsupported("architectures", classes, "of this architecture there is " + there_are);
  }
  if (!row.heads.empty() && (!classes.is_array() || classes.size() != 1)) {
    published.unsupported("architectures", classes, "it must name one of " + there_are);
  }
  if (found == nullptr && !row.heads.empty()) published.throw_if_any();
  return found;
}

const std::vector<Rule>& rules_of(const HeadClass* head) {
  static const std::vector<Rule> none{};
  return head != nullptr ? head->rules : none;
}

std::string listed(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
  return text;
}

}  // namespace

ImportedConfig import_config(const Json& published, const std::string& where, bool has_own_output) {
  const Json type = published.is_object() ? published.value("model_type", Json()) : Json();
  if (!type.is_string()) throw UserError(where + ": no configuration of a model: 'model_type' is missing");
  const Architecture& row = architecture(type.get<std::string>(), where);
  PublishedConfig reader(published, where, has_own_output);
  const HeadClass* const head = class_of(row, reader);
  for (const char* key : irrelevant_everywhere) reader.ignore(key);
  for (const std::string& key : row.irrelevant) reader.ignore(key);
  for (const std::vector<InertKey>& keys : {inert_everywhere(), row.inert}) {
    for (const InertKey& key : keys) reader.expect(key.key, key.values);
  }
  Json model = row.settings;
  if (head != nullptr) model.merge_patch(head->settings);
  reader.expect("is_encoder_decoder", {model.at("family") == "encoder_decoder"});
  for (const KeyRow& key : row.keys) read_row(key, reader, model);
  reader.throw_if_any();
  for (const Rule& rule : row.rules) rule.read(reader, model);
  for (const Rule& rule : rules_of(head)) rule.read(reader, model);
  ImportedConfig imported{.architecture = &row, .model = {}, .symbols = {}, .notes = {}};
  const auto bos = token_id(reader, "bos_token_id", imported.notes);
  const auto start = token_id(reader, "decoder_start_token_id", imported.notes);
  imported.symbols = {.start = model.at("family") == "encoder_decoder" ? start : bos,
                      .end = token_id(reader, "eos_token_id", imported.notes),
                      .pad = token_id(reader, "pad_token_id", imported.notes)};
  reader.finish();
  config::read_strictly(imported.model, model, where);
  return imported;
}

Json export_config(const Architecture& architecture, const ModelConfig& model, const Symbols& symbols) {
  const std::string family = setting(architecture.settings, "family");
  if (model.family != family) {
    throw UserError("model.family: is '" + model.family + "', and '" + architecture.name + "' is a form of '" + family +
                    "'");
  }
  const Json ours = resolved(model);
  const bool has_head = !architecture.heads.empty() && setting(ours, "head.kind").is_string();
  const HeadClass* const head = has_head ? &head_class(architecture, model.head.kind) : nullptr;
  const std::string model_class = head != nullptr ? head->model_class : architecture.model_class;
  Json published = {{"architectures", {model_class}}, {"model_type", architecture.name}};
  for (const KeyRow& key : architecture.keys) write_row(key, ours, published);
  for (const Rule& rule : architecture.rules) rule.write(ours, published);
  for (const Rule& rule : rules_of(head)) rule.write(ours, published);
  const auto add = [&published](const char* key, const std::optional<std::int64_t>& id) {
    published[key] = id ? Json(*id) : Json();
  };
  const bool has_source = model.stacks().encoder && model.stacks().decoder;
  add(has_source ? "decoder_start_token_id" : "bos_token_id", symbols.start);
  add("eos_token_id", symbols.end);
  add("pad_token_id", symbols.pad);
  published["is_encoder_decoder"] = has_source;
  published["torch_dtype"] = "float32";
  // What the file says must be this model and no other.
  const bool has_own_output = tying_table().at(model.embedding.tying).output_is_source == false && has_source &&
                              tying_table().at(model.embedding.tying).output_is_target == false;
  const Json again = resolved(import_config(published, "the exported config.json", has_own_output).model);
  std::vector<std::string> lost;
  for (const config::Change& change : config::difference(ours, again)) {
    const auto shown = [](const Json& value) { return value.is_discarded() ? std::string("nothing") : value.dump(); };
    lost.push_back("model." + change.path + ": is " + shown(change.before) + ", and " + model_class + " has " +
                   shown(change.after));
  }
  if (!lost.empty()) throw UserError(listed(lost));
  return published;
}

VocabularyInfo vocabulary_of(const ModelConfig& model, const Symbols& symbols) {
  const std::int64_t size = model.vocabulary.value();
  const std::int64_t said =
      model.says_words() ? model.target_vocabulary.value_or(size) : model.head.classes.value_or(1);
  return {size, said, symbols.pad.value_or(-1)};
}

}  // namespace ablate::lab::hugging_face
