// Laws that every row of every table must obey, each put into a tiny model.
#include "tests/contract/variations.h"
#include "tests/temporary_folder.h"
#include "transformer/config/writer.h"
#include "transformer/training/autocast.h"
#include "transformer/training/checkpoint.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

constexpr std::int64_t pad = tiny_vocabulary.pad;
const Tensor source = tokens({{5, 6, 7, 8, 2}, {9, 10, 2, pad, pad}});
const Tensor target = tokens({{3, 4, 5, 6}, {3, 9, 10, 11}});

/// Empty where the family has no encoder.
Memory memory_of(Transformer& model, const Tensor& source_tokens, AttentionTrace* trace = nullptr) {
  return model.has_encoder() ? model.encode(source_tokens, trace) : Memory{};
}

/// What the model says: of every target token, of every source token, or of the text as a whole.
Tensor scores(Transformer& model, const Tensor& source_tokens, const Tensor& target_tokens) {
  if (!model.has_decoder()) {
    Batch batch;
    batch.source = source_tokens;
    const Tensor hidden = model.forward(batch);
    const Tensor said = model.has_output() ? model.logits(hidden) : hidden;
    // What would be said in the place of padding is asked by nobody, and its vector is not trained.
    return said.size(1) == 1 ? said : said * source_tokens.ne(pad).unsqueeze(2);
  }
  return model.logits(model.decode(target_tokens, memory_of(model, source_tokens)));
}

/// Every token goes to all experts.
ModelConfig with_all_experts(ModelConfig model) {
  for (BlockConfig* stack : {static_cast<BlockConfig*>(&model.encoder), static_cast<BlockConfig*>(&model.decoder)}) {
    stack->feed_forward.experts.per_token = stack->feed_forward.experts.number;
  }
  return model;
}

bool finite(const Tensor& x) { return x.isfinite().all().item<bool>(); }

}  // namespace

TEST_CASE("the walk finds the tables of the model section", "[contract]") {
  std::vector<std::string> paths;
  for (const ChoiceFinder::Found& key : ChoiceFinder::find()) paths.push_back(key.path);
  for (const char* expected : {"norm.kind",
                               "residual.kind",
                               "feed_forward.kind",
                               "position.kind",
                               "position.pairing",
                               "position.scaling.kind",
                               "attention.kind",
                               "family",
                               "decoder.cross_attention.kind",
                               "embedding.tying",
                               "embedding.scale",
                               "embedding.factorization.kind",
                               "embedding.factorization.output",
                               "feed_forward.experts.kind",
                               "sharing",
                               "encoder.sharing",
                               "position.vectors",
                               "head.kind",
                               "head.pooling",
                               "head.activation",
                               "decoder.position.vectors",
                               "initialization.embedding.kind",
                               "initialization.query_key_value.bias",
                               "encoder.norm.kind",
                               "decoder.position.pairing"}) {
    INFO(expected);
    CHECK(std::find(paths.begin(), paths.end(), expected) != paths.end());
  }
  CHECK(variations().size() > 100);
}

TEST_CASE("every variant gives finite scores of the right shape and dtype", "[contract]") {
  for (const Variation& variation : variations()) {
    INFO(variation.name);
    for (const at::ScalarType dtype : {at::kFloat, at::kDouble}) {
      const auto model = make_varied(variation.model, dtype);
      const Memory memory = memory_of(*model, source);
      if (model->has_encoder()) CHECK(memory.states.sizes() == at::IntArrayRef({2, 5, 8}));
      if (!model->has_decoder()) {
        const Tensor said = scores(*model, source, target);
        CHECK(said.size(1) == (variation.model.head.kind == "words" ? 5 : 1));
        CHECK(said.scalar_type() == dtype);
        CHECK(finite(said));
        continue;
      }
      const Tensor hidden = model->decode(target, memory);
      CHECK(hidden.sizes() == at::IntArrayRef({2, 4, 8}));
      CHECK(hidden.scalar_type() == dtype);
      const Tensor logits = model->logits(hidden);
      CHECK(logits.sizes() == at::IntArrayRef({2, 4, 13}));
      CHECK(logits.scalar_type() == dtype);
      CHECK(finite(logits));
    }
  }
}

TEST_CASE("every variant that is saved and loaded gives the same scores", "[contract]") {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder / "weights.safetensors";
  for (const Variation& variation : variations()) {
    INFO(variation.name);
    const auto saved = make_varied(variation.model, at::kFloat, 1);
    const auto loaded = make_varied(variation.model, at::kFloat, 1000);
    write_tensors(file, {weights_of(*saved), {}});
    load_weights(*loaded, read_tensors(file).tensors, file.string());
    CHECK(scores(*loaded, source, target).equal(scores(*saved, source, target)));
  }
}

TEST_CASE("every variant in bf16 is finite and close to fp32", "[contract]") {
  for (const Variation& variation : variations()) {
    INFO(variation.name);
    // Whom a token goes to is a step function of its logits, at which a rounding may send it elsewhere.
    const auto model = make_varied(with_all_experts(variation.model), at::kFloat);
    const Tensor expected = scores(*model, source, target);
    const Autocast autocast(Precision::bf16, at::kCPU);
    const Tensor found = scores(*model, source, target).to(at::kFloat);
    CHECK(finite(found));
    // Eight bits of mantissa, some dozen roundings one after the other.
    CHECK((found - expected).abs().max().item<double>() < 0.1 * (1 + expected.abs().max().item<double>()));
  }
}

TEST_CASE("every parameter of every variant gets a finite gradient", "[contract]") {
  for (const Variation& variation : variations()) {
    INFO(variation.name);
    ParameterFactory factory(at::kCPU);
    // An expert that no token goes to learns nothing.
    Transformer model(with_all_experts(variation.model), tiny_vocabulary, factory);
    factory.initialize(1);
    model.train();
    for (const auto& [name, gradient] : gradients(model, weighted_sum(scores(model, source, target)))) {
      INFO(name);
      REQUIRE(gradient.defined());
      CHECK(finite(gradient));
      if (!name.ends_with("bias")) CHECK(gradient.abs().max().item<double>() > 0);
    }
  }
}

TEST_CASE("the gradient of every variant is the limit of differences", "[contract][slow]") {
  constexpr double step = 1e-6;
  for (const Variation& variation : variations(/*everywhere=*/false)) {
    INFO(variation.name);
    ModelConfig config = variation.model;
    config.encoder.layers = config.decoder.layers = 1;
    const auto model = make_varied(config, at::kDouble);
    const auto loss = [&] { return weighted_sum(scores(*model, source, target)) / 10; };
    const auto all = gradients(*model, loss());
    at::NoGradGuard no_grad;
    std::uint64_t seed = 1;
    for (const auto& [name, gradient] : all) {
      INFO(name);
      Tensor parameter = model->named_parameters()[name];
      const Tensor direction = normal(parameter.sizes(), ++seed);
      const Tensor start = parameter.clone();
      parameter.copy_(start + step * direction);
      const double above = loss().item<double>();
      parameter.copy_(start - step * direction);
      const double below = loss().item<double>();
      parameter.copy_(start);
      const double expected = (above - below) / (2 * step);
      const double actual = (gradient * direction).sum().item<double>();
      CHECK(actual == Approx(expected).epsilon(tolerance::finite_difference).margin(tolerance::finite_difference));
    }
  }
}

TEST_CASE("every variant is a function of its seed", "[contract]") {
  for (const Variation& variation : variations()) {
    INFO(variation.name);
    ModelConfig config = variation.model;
    config.encoder.dropout = config.decoder.dropout = 0.2;
    config.encoder.attention.dropout = config.decoder.cross_attention.dropout = 0.2;
    const auto trained = [&](std::uint64_t seed, std::uint64_t dropout_seed) {
      const auto model = make_transformer(config, tiny_vocabulary, at::kCPU, seed);
      model->train();
      at::manual_seed(dropout_seed);
      return scores(*model, source, target);
    };
    const Tensor first = trained(1, 1);
    CHECK(trained(1, 1).equal(first));
    CHECK_FALSE(trained(2, 1).equal(first));
    CHECK_FALSE(trained(1, 2).equal(first));
  }
}

TEST_CASE("no variant lets a target token change what stands before it", "[contract]") {
  for (const Variation& variation : variations()) {
    INFO(variation.name);
    const auto model = make_varied(variation.model, at::kDouble);
    if (!model->has_decoder()) continue;
    const Tensor expected = scores(*model, source, target);
    for (std::int64_t changed = 0; changed < target.size(1); ++changed) {
      INFO("token " << changed);
      Tensor other = target.clone();
      other.select(1, changed).fill_(12);
      const Tensor actual = scores(*model, source, other);
      CHECK_CLOSE(actual.slice(1, 0, changed), expected.slice(1, 0, changed), tolerance::same_in_double);
      CHECK(distance(actual.select(1, changed), expected.select(1, changed)) > 1e-9);
    }
  }
}

TEST_CASE("padding changes nothing in any variant", "[contract]") {
  for (const Variation& variation : variations()) {
    INFO(variation.name);
    const auto model = make_varied(variation.model, at::kDouble);
    const Tensor alone = scores(*model, tokens({{9, 10, 2}}), tokens({{3, 9, 10}}));
    const Tensor padded = scores(*model, tokens({{9, 10, 2, pad, pad}}), tokens({{3, 9, 10, pad}}));
    CHECK_CLOSE(padded.slice(1, 0, 3), alone, tolerance::same_in_double);
    CHECK_CLOSE(scores(*model, source, target)[1].slice(0, 0, 3), alone[0], tolerance::same_in_double);
  }
}

TEST_CASE("cached decoding of every variant is decoding at once", "[contract]") {
  for (const Variation& variation : variations()) {
    INFO(variation.name);
    const auto model = make_varied(variation.model, at::kDouble);
    if (!model->has_decoder()) continue;
    const Memory memory = memory_of(*model, source);
    DecoderCache cache;
    std::vector<Tensor> pieces;
    for (const auto& [first, last] : {std::pair{0, 1}, std::pair{1, 2}, std::pair{2, 4}}) {
      pieces.push_back(model->decode(target.slice(1, first, last), memory, &cache));
    }
    CHECK_CLOSE(at::cat(pieces, 1), model->decode(target, memory), tolerance::same_in_double);
  }
}

TEST_CASE("asking for the weights of any variant does not change its states", "[contract]") {
  for (const Variation& variation : variations()) {
    INFO(variation.name);
    const auto model = make_varied(variation.model, at::kDouble);
    AttentionTrace trace;
    if (!model->has_decoder()) {
      const Tensor states = model->encode(source, &trace).states;
      CHECK_CLOSE(states, model->encode(source).states, tolerance::same_in_double);
      CHECK(trace.weights_BHTS.size() == 2);
      continue;
    }
    const Tensor traced = model->decode(target, memory_of(*model, source, &trace), nullptr, &trace);
    CHECK_CLOSE(traced, model->decode(target, memory_of(*model, source)), tolerance::same_in_double);
    CHECK(trace.weights_BHTS.size() == (model->has_encoder() ? 6 : 2));
  }
}

TEST_CASE("the config of every variant is written and read back", "[contract]") {
  for (const Variation& variation : variations()) {
    INFO(variation.name);
    const Json written = config::Writer::write(variation.model);
    CHECK(config::Writer::write(read_model(written.dump())).dump() == written.dump());
  }
}
