// Every published architecture, imported, against the library's own logits, states, gradients and greedy texts.
#include "tests/experiments/lab/hugging_face/golden.h"

#include "transformer/config/writer.h"
#include "transformer/decoding/generate.h"
#include "transformer/model/layer_states.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

double tolerance_of(const Golden& golden, at::ScalarType dtype) {
  if (dtype == at::kFloat) return tolerance::published_in_float;
  return golden.name.starts_with("bloom") ? tolerance::eight_digits : tolerance::published_in_double;
}

/// max |a - b| as a share of the largest |b|, or of `at_least` where that is more.
double share(const Tensor& actual, const Tensor& expected, double at_least = 0) {
  if (!actual.defined() || actual.sizes() != expected.sizes()) return INFINITY;
  const Tensor wanted = expected.to(at::kDouble);
  const double far = (actual.detach().to(at::kDouble) - wanted).abs().max().item<double>();
  const double largest = std::max(at_least, wanted.abs().max().item<double>());
  return std::isfinite(far) && largest > 0 ? far / largest : far == 0 ? 0 : INFINITY;
}

/// The positions that are not padding, (n, …).
Tensor where_real(const Tensor& x, const Tensor& mask) { return x.flatten(0, 1).index({mask.to(at::kBool).flatten()}); }

double largest_of(const NamedTensors& tensors) {
  double largest = 0;
  for (const auto& [name, tensor] : tensors) largest = std::max(largest, tensor.abs().max().item<double>());
  return largest;
}

/// d(loss)/d(parameter). A bias of keys without rotation has none in exact arithmetic, as every key of a query gets the
/// same: what is left of it is rounding, measured by the largest of all gradients.
void compare_gradients(const Golden& golden, Transformer& model, const Tensor& loss, double allowed) {
  const hf::ImportedConfig imported = import_config(golden);
  const NamedTensors expected =
      hf::import_tensors(*imported.architecture, imported.model, golden.of("gradient."), golden.name, at::kDouble);
  const double largest = largest_of(expected);
  const auto found = gradients(model, loss);
  REQUIRE(found.size() == expected.size());
  for (const auto& [name, gradient] : found) {
    INFO("gradient of " << name);
    const double size = expected.at(name).abs().max().item<double>();
    const bool is_rounding = size < tolerance::nothing_but_rounding * largest;
    CHECK(share(gradient.defined() ? gradient : at::zeros_like(expected.at(name)), expected.at(name),
                is_rounding ? largest : 0) <= allowed);
  }
}

/// What every layer reads, and what the stack gives, where nothing is padding.
void compare_states(const Golden& golden, const std::string& prefix, const std::vector<Tensor>& states,
                    const Tensor& mask, double allowed) {
  REQUIRE(states.size() >= 2);
  CHECK_FALSE(golden.tensors.contains(prefix + "hidden_states." + std::to_string(states.size())));
  for (std::size_t i = 0; i < states.size(); ++i) {
    INFO(prefix << "hidden_states." << i);
    const Tensor& expected = golden.at(prefix + "hidden_states." + std::to_string(i));
    CHECK(share(where_real(states[i], mask), where_real(expected, mask)) <= allowed);
  }
  const Tensor& last = golden.at(prefix + "last_hidden_state");
  CHECK(share(where_real(states.back(), mask), where_real(last, mask)) <= allowed);
}

/// The scores that the loss is of, with a row each: of words at every place, of texts, or the coordinates of a pooled
/// state. What is padding has no label.
Tensor compare_encoder(const Golden& golden, Transformer& model, const Tensor& mask, double allowed) {
  LayerStates layers;
  const Memory memory = model.encode(golden.at("input_ids"), nullptr, mask, golden.token_types());
  compare_states(golden, "", layers.of("encoder"), mask, allowed);
  const Tensor said = model.head_states(memory);
  if (model.head()->kind == "words") {
    const Tensor logits = model.logits(said);
    CHECK(share(where_real(logits, mask), where_real(golden.at("logits"), mask)) <= allowed);
    return logits.flatten(0, 1);
  }
  const Tensor of_texts = (model.has_output() ? model.logits(said) : said).squeeze(1);
  CHECK(share(of_texts, golden.at(model.has_output() ? "logits" : "pooler_output")) <= allowed);
  return of_texts;
}

Tensor compare_decoder(const Golden& golden, Transformer& model, const Tensor& mask, double allowed) {
  LayerStates layers;
  Memory memory;
  Tensor target = golden.at("input_ids"), target_mask = mask;
  if (golden.has_encoder()) {
    memory = model.encode(golden.at("input_ids"), nullptr, mask);
    compare_states(golden, "encoder_", layers.of("encoder"), mask, allowed);
    target = golden.at("decoder_input_ids");
    target_mask = golden.at("decoder_attention_mask").to(at::kBool);
  }
  const Tensor logits = model.logits(model.decode(target, memory, nullptr, nullptr, target_mask));
  compare_states(golden, "", layers.of("decoder"), target_mask, allowed);
  CHECK(share(where_real(logits, target_mask), where_real(golden.at("logits"), target_mask)) <= allowed);
  return logits.flatten(0, 1);
}

void compare(const Golden& golden, at::ScalarType dtype) {
  const double allowed = tolerance_of(golden, dtype);
  const auto model = import_model(golden, dtype);
  const Tensor mask = golden.at("attention_mask").to(at::kBool);
  const Tensor scores = golden.is_encoder_alone() ? compare_encoder(golden, *model, mask, allowed)
                                                  : compare_decoder(golden, *model, mask, allowed);
  const Tensor labels = golden.at("labels").flatten();
  const Tensor loss = at::isFloatingType(labels.scalar_type())
                          ? at::mse_loss(scores.flatten(), labels.to(scores.scalar_type()))
                          : at::cross_entropy_loss(scores, labels, {}, at::Reduction::Mean, /*ignore_index=*/-100);
  CHECK(share(loss, golden.at("loss")) <= allowed);
  const bool cancels = dtype == at::kFloat && golden.name == "pegasus_2";
  compare_gradients(golden, *model, loss, cancels ? tolerance::cancelled_in_float : allowed);
}

std::vector<std::int64_t> ids_of(const Tensor& row) {
  const Tensor plain = row.contiguous();
  return {plain.const_data_ptr<std::int64_t>(), plain.const_data_ptr<std::int64_t>() + plain.numel()};
}

/// What the model writes greedily for the golden file's prompt.
std::vector<std::int64_t> written(const Golden& golden, Transformer& model, Caching caching) {
  const hf::Symbols symbols = import_config(golden).symbols;
  const auto most = static_cast<std::int64_t>(12);
  if (golden.has_encoder()) {
    DecodingConfig config;
    config.kind = "greedy";
    config.max_length_factor = 0;
    config.max_length_constant = most;
    const Hypotheses found = decode(model, golden.at("prompt"), {*symbols.start, *symbols.end, *symbols.pad}, config,
                                    /*seed=*/1, {}, caching);
    std::vector<std::int64_t> tokens = found.at(0).at(0).tokens;
    if (found[0][0].finished) tokens.push_back(*symbols.end);
    return tokens;
  }
  GenerationConfig config;
  config.tokens = most;
  config.temperature = 0;
  return generate(model, {ids_of(golden.at("prompt")[0])}, {}, config, /*seed=*/1, 1, {}, caching).at(0).tokens;
}

}  // namespace

TEST_CASE("published: there are two golden files or more of every architecture", "[hugging_face]") {
  const std::vector<std::string> names = golden_names();
  for (const hf::Architecture& row : hf::architectures()) {
    INFO(row.name);
    CHECK(std::ranges::count_if(names, [&](const std::string& name) { return name.starts_with(row.name + "_"); }) >= 2);
  }
}

TEST_CASE("published: logits, states of every layer and gradients in double", "[hugging_face]") {
  for (const std::string& name : golden_names()) {
    INFO(name);
    compare(read_golden(name), at::kDouble);
  }
}

TEST_CASE("published: logits, states of every layer and gradients in float", "[hugging_face]") {
  for (const std::string& name : golden_names()) {
    INFO(name);
    compare(read_golden(name), at::kFloat);
  }
}

TEST_CASE("published: greedy texts, token for token, with and without a cache", "[hugging_face]") {
  for (const std::string& name : golden_names()) {
    INFO(name);
    const Golden golden = read_golden(name);
    if (golden.is_encoder_alone()) continue;
    const auto model = import_model(golden, at::kFloat);
    const std::vector<std::int64_t> expected = ids_of(golden.at("generated")[0]);
    CHECK(written(golden, *model, Caching::on) == expected);
    CHECK(written(golden, *model, Caching::off) == expected);
  }
}

TEST_CASE("published: an export has the imported tensors, bit for bit, and describes the same model",
          "[hugging_face]") {
  for (const std::string& name : golden_names()) {
    INFO(name);
    const Golden golden = read_golden(name);
    const hf::ImportedConfig imported = import_config(golden);
    const NamedTensors ours =
        hf::import_tensors(*imported.architecture, imported.model, golden.weights(), name, at::kFloat);
    const NamedTensors again = hf::export_tensors(*imported.architecture, imported.model, ours);
    const NamedTensors weights = golden.weights();
    REQUIRE(again.size() == weights.size());
    for (const auto& [tensor, value] : weights) {
      INFO(tensor);
      REQUIRE(again.contains(tensor));
      CHECK(again.at(tensor).equal(value));
    }
    const Json config = hf::export_config(*imported.architecture, imported.model, imported.symbols);
    const bool own_output = hf::has_own_output(*imported.architecture, again);
    const hf::ImportedConfig second = hf::import_config(config, "exported", own_output);
    CHECK(config::Writer::write(second.model) == config::Writer::write(imported.model));
    CHECK(second.symbols.start == imported.symbols.start);
    CHECK(second.symbols.end == imported.symbols.end);
    CHECK(second.symbols.pad == imported.symbols.pad);
  }
}
