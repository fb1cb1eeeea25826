#include "transformer/model/config.h"

#include "tests/catch.h"
#include "tests/transformer/model/configs.h"
#include "transformer/config/writer.h"

using namespace ablate;
using config::Writer;
using testing::read_model;
using Texts = std::vector<std::string>;

namespace {

/// All errors and notes of a model section, which may come in layers named "layer 0", "layer 1", ….
struct Told {
  ModelConfig model;
  Texts errors, notes;
};

Told told(const std::vector<const char*>& layers) {
  config::Document document;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string source = "layer " + std::to_string(i);
    document.add({config::expand_dotted(config::parse_json(layers[i], source), source), source});
  }
  config::Problems problems;
  Told result;
  config::Reader(document, problems).read(result.model);
  result.errors = problems.errors();
  result.notes = problems.notes();
  return result;
}

}  // namespace

TEST_CASE("the default model is the base model of 2017", "[model][config]") {
  const ModelConfig model = read_model("{}");
  CHECK(model.d_model == 512);
  for (const BlockConfig* stack :
       {static_cast<const BlockConfig*>(&model.encoder), static_cast<const BlockConfig*>(&model.decoder)}) {
    CHECK(stack->norm.kind == "layer_norm");
    CHECK(stack->residual.kind == "post_norm");
    CHECK(stack->attention.heads == 8);
    CHECK(stack->feed_forward.kind == "relu");
    CHECK(stack->feed_forward.d_ff == 2048);
    CHECK(stack->position.kind == "sinusoidal");
    CHECK(stack->dropout == 0.1);
  }
  CHECK(model.encoder.layers == 6);
  CHECK(model.decoder.layers == 6);
  CHECK(model.embedding.tying == "all");
  CHECK(model.embedding.scale == "sqrt_d_model");
}

TEST_CASE("a stack inherits what it does not name", "[model][config]") {
  const ModelConfig model = read_model(R"({"d_model": 64, "dropout": 0.3, "attention": {"heads": 4, "d_k": 8},
      "norm.kind": "rms_norm", "encoder": {"layers": 3, "residual": {"kind": "pre_norm"},
      "attention": {"heads": 2}},
      "decoder": {"dropout": 0, "norm.eps": 0.1}})");
  CHECK(model.encoder.layers == 3);
  CHECK(model.decoder.layers == 6);
  CHECK(model.encoder.dropout == 0.3);
  CHECK(model.decoder.dropout == 0);
  CHECK(model.encoder.attention.heads == 2);
  CHECK(model.encoder.attention.d_k == 8);
  CHECK(model.decoder.attention.heads == 4);
  CHECK(model.encoder.residual.kind == "pre_norm");
  CHECK(model.decoder.residual.kind == "post_norm");
  CHECK(model.encoder.norm.kind == "rms_norm");
  CHECK(model.encoder.norm.eps == 1e-5);
  CHECK(model.decoder.norm.eps == 0.1);
}

TEST_CASE("cross-attention inherits from the decoder's self-attention, that from the model's", "[model][config]") {
  const ModelConfig model = read_model(R"({"d_model": 64, "attention": {"heads": 4, "bias": false},
      "decoder": {"attention": {"heads": 2, "dropout": 0.2}, "cross_attention": {"kind": "multi_query"}}})");
  CHECK(model.decoder.cross_attention.kind == "multi_query");
  CHECK(model.decoder.cross_attention.heads == 2);
  CHECK(model.decoder.cross_attention.dropout == 0.2);
  CHECK_FALSE(model.decoder.cross_attention.bias);
  CHECK(model.decoder.attention.kind == "scaled_dot_product");
  CHECK(model.encoder.attention.heads == 4);
  const ModelConfig whole = read_model(R"({"attention": {"kind": "grouped_query", "key_value_heads": 4}})");
  CHECK(whole.decoder.cross_attention.kind == "grouped_query");
  CHECK(whole.decoder.cross_attention.key_value_heads == 4);
}

TEST_CASE("the kind that decides whether a key has an effect may stand further out", "[model][config]") {
  CHECK(told({R"({"norm.kind": "rms_norm", "encoder": {"norm": {"bias": false}}})"}).errors ==
        Texts{"layer 0: encoder.norm.bias: has no effect with kind 'rms_norm'"});
  CHECK(told({R"({"norm.kind": "rms_norm", "encoder": {"norm": {"kind": "layer_norm", "bias": false}}})"}).errors ==
        Texts{});
  CHECK(told({R"({"attention.kind": "grouped_query", "decoder.cross_attention.key_value_heads": 4})"}).errors ==
        Texts{});
  CHECK(told({R"({"decoder.cross_attention.key_value_heads": 4})"}).errors ==
        Texts{"layer 0: decoder.cross_attention.key_value_heads: has no effect with kind 'scaled_dot_product'"});
}

TEST_CASE("a kind that changes drops what was inherited for the old one, in the stacks too", "[model][config]") {
  const Told result = told({R"({"norm": {"bias": false}, "encoder": {"norm": {"bias": true}},
                               "position": {"kind": "rotary", "fraction": 0.5}})",
                            R"({"norm.kind": "rms_norm", "position.kind": "learned"})"});
  CHECK(result.errors == Texts{});
  CHECK(result.notes == Texts{"norm.bias: dropped: has no effect with kind 'rms_norm' (written in layer 0)",
                              "position.fraction: dropped: has no effect with kind 'learned' (written in layer 0)",
                              "encoder.norm.bias: dropped: has no effect with kind 'rms_norm' (written in layer 0)"});
  CHECK(result.model.encoder.norm.kind == "rms_norm");
}

TEST_CASE("how biases start has no effect where there are none", "[model][config]") {
  CHECK(told({R"({"feed_forward.bias": false, "initialization.feed_forward.bias": "torch_linear"})"}).errors ==
        Texts{"layer 0: initialization.feed_forward.bias: has no effect: there are no such biases"});
  CHECK(told({R"({"attention.bias": false, "initialization.query_key_value.bias": "torch_linear"})"}).errors.size() ==
        1);
  CHECK(told({R"({"encoder.attention.bias": false, "initialization.query_key_value.bias": "torch_linear"})"})
            .errors.empty());
}

TEST_CASE("heads must divide d_model unless their widths are named", "[model][config]") {
  const std::string law =
      "attention.heads: d_model 10 is not a multiple of 4 heads: change one of them, or name d_k and d_v";
  CHECK(told({R"({"d_model": 10})", R"({"attention.heads": 4})"}).errors == Texts{"layer 1: " + law});
  CHECK(told({R"({"d_model": 10})", R"({"decoder.attention.heads": 4, "encoder.attention.heads": 5})"}).errors ==
        Texts{"layer 1: decoder." + law});
  CHECK(told({R"({"d_model": 10})"}).errors.size() == 1);
  CHECK(told({R"({"d_model": 10, "attention": {"heads": 4, "d_k": 3, "d_v": 3}})"}).errors == Texts{});
  CHECK_FALSE(told({R"({"d_model": 10, "attention": {"heads": 4, "d_k": 3}})"}).errors.empty());
  CHECK(told({R"({"decoder.cross_attention.heads": 3})"}).errors ==
        Texts{"layer 0: decoder.cross_attention.heads: d_model 512 is not a multiple of 3 heads: change one "
              "of them, "
              "or name d_k and d_v"});
}

TEST_CASE("key-value heads must divide heads", "[model][config]") {
  CHECK(testing::mentions(told({R"({"attention": {"kind": "grouped_query", "key_value_heads": 3}})"}).errors.front(),
                          "attention.key_value_heads: must divide heads: 3 does not divide 8"));
}

TEST_CASE("rotary positions need an even number of coordinates", "[model][config]") {
  const Texts errors = told({R"({"d_model": 12, "attention.heads": 4, "encoder.position.kind": "rotary"})"}).errors;
  REQUIRE(errors.size() == 1);
  CHECK(testing::mentions(errors.front(), "encoder.position: rotary positions turn pairs"));
  CHECK(told({R"({"position": {"kind": "rotary", "fraction": 0.25}})"}).errors == Texts{});
  CHECK_FALSE(told({R"({"position": {"kind": "rotary", "fraction": 0.001}})"}).errors.empty());
}

TEST_CASE("tying source and target needs one vocabulary", "[model][config]") {
  const auto errors = [](const std::string& tying, const std::string& sizes) {
    return told({(R"({"embedding.tying": ")" + tying + "\"" + sizes + "}").c_str()}).errors;
  };
  const std::string apart = R"(, "vocabulary": 100, "target_vocabulary": 50)";
  const std::string equal = R"(, "vocabulary": 100, "target_vocabulary": 100)";
  for (const auto& row : tying_table().rows()) {
    const std::string tying(row.info.name);
    INFO(tying);
    CHECK(errors(tying, "").empty());
    CHECK(errors(tying, equal).empty());
    CHECK(errors(tying, apart).empty() == !row.value.shares_vocabulary());
  }
  CHECK(errors("all", apart) == Texts{"layer 0: embedding.tying: 'all' needs one vocabulary for both sides"});
}

TEST_CASE("a resolved model section reads back to the same model", "[model][config]") {
  for (const char* text : {"{}", R"({"d_model": 64, "attention": {"kind": "grouped_query", "heads": 4, "d_k": 10},
                  "encoder": {"norm": {"kind": "rms_norm"},
                              "position": {"kind": "rotary", "pairing": "half"}},
                  "decoder": {"layers": 2, "cross_attention": {"kind": "multi_query", "scale": 0.5}}})",
                           R"({"norm": {"kind": "none"}, "residual.kind": "sandwich",
            "embedding": {"tying": "none", "dropout": 0},
            "initialization": {"embedding": {"kind": "normal", "std": 0.1}}, "vocabulary": 10001})"}) {
    INFO(text);
    const ModelConfig model = read_model(text);
    for (const config::Extent extent : {config::Extent::brief, config::Extent::expanded}) {
      const Json written = Writer::write(model, extent);
      CHECK(Writer::write(read_model(written.dump()), extent).dump() == written.dump());
    }
  }
}

TEST_CASE("a change of the whole model is written once", "[model][config]") {
  const auto changes = config::difference(Writer::write(read_model("{}")),
                                          Writer::write(read_model(R"({"feed_forward.kind": "swiglu"})")));
  REQUIRE(changes.size() == 1);
  CHECK(changes.front().path == "feed_forward.kind");
  CHECK(changes.front().after == "swiglu");
}

TEST_CASE("everything wrong with a model section is told at once", "[model][config]") {
  const Texts errors = told({R"({"d_modle": 3, "norm": {"kind": "batch_norm"}, "feed_forward": {"kind": "reluu"},
      "dropout": 1, "encoder": {"layers": 0, "depth": 3}, "embedding": {"tying": "some"}})"})
                           .errors;
  CHECK(errors.size() == 7);
  for (const char* expected :
       {"d_modle: unknown key (did you mean 'd_model'?)", "norm.kind: unknown norm 'batch_norm'",
        "feed_forward.kind: unknown feed_forward 'reluu' (did you mean 'relu'?)",
        "dropout: must be from 0 to below 1, not 1", "encoder.layers: must be from 1 to 10000, not 0",
        "encoder.depth: unknown key", "embedding.tying: unknown embedding tying 'some'"}) {
    INFO(expected);
    CHECK(std::any_of(errors.begin(), errors.end(),
                      [&](const std::string& error) { return testing::mentions(error, expected); }));
  }
}
