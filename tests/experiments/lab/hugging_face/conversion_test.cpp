// What an import refuses, and how it says so: nothing that could change a number passes in silence.
#include "tests/experiments/lab/hugging_face/golden.h"

#include "experiments/lab/hugging_face/verification.h"
#include "transformer/core/error.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

/// What an import of the golden file says with one key of its configuration changed.
std::optional<std::string> complaint_about(const std::string& name, const std::string& key, const Json& value) {
  Golden golden = read_golden(name);
  golden.config[key] = value;
  return thrown_message([&] { import_config(golden); });
}

NamedTensors import_weights(const Golden& golden, const NamedTensors& weights) {
  const hf::ImportedConfig imported = import_config(golden);
  return hf::import_tensors(*imported.architecture, imported.model, weights, "FOLDER");
}

/// How far what the model says is from what the golden file holds now.
auto differences_from(const Golden& golden, Transformer& model) {
  const TemporaryFolder folder;
  write_sample(golden, folder / "sample.safetensors");
  return hf::verify(model, folder / "sample.safetensors");
}

}  // namespace

TEST_CASE("published: an option that is not supported is named with its value", "[hugging_face]") {
  const struct {
    const char* golden;
    const char* key;
    Json value;
    const char* mention;
  } cases[] = {
      {"gpt2_1", "scale_attn_by_inverse_layer_idx", true, "'scale_attn_by_inverse_layer_idx' is true"},
      {"gpt2_1", "activation_function", "mish", "'activation_function' is \"mish\""},
      {"gpt2_1", "no_such_option", 3, "'no_such_option' is 3: this key is not known"},
      {"gpt2_1", "quantization_config", {{"bits", 4}}, "'quantization_config' is {\"bits\":4}"},
      {"gpt2_1", "architectures", {"GPT2ForSequenceClassification"}, "GPT2LMHeadModel"},
      {"gpt2_1", "n_embd", nullptr, "'n_embd' is missing"},
      {"gpt2_1", "model_type", "gtp2", "did you mean 'gpt2'"},
      {"llama_1", "rope_parameters", {{"rope_type", "dynamic"}, {"rope_theta", 1e4}, {"factor", 2}}, "\"dynamic\""},
      {"llama_1", "rope_scaling", {{"type", "linear"}}, nullptr},
      {"llama_1", "rope_theta", 500, "'rope_theta' is 500: 'rope_parameters' says otherwise"},
      {"qwen2_1", "use_sliding_window", true, "'use_sliding_window' is true"},
      {"qwen2_1", "layer_types", {"full_attention", "sliding_attention"}, "'layer_types'"},
      {"falcon_1", "alibi", true, "'alibi' is true"},
      {"bloom_1", "apply_residual_connection_post_layernorm", true, "is true"},
      {"opt_1", "word_embed_proj_dim", 9, "'word_embed_proj_dim' is 9: it must be the hidden_size"},
      {"t5_1", "feed_forward_proj", "gated-relu", "'feed_forward_proj' is \"gated-relu\""},
      {"marian_1", "decoder_vocab_size", 99, "'decoder_vocab_size' is 99"},
      {"marian_1", "share_encoder_decoder_embeddings", false, "'share_encoder_decoder_embeddings' is false"},
      {"bart_1", "encoder_layerdrop", 0.1, "'encoder_layerdrop' is 0.1"},
      {"bert_1", "tie_word_embeddings", false, "'tie_word_embeddings' is false"},
      {"bert_1", "position_embedding_type", "relative_key", "'position_embedding_type' is \"relative_key\""},
      {"bert_1", "architectures", {"BertForPreTraining"}, "BertForMaskedLM, BertModel, BertForSequenceClassification"},
      {"bert_1", "architectures", nullptr, "it must name one of BertForMaskedLM"},
      {"bert_1", "hidden_act", "silu", "'hidden_act' is \"silu\": the head over words has no such activation"},
      {"bert_1", "is_decoder", true, "'is_decoder' is true"},
      {"bert_4", "problem_type", "multi_label_classification", "it must be single_label_classification"},
      {"bert_4", "num_labels", 7, "'num_labels' is 7: 'id2label' has another number of names"},
      {"roberta_1", "pad_token_id", nullptr, "'pad_token_id' is null, and positions are counted from behind it"},
      {"albert_1", "num_hidden_groups", 2, "'num_hidden_groups' is 2"},
      {"albert_1", "inner_group_num", 2, "'inner_group_num' is 2"},
      {"mixtral_1", "router_jitter_noise", 0.1, "'router_jitter_noise' is 0.1"},
      {"mixtral_1", "num_experts_per_tok", 1, "feed_forward.experts.per_token"},
  };
  for (const auto& one : cases) {
    INFO(one.golden << " " << one.key);
    const auto found = complaint_about(one.golden, one.key, one.value);
    if (one.mention == nullptr) {
      CHECK_FALSE(found);
    } else {
      CHECK(mentions(found, one.mention));
    }
  }
}

TEST_CASE("published: all that is wrong with a configuration is said at once", "[hugging_face]") {
  Golden golden = read_golden("gpt2_1");
  golden.config["one"] = 1;
  golden.config["two"] = 2;
  const auto found = thrown_message([&] { import_config(golden); });
  CHECK(mentions(found, "'one' is 1"));
  CHECK(mentions(found, "'two' is 2"));
}

TEST_CASE("published: keys of older files mean the same", "[hugging_face]") {
  Golden golden = read_golden("gpt_neox_2");
  const ModelConfig wanted = import_config(golden).model;
  golden.config.erase("rope_parameters");
  golden.config["rotary_emb_base"] = 500;
  golden.config["rotary_pct"] = 0.5;
  const ModelConfig found = import_config(golden).model;
  CHECK(found.position.base == wanted.position.base);
  CHECK(found.position.fraction == wanted.position.fraction);
}

TEST_CASE("published: tensors that are missing, left over, of another shape or no numbers are named",
          "[hugging_face]") {
  const Golden golden = read_golden("gpt2_1");
  NamedTensors weights = golden.weights();
  weights.erase("transformer.h.1.mlp.c_fc.bias");
  weights["transformer.h.2.ln_1.weight"] = at::ones({18});
  weights["transformer.ln_f.weight"] = at::ones({17});
  weights["transformer.ln_f.bias"] = at::ones({18}, at::kByte);
  const auto found = thrown_message([&] { import_weights(golden, weights); });
  CHECK(mentions(found, "missing tensors: 'transformer.h.1.mlp.c_fc.bias'"));
  CHECK(mentions(found, "no place in the model: 'transformer.h.2.ln_1.weight'"));
  CHECK(mentions(found, "'transformer.ln_f.weight': decoder.final_norm.gain is to be (18), and the file has (17)"));
  CHECK(mentions(found, "'transformer.ln_f.bias' holds no floating-point numbers"));
}

TEST_CASE("published: files of the base class, with masks and repeated tensors, give the same weights",
          "[hugging_face]") {
  const Golden golden = read_golden("gpt2_1");
  const NamedTensors wanted = import_weights(golden, golden.weights());
  NamedTensors weights;
  for (const auto& [name, tensor] : golden.weights()) weights[name.substr(std::string("transformer.").size())] = tensor;
  weights["h.0.attn.bias"] = at::ones({1, 1, 32, 32}, at::kByte);
  weights["lm_head.weight"] = weights.at("wte.weight").clone();
  const NamedTensors found = import_weights(golden, weights);
  REQUIRE(found.size() == wanted.size());
  for (const auto& [name, tensor] : wanted) CHECK(found.at(name).equal(tensor));
  weights["lm_head.weight"][0][0] += 1;
  CHECK_THROWS_MENTION(import_weights(golden, weights), "'lm_head.weight' is to be the same as");
}

TEST_CASE("published: names of the first releases are read, and tensors of other heads left out and named",
          "[hugging_face]") {
  const Golden golden = read_golden("bert_1");
  const hf::ImportedConfig imported = import_config(golden);
  const NamedTensors wanted = import_weights(golden, golden.weights());
  NamedTensors weights;
  for (const auto& [name, tensor] : golden.weights()) {
    std::string old = name;
    for (const auto& [now, then] :
         {std::pair{"LayerNorm.weight", "LayerNorm.gamma"}, {"LayerNorm.bias", "LayerNorm.beta"}}) {
      if (old.ends_with(now)) old.replace(old.size() - std::string(now).size(), std::string::npos, then);
    }
    weights[old] = tensor;
  }
  CHECK(weights.contains("bert.embeddings.LayerNorm.gamma"));
  weights["bert.pooler.dense.bias"] = at::ones({3});
  weights["cls.seq_relationship.bias"] = at::ones({2});
  weights["bert.embeddings.position_ids"] = at::arange(5).unsqueeze(0);
  weights["cls.predictions.decoder.bias"] = weights.at("cls.predictions.bias").clone();
  std::vector<std::string> notes;
  const NamedTensors found =
      hf::import_tensors(*imported.architecture, imported.model, weights, "FOLDER", at::kFloat, &notes);
  REQUIRE(found.size() == wanted.size());
  for (const auto& [name, tensor] : wanted) CHECK(found.at(name).equal(tensor));
  REQUIRE(notes.size() == 1);
  CHECK(mentions(notes.front(), "other heads are left out: 'bert.pooler.dense.bias', 'cls.seq_relationship.bias'"));
  weights["bert.encoder.layer.7.output.dense.bias"] = at::ones({3});
  CHECK_THROWS_MENTION(import_weights(golden, weights),
                       "no place in the model: 'bert.encoder.layer.7.output.dense.bias'");
}

TEST_CASE("published: a missing expert is named", "[hugging_face]") {
  const Golden golden = read_golden("mixtral_1");
  NamedTensors weights = golden.weights();
  REQUIRE(weights.erase("model.layers.1.block_sparse_moe.experts.2.w3.weight") == 1);
  CHECK_THROWS_MENTION(import_weights(golden, weights),
                       "missing tensors: 'model.layers.1.block_sparse_moe.experts.2.w3.weight'");
}

TEST_CASE("published: weights in 16 bits come as the same numbers in 32", "[hugging_face]") {
  const Golden golden = read_golden("llama_1");
  const NamedTensors wanted = import_weights(golden, golden.weights());
  for (const at::ScalarType dtype : {at::kBFloat16, at::kHalf}) {
    NamedTensors weights = golden.weights();
    for (auto& [name, tensor] : weights) tensor = tensor.to(dtype);
    for (const auto& [name, tensor] : import_weights(golden, weights)) {
      CHECK(tensor.scalar_type() == at::kFloat);
      CHECK(tensor.equal(wanted.at(name)));
    }
  }
}

TEST_CASE("published: a missing bias of the output layer is zero, as in the library", "[hugging_face]") {
  const Golden golden = read_golden("bart_1");
  NamedTensors weights = golden.weights();
  weights.erase("final_logits_bias");
  CHECK(import_weights(golden, weights).at("embedding.output_bias").equal(at::zeros({43})));
}

TEST_CASE("published: a model that the architecture cannot express is not exported", "[hugging_face]") {
  const hf::ImportedConfig imported = import_config(read_golden("gpt2_1"));
  const auto export_with = [&](auto change) {
    ModelConfig model = imported.model;
    change(model);
    return thrown_message([&] { hf::export_config(*imported.architecture, model, imported.symbols); });
  };
  CHECK_FALSE(export_with([](ModelConfig&) {}));
  CHECK(mentions(export_with([](ModelConfig& m) { m.feed_forward.kind = m.decoder.feed_forward.kind = "swiglu"; }),
                 "model.feed_forward.kind"));
  CHECK(mentions(export_with([](ModelConfig& m) { m.decoder.norm.kind = "rms_norm"; }), "model.decoder.norm.kind"));
  CHECK(mentions(export_with([](ModelConfig& m) { m.decoder.attention.window = 3; }),
                 "model.decoder.attention.window: is 3, and GPT2LMHeadModel has null"));
}

TEST_CASE("published: a model is exported as one of its own family", "[hugging_face]") {
  const hf::ImportedConfig imported = import_config(read_golden("bert_1"));
  for (const char* name : {"qwen2", "gpt2", "t5"}) {
    INFO(name);
    const auto export_it = [&] { hf::export_config(hf::architecture(name, "test"), imported.model, imported.symbols); };
    CHECK(mentions(thrown_message(export_it), "model.family: is 'encoder'"));
  }
}

TEST_CASE("published: an encoder is exported as the class that its head is of", "[hugging_face]") {
  const hf::Architecture& bert = hf::architecture("bert", "test");
  CHECK(hf::head_class(bert, "words").model_class == "BertForMaskedLM");
  CHECK(hf::head_class(bert, "number").model_class == "BertForSequenceClassification");
  const hf::ImportedConfig imported = import_config(read_golden("bert_4"));
  const auto export_with = [&](auto change) {
    ModelConfig model = imported.model;
    change(model);
    return thrown_message([&] { hf::export_config(*imported.architecture, model, imported.symbols); });
  };
  CHECK_FALSE(export_with([](ModelConfig& m) { m.head.classes = 5; }));
  CHECK(mentions(export_with([](ModelConfig& m) { m.head.pooling = "mean"; }),
                 "model.head.pooling: is \"mean\", and BertForSequenceClassification has \"first\""));
  CHECK(mentions(export_with([](ModelConfig& m) { m.head.activation = "relu"; }), "model.head.activation"));
}

TEST_CASE("published: verify tells how far apart outputs are, where there is no padding", "[hugging_face]") {
  for (const char* name : {"opt_1", "t5_1"}) {
    INFO(name);
    Golden golden = read_golden(name);
    const auto model = import_model(golden, at::kFloat);
    const auto differences = [&] { return differences_from(golden, *model); };
    for (const auto& difference : differences()) {
      INFO(difference.name);
      CHECK(difference.absolute <= tolerance::verified_in_float);
      CHECK(difference.positions > 0);
    }
    // Row 1 begins with padding.
    golden.tensors.at("logits")[1][0] += 5;
    CHECK(differences().back().name == "logits");
    CHECK(differences().back().absolute <= tolerance::verified_in_float);
    golden.tensors.at("logits")[1][2][0] += 0.5;
    CHECK(differences().back().absolute == Approx(0.5).margin(tolerance::verified_in_float));
    golden.tensors.at("logits")[1][2][0] = NAN;
    CHECK(std::isinf(differences().back().absolute));
  }
}

TEST_CASE("published: verify compares what encoders say, with types of tokens, and the states of every layer",
          "[hugging_face]") {
  for (const char* name : {"bert_1", "bert_3", "bert_4", "roberta_2", "albert_1"}) {
    INFO(name);
    Golden golden = read_golden(name);
    const auto model = import_model(golden, at::kFloat);
    const auto differences = [&] { return differences_from(golden, *model); };
    std::vector<std::string> compared;
    for (const auto& difference : differences()) {
      INFO(difference.name);
      CHECK(difference.absolute <= tolerance::verified_in_float);
      compared.push_back(difference.name);
    }
    CHECK(compared.front() == "hidden_states.0");
    CHECK(compared.back() == (golden.tensors.contains("logits") ? "logits" : "pooler_output"));
    golden.tensors.at("hidden_states.1")[0][0] += 0.5;
    CHECK(differences().at(1).absolute == Approx(0.5).margin(tolerance::verified_in_float));
    CHECK(differences().at(0).absolute <= tolerance::verified_in_float);
    if (golden.tensors.at("token_type_ids").ne(0).any().item<bool>()) {
      golden.tensors.at("token_type_ids").zero_();
      CHECK(differences().front().absolute > 1e-3);
    }
    golden.tensors.at("token_type_ids").fill_(2);
    CHECK_THROWS_MENTION(differences(), "'token_type_ids' names types of tokens, which the model does not have");
  }
}

TEST_CASE("published: a sample that cannot be run says why", "[hugging_face]") {
  const TemporaryFolder folder;
  const Golden golden = read_golden("gpt2_1");
  const auto model = import_model(golden, at::kFloat);
  const auto complaint = [&](const std::map<std::string, Tensor>& tensors) {
    write_tensors(folder / "sample.safetensors", {tensors, {}});
    return thrown_message([&] { hf::verify(*model, folder / "sample.safetensors"); });
  };
  const Tensor ids = at::zeros({1, 3}, at::kLong);
  CHECK(mentions(complaint({{"logits", at::zeros({1, 3, 43})}}), "'input_ids' is missing"));
  CHECK(mentions(complaint({{"input_ids", ids}}), "neither 'logits' nor 'last_hidden_state'"));
  CHECK(mentions(complaint({{"input_ids", ids + 43}}), "not in the vocabulary of 43"));
  CHECK(mentions(complaint({{"input_ids", at::zeros({1, 33}, at::kLong)}}), "at most 32"));
  CHECK(mentions(complaint({{"input_ids", ids}, {"token_type_ids", ids + 1}}), "'token_type_ids'"));
  CHECK(mentions(complaint({{"input_ids", ids}, {"position_ids", ids}}), "'position_ids' is not supported"));
  CHECK(mentions(complaint({{"input_ids", ids}, {"logits", at::zeros({1, 3, 42})}}), "another shape"));
}
