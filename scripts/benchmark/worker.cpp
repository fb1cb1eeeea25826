// `ablate_bench WORK`: our side of scripts/bench. WORK is a JSON object (works.py writes it). The worker prepares the
// work and prints {"ready": true}; then, for every line "N" on standard input, does it N times and prints the list of
// the seconds that each time took.
#include "data/batching.h"
#include "transformer/config/reader.h"
#include "transformer/core/error.h"
#include "transformer/core/memory.h"
#include "transformer/decoding/decode.h"
#include "transformer/training/autocast.h"
#include "transformer/training/step.h"

#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <chrono>
#include <iostream>

namespace {

using namespace ablate;
using Work = std::function<void()>;

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

Work prepare(const Json& work) {
  const std::string kind = work.at("kind");
  if (kind == "train") return train(work);
  if (kind == "batching") return make_batch(work);
  if (kind == "decode") return translate(work);
  if (kind == "attention") return attention(work);
  if (kind == "gemm") return matrix_product(work);
  throw UserError("unknown kind of work '" + kind + "'");
}

int serve(const Json& description) {
  at::set_num_threads(description.at("threads"));
  at::manual_seed(1);
  const Work work = prepare(description);
  std::cout << R"({"ready": true})" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    Json seconds = Json::array();
    for (int i = std::stoi(line); i > 0; --i) {
      const auto start = std::chrono::steady_clock::now();
      work();
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
