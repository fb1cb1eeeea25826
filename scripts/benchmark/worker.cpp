// `ablate_bench WORK`: our side of scripts/bench. WORK is a JSON object (works.py writes it). The worker prepares the
// work and prints {"ready": true}; then, for every line "N" on standard input, does it N times and prints the list of
// the seconds that each time took. A language model's worker says beside "ready" what it made of its first input.
#include "data/batching.h"
#include "experiments/lab/hugging_face/conversion.h"
#include "transformer/config/reader.h"
#include "transformer/core/error.h"
#include "transformer/core/memory.h"
#include "transformer/decoding/generate.h"
#include "transformer/training/autocast.h"
#include "transformer/training/checkpoint.h"
#include "transformer/training/step.h"

#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <chrono>
#include <cmath>
#include <iostream>

namespace {

using namespace ablate;
using Work = std::function<void()>;

/// A work, and what a peer that does the same has to find, too: null where nothing is compared.
struct Prepared {
  Work work;
  Json check = nullptr;
};

template <class Object>
Object read(const Json& section, const char* name) {
  Object object;
  config::read_strictly(object, config::expand_dotted(section, name), name);
  return object;
}

constexpr TargetSymbols symbols{.bos = 0, .eos = 2, .pad = 1};
constexpr std::int64_t first_word = 3;

Tensor random_words(std::int64_t rows, std::int64_t length, std::int64_t vocabulary) {
  return at::randint(first_word, vocabulary, {rows, length}, at::kLong);
}

std::shared_ptr<Transformer> model_of(const Json& work) {
  const std::int64_t vocabulary = work.at("vocabulary");
  return make_transformer(read<ModelConfig>(work.at("model"), "model"), {vocabulary, vocabulary, symbols.pad}, at::kCPU,
                          /*seed=*/1);
}

/// A whole update, from token ids on: what the trainer repeats.
Work train(const Json& work) {
  const auto model = model_of(work);
  model->train();
  const auto step = std::make_shared<TrainingStep>(*model, read<TrainingConfig>(work.at("training"), "training"));
  const std::int64_t rows = work.at("batch"), length = work.at("length"), vocabulary = work.at("vocabulary");
  Batch batch;
  batch.source = random_words(rows, length, vocabulary);
  batch.target_output = random_words(rows, length, vocabulary);
  batch.target_input = at::cat({at::full({rows, 1}, symbols.bos, at::kLong), batch.target_output.slice(1, 0, -1)}, 1);
  batch.source_tokens = batch.target_tokens = rows * length;
  return [model, step, batch] { step->run({batch}, 1e-4); };
}

Work translate(const Json& work) {
  const auto model = model_of(work);
  const auto decoding = read<DecodingConfig>(work.at("decoding"), "decoding");
  const Tensor source = random_words(work.at("batch"), work.at("source"), work.at("vocabulary"));
  const std::int64_t length = decoding.max_length_constant;
  return [=] {
    for (const auto& hypotheses : decode(*model, source, symbols, decoding, /*seed=*/1)) {
      const auto found = static_cast<std::int64_t>(hypotheses.front().tokens.size());
      if (found + hypotheses.front().finished != length) throw RunError("a target does not have the length asked for");
    }
  };
}

/// What training needs before every update, from tokens in memory on: a batch of ids.
Work make_batch(const Json& work) {
  const std::int64_t rows = work.at("batch"), length = work.at("length"), vocabulary = work.at("vocabulary");
  const Tensor words = random_words(2 * rows, length - 1, vocabulary).to(at::kInt).contiguous();
  const std::int32_t* const from = words.const_data_ptr<std::int32_t>();
  std::vector<data::Example> examples;
  const auto sentence = [&](std::int64_t i) {
    return std::span<const std::int32_t>(from + i * (length - 1), static_cast<std::size_t>(length - 1));
  };
  for (std::int64_t row = 0; row < rows; ++row) examples.push_back({sentence(row), sentence(rows + row), row});
  return [words, examples] {
    const data::BatchSymbols ids{symbols.pad, symbols.eos, symbols.pad, symbols.bos, symbols.eos};
    if (data::collate(examples, ids).source.size(0) == 0) throw RunError("an empty batch");
  };
}

/// Causal self-attention with its projections, forward and backward.
Work attention(const Json& work) {
  const auto model = read<ModelConfig>(work.at("model"), "model");
  const Precision precision = precision_table().at(work.at("precision").get<std::string>());
  ParameterFactory factory(at::kCPU);
  const auto layer =
      make_attention(model.decoder.attention, model.d_model, attention_initialization(model.initialization), factory);
  factory.initialize(/*seed=*/1);
  const Tensor x = at::randn({work.at("batch"), work.at("length"), model.d_model}).requires_grad_(true);
  const Tensor upstream = at::randn(x.sizes());
  return [=] {
    layer->zero_grad(/*set_to_none=*/true);
    x.mutable_grad().reset();
    const AttentionMask mask = causal_mask();
    Tensor y;
    {
      const Autocast autocast(precision, at::kCPU);
      y = layer->forward({.query_BTD = x, .memory_BSD = x, .mask = mask});
    }
    y.backward(upstream.to(y.scalar_type()));
  };
}

std::shared_ptr<Transformer> language_model_of(const ModelConfig& config) {
  const std::int64_t vocabulary = config.vocabulary.value();
  return make_transformer(config, {vocabulary, vocabulary, /*pad=*/-1}, at::kCPU, /*seed=*/1);
}

/// (B, T + 1): the same in all processes that are given the same work.
Tensor text_of(const Json& work, const ModelConfig& config) {
  at::manual_seed(1);
  return random_words(work.at("batch"), work.at("length").get<std::int64_t>() + 1, config.vocabulary.value());
}

/// Writes weights and text of a language model for the peers, under the names of GPT-2's published files.
Work publish(const Json& work) {
  const auto config = read<ModelConfig>(work.at("model"), "model");
  const std::filesystem::path folder = work.at("folder").get<std::string>();
  const NamedTensors text{{"text", text_of(work, config)}};
  const lab::hugging_face::Architecture& gpt2 = lab::hugging_face::architecture("gpt2", "ablate_bench");
  const NamedTensors weights = lab::hugging_face::export_tensors(gpt2, config, weights_of(*language_model_of(config)));
  return [=] {
    write_tensors(folder / "text.safetensors", {text, {}});
    write_tensors(folder / "model.safetensors", {weights, {}});
  };
}

/// A whole update of a language model: every token of the text predicts the next one.
Prepared train_language_model(const Json& work) {
  const auto config = read<ModelConfig>(work.at("model"), "model");
  const auto model = language_model_of(config);
  const Tensor text = text_of(work, config);
  Batch batch;
  batch.target_input = text.slice(1, 0, -1).contiguous();
  batch.target_output = text.slice(1, 1).contiguous();
  batch.target_tokens = batch.target_output.numel();
  const auto whole = [&batch](std::int64_t) { return batch; };
  const double loss = evaluate_loss(*model, 1, whole, {.label_smoothing = 0}).nll;
  model->train();
  const auto step = std::make_shared<TrainingStep>(*model, read<TrainingConfig>(work.at("training"), "training"));
  const Json check = {{"loss", loss}};
  return {[model, step, batch] { step->run({batch}, 1e-4); }, check};
}

/// Goes on with every row of the text by the likeliest tokens, as many as are asked for.
Prepared continue_text(const Json& work) {
  const auto config = read<ModelConfig>(work.at("model"), "model");
  const auto model = language_model_of(config);
  const Tensor text = text_of(work, config).slice(1, 0, -1).contiguous();
  const std::int64_t* const from = text.const_data_ptr<std::int64_t>();
  std::vector<std::vector<std::int64_t>> prompts;
  for (std::int64_t row = 0; row < text.size(0); ++row) {
    prompts.emplace_back(from + row * text.size(1), from + (row + 1) * text.size(1));
  }
  const GenerationConfig generation{.tokens = work.at("new_tokens").get<std::int64_t>(), .temperature = 0};
  const auto continuations = [=] {
    std::vector<std::vector<std::int64_t>> found;
    for (const Continuation& one : generate(*model, prompts, {}, generation, /*seed=*/1)) found.push_back(one.tokens);
    return found;
  };
  const Json check = {{"tokens", continuations()}};
  return {[continuations] { continuations(); }, check};
}

/// Reads an array of `bytes`: by its sum, as a matrix times a vector, or by a copy, which writes as much.
Work memory_traffic(const Json& work) {
  const std::int64_t numbers = work.at("bytes").get<std::int64_t>() / 4;
  const std::string how = work.at("how");
  if (how == "product") {
    const auto n = static_cast<std::int64_t>(std::sqrt(static_cast<double>(numbers)));
    const Tensor matrix = at::ones({n, n}), vector = at::ones({n});
    return [=] { at::mv(matrix, vector); };
  }
  const Tensor from = at::ones({numbers});
  if (how == "sum") return [=] { from.sum(); };
  const Tensor to = at::empty_like(from);
  return [=] { to.copy_(from); };
}

/// The larger of what MKL and oneDNN reach; LibTorch's own choice is one of the two.
Work matrix_product(const Json& work) {
  const std::int64_t n = work.at("size");
  const at::ScalarType dtype = work.at("precision") == "bf16" ? at::kBFloat16 : at::kFloat;
  const Tensor a = at::randn({n, n}).to(dtype), b = at::randn({n, n}).to(dtype);
  if (work.at("library") == "libtorch") return [=] { at::mm(a, b); };
  const auto one_dnn = c10::Dispatcher::singleton()
                           .findSchemaOrThrow("mkldnn::_linear_pointwise", "")
                           .typed<Tensor(const Tensor&, const Tensor&, const std::optional<Tensor>&, std::string_view,
                                         c10::List<std::optional<at::Scalar>>, std::optional<std::string_view>)>();
  return [=] { one_dnn.call(a, b, {}, "none", c10::List<std::optional<at::Scalar>>(), ""); };
}

Prepared prepare(const Json& work) {
  const std::string kind = work.at("kind");
  if (kind == "train") return {train(work)};
  if (kind == "batching") return {make_batch(work)};
  if (kind == "decode") return {translate(work)};
  if (kind == "attention") return {attention(work)};
  if (kind == "publish") return {publish(work)};
  if (kind == "train_language_model") return train_language_model(work);
  if (kind == "continue_text") return continue_text(work);
  if (kind == "gemm") return {matrix_product(work)};
  if (kind == "memory") return {memory_traffic(work)};
  throw UserError("unknown kind of work '" + kind + "'");
}

int serve(const Json& description) {
  at::set_num_threads(description.at("threads"));
  at::manual_seed(1);
  const Prepared prepared = prepare(description);
  const Json ready = {{"ready", true}, {"check", prepared.check}};
  std::cout << ready.dump() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    Json seconds = Json::array();
    for (int i = std::stoi(line); i > 0; --i) {
      const auto start = std::chrono::steady_clock::now();
      prepared.work();
      seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    std::cout << seconds.dump() << std::endl;
  }
  return 0;
}

}  // namespace

int main(int argc, char* argv[]) {
  keep_freed_memory();
  try {
    if (argc != 2) throw UserError("usage: ablate_bench WORK");
    return serve(Json::parse(argv[1]));
  } catch (const std::exception& error) {
    std::cerr << "ablate_bench: " << error.what() << "\n";
    return 1;
  }
}
