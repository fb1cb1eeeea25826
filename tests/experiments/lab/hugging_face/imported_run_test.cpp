// From a folder of a published model to a run and back.
#include "experiments/lab/hugging_face/imported_run.h"

#include "data/tokenizers/tokenizer.h"
#include "experiments/lab/evaluation.h"
#include "experiments/lab/hugging_face/model_folder.h"
#include "experiments/lab/inspection.h"
#include "experiments/lab/results_table.h"
#include "experiments/lab/starting_point.h"
#include "experiments/lab/stored_run.h"
#include "experiments/lab/trained_run.h"
#include "tests/data/tokenizers/support.h"
#include "tests/experiments/lab/hugging_face/golden.h"
#include "transformer/core/error.h"

#include <tuple>

using namespace ablate;
using namespace ablate::testing;

namespace {

/// A tokenizer of the letters of two lines.
std::unique_ptr<data::Tokenizer> trained_on_letters(const data::TokenizerConfig& config) {
  return data::testing::train(config, {"of few letters", "a small text"});
}

data::TokenizerConfig characters() {
  data::TokenizerConfig config;
  config.kind = "characters";
  return config;
}

}  // namespace

TEST_CASE("published: an imported run is a finished one, which is exported as it came", "[hugging_face]") {
  const TemporaryFolder folder;
  for (const char* name : {"gpt2_1", "falcon_2", "t5_2", "marian_1", "bert_1", "bert_3", "bert_4", "bert_5",
                           "roberta_4", "albert_1", "mixtral_2"}) {
    INFO(name);
    const Golden golden = read_golden(name);
    const std::filesystem::path model = folder / (std::string(name) + ".model"), run = folder / name,
                                out = folder / (std::string(name) + ".exported");
    write_model(golden, model);
    const hf::ImportSummary summary = hf::import_model(model, run);
    CHECK(golden.config.at("model_type") == summary.architecture);
    CHECK(mentions(summary.notes.back(), "no tokenizer"));
    CHECK_THROWS_MENTION(hf::import_model(model, run), "is the folder of a run already");
    CHECK(lab::RunFolder(run).state() == lab::RunState::finished);
    CHECK(mentions(lab::inspect_run(lab::RunFolder(run)), "not trained here"));
    CHECK(lab::runs_table({run}, "", {}).rows.size() == 1);
    hf::export_run(run, out, {});
    const hf::ModelFolder again = hf::read_model_folder(out);
    const NamedTensors weights = golden.weights();
    REQUIRE(again.tensors.size() == weights.size());
    for (const auto& [tensor, value] : weights) CHECK(again.tensors.at(tensor).equal(value));
    CHECK(again.config.at("architectures") == golden.config.at("architectures"));
    CHECK_THROWS_MENTION(hf::export_run(run, out, {}), "is there already");
  }
}

TEST_CASE("published: an imported classifier knows its classes by name, and gives the names back", "[hugging_face]") {
  const TemporaryFolder folder;
  Golden golden = read_golden("bert_4");
  golden.config["id2label"] = {{"0", "worse"}, {"1", "better"}, {"2", "equal"}};
  golden.config["label2id"] = {{"worse", 0}, {"better", 1}, {"equal", 2}};
  write_model(golden, folder / "model");
  hf::import_model(folder / "model", folder / "run");
  lab::TrainedRun run(folder / "run", at::kCPU);
  CHECK(run.label_names().piece(1) == "better");
  CHECK_THROWS_MENTION(run.classify({"a text"}, 4096), "imported without a tokenizer");
  hf::export_run(folder / "run", folder / "exported", {});
  CHECK(hf::read_model_folder(folder / "exported").config.at("id2label") == golden.config.at("id2label"));
  golden.config["id2label"].erase("1");
  golden.config["id2label"]["5"] = "other";
  write_model(golden, folder / "bad");
  CHECK_THROWS_MENTION(hf::import_model(folder / "bad", folder / "none"), "'id2label' has no name for the class 1");
}

TEST_CASE("published: a classifier reads text with its tokenizer, and pairs only as it was trained to",
          "[hugging_face]") {
  const TemporaryFolder folder;
  const auto tokenizer = trained_on_letters(characters());
  for (const char* name : {"bert_4", "roberta_4"}) {
    INFO(name);
    const std::filesystem::path model = folder / (std::string(name) + ".model"), run = folder / name;
    write_model(read_golden(name), model);
    folder.write(std::string(name) + ".model/tokenizer.json", tokenizer->serialize());
    CHECK(hf::import_model(model, run).notes.back() == "tokenizer: tokenizer.json");
    lab::TrainedRun trained(run, at::kCPU);
    const lab::Labelling labelling = trained.classify({"few letters", "text"}, 4096);
    REQUIRE(labelling.lines.size() == 2);
    CHECK(labelling.lines[0].probabilities.size() == 3);
    CHECK(labelling.lines[0].label.starts_with("LABEL_"));
    if (name == std::string("bert_4")) {
      CHECK(trained.classify({"few\ttext"}, 4096).lines.size() == 1);
    } else {
      CHECK_THROWS_MENTION(trained.classify({"text", "few\ttext"}, 4096), "line 2: two texts");
    }
  }
}

TEST_CASE("published: a run without a tokenizer says so when text is asked for", "[hugging_face]") {
  const TemporaryFolder folder;
  write_model(read_golden("gpt2_1"), folder / "model");
  hf::import_model(folder / "model", folder / "run");
  lab::TrainedRun run(folder / "run", at::kCPU);
  CHECK_THROWS_MENTION(run.generate({"a"}, {}, 1, 1), "imported without a tokenizer");
  CHECK_THROWS_MENTION(run.likelihood({"a"}), "imported without a tokenizer");
}

TEST_CASE("published: with a tokenizer an imported run reads and writes text, with the model's own symbols",
          "[hugging_face]") {
  const TemporaryFolder folder;
  const auto tokenizer = trained_on_letters(characters());
  // What a file holds, not its name, tells which tokenizer it is.
  for (const auto& [name, file] : {std::pair{"llama_1", "tokenizer.model"}, {"t5_1", "spiece.model"}}) {
    INFO(name);
    const Golden golden = read_golden(name);
    const std::filesystem::path model = folder / (std::string(name) + ".model"), run = folder / name;
    write_model(golden, model);
    folder.write(std::string(name) + ".model/" + file, tokenizer->serialize());
    CHECK(hf::import_model(model, run).notes.back() == std::string("tokenizer: ") + file);
    lab::TrainedRun trained(run, at::kCPU);
    const hf::Symbols symbols = import_config(golden).symbols;
    CHECK(trained.target_tokenizer().specials().bos == symbols.start);
    CHECK(trained.target_tokenizer().specials().eos == symbols.end);
    if (trained.translates()) {
      const lab::Translation translation = trained.translate({"few letters", "text"}, {.decoding = trained.decoding()});
      CHECK(translation.lines.size() == 2);
      // Nothing beyond the pieces is said, of which the model has more than the tokenizer.
      std::vector<std::int64_t> ids;
      for (const std::int32_t id : trained.target_tokenizer().encode("few letters")) ids.push_back(id);
      const data::Specials specials = trained.target_tokenizer().specials();
      ids.push_back(specials.eos);
      const std::int64_t pieces = trained.target_tokenizer().size();
      REQUIRE(pieces < trained.vocabulary().target_size);
      const Hypotheses limited = decode(trained.model(), at::tensor(ids, at::kLong).unsqueeze(0),
                                        {specials.bos, specials.eos, specials.pad, pieces}, trained.decoding(), 1);
      const auto is_piece = [&](std::int64_t token) { return token < pieces; };
      CHECK(std::ranges::all_of(limited.at(0).at(0).tokens, is_piece));
      REQUIRE(translation.lines[0].hypotheses.size() == 1);
      CHECK(translation.lines[0].hypotheses[0].score == Approx(limited[0][0].score).epsilon(1e-4));
      CHECK(trained.attention("text", "few").size() == 6);
      continue;
    }
    CHECK(trained.generate({"a text"}, {.tokens = 20}, /*seed=*/1, /*samples=*/2).size() == 2);
    CHECK(std::isfinite(trained.likelihood({"a small text"}).at(0).nats));
    CHECK(trained.attention("", "text").size() == 2);
  }
}

TEST_CASE("published: an imported run's tokenizer knows its mask and where words begin", "[hugging_face]") {
  const TemporaryFolder folder;
  write_model(read_golden("bert_1"), folder / "model");
  data::TokenizerConfig config;
  config.kind = "wordpiece";
  config.lowercase = true;
  config.model = folder.write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\ncat\n##s\n").string();
  folder.write("model/tokenizer.json", data::testing::train(config, {})->serialize());
  CHECK(hf::import_model(folder / "model", folder / "run").notes.back() == "tokenizer: tokenizer.json");
  const lab::StoredRun run(folder / "run");
  REQUIRE(run.source != nullptr);
  CHECK(run.source->mask() == 4);
  const std::vector<std::int32_t> ids = run.source->encode("the cats [MASK]");
  CHECK(ids == std::vector<std::int32_t>{5, 6, 7, 4});
  for (const std::int32_t id : ids) {
    INFO(id);
    CHECK(run.source->begins_word(id) == (id != 7));
  }
  // The model's own symbols, and a row that no piece has.
  for (const std::int32_t id : {0, 2, 3, 42}) CHECK(run.source->begins_word(id));
  const data::Specials specials = run.source->specials();
  CHECK(run.vocabulary.source_size == 43);
  CHECK(specials == data::Specials{.pad = 0, .bos = 2, .eos = 3, .unk = 1});
}

TEST_CASE("published: training begins from an imported run, with more words than it has", "[hugging_face]") {
  const TemporaryFolder folder;
  for (const char* name : {"gpt2_1", "t5_1"}) {
    INFO(name);
    const std::filesystem::path model = folder / (std::string(name) + ".model"), run = folder / name;
    write_model(read_golden(name), model);
    hf::import_model(model, run);
    lab::InitializeFromConfig settings;
    settings.run = run.string();
    const auto start = lab::StartingPoints("", "").open(settings);
    CHECK(start->content.size() == 64);
    const VocabularyInfo own = start->run.vocabulary;
    const VocabularyInfo more{own.source_size + 2, own.target_size + 2, own.pad};
    lab::RunConfig config = start->run.config;
    config.training.initialize_from = settings;
    const lab::ParameterTransfer transfer = lab::plan_start(*start, config, more, nullptr, "row");
    CHECK(transfer.fresh.empty());
    CHECK(transfer.unused.empty());
    const auto begun = make_transformer(config.model, more, at::kCPU, /*seed=*/1);
    const NamedTensors published = lab::stored_weights(start->files);
    lab::copy_parameters(transfer, published, *begun, "row");
    for (const auto& [parameter, tensor] : weights_of(*begun)) {
      INFO(parameter);
      const Tensor& theirs = published.at(parameter);
      CHECK(tensor.narrow(0, 0, theirs.size(0)).equal(theirs));
    }
  }
}

namespace {

/// A SentencePiece model of these letters: <pad>, </s>, <unk>, the boundary of words, eleven letters.
std::string model_of_letters() {
  data::TokenizerConfig config;
  config.model_type = "char";
  config.vocabulary_size = 40;
  config.eos_id = 1;
  config.unk_id = 2;
  config.bos_id = -1;
  return trained_on_letters(config)->serialize();
}

/// For those pieces and a model with 43 types: </s>, <unk>, the pieces from the last one on, some more, <pad>.
std::string vocabulary_of_letters() {
  const TemporaryFolder folder;
  const auto letters = data::load_tokenizer(folder.write("letters.model", model_of_letters()));
  Json vocabulary = {{"</s>", 0}, {"<unk>", 1}};
  for (std::int32_t id = 14; id > 2; --id) vocabulary[letters->piece(id)] = vocabulary.size();
  while (vocabulary.size() < 42) vocabulary["more " + std::to_string(vocabulary.size())] = vocabulary.size();
  vocabulary["<pad>"] = 42;
  return vocabulary.dump();
}

/// The run says what it reads and writes with the model's symbols around it, in the model's ids.
void check_translates(lab::TrainedRun& run, const hf::Symbols& symbols) {
  CHECK(run.target_tokenizer().specials().bos == symbols.start);
  CHECK(run.target_tokenizer().specials().eos == symbols.end);
  CHECK(run.target_tokenizer().specials().pad == symbols.pad);
  CHECK(run.target_tokenizer().decode(run.target_tokenizer().encode("few letters")) == "few letters");
  CHECK(run.translate({"few letters", "text"}, {.decoding = run.decoding()}).lines.size() == 2);
}

}  // namespace

TEST_CASE("published: a Marian model comes with a tokenizer for each side", "[hugging_face]") {
  const TemporaryFolder folder;
  const Golden golden = read_golden("marian_1");
  const std::filesystem::path model = folder / "model";
  write_model(golden, model);
  folder.write("model/source.spm", model_of_letters());
  folder.write("model/vocab.json", vocabulary_of_letters());
  const std::string note = hf::import_model(model, folder / "half").notes.back();
  CHECK(note.starts_with("no tokenizer (looked for source.spm); "));
  CHECK(mentions(note, "target.spm: the tokenizer cannot be read"));
  folder.write("model/target.spm", model_of_letters());
  CHECK(hf::import_model(model, folder / "run").notes.back() == "tokenizer: source.spm and target.spm");
  for (const char* file : {"source_tokenizer.vocab.json", "target_tokenizer.vocab.json"}) {
    CHECK(std::filesystem::exists(folder / "run" / file));
  }
  lab::TrainedRun run(folder / "run", at::kCPU);
  check_translates(run, import_config(golden).symbols);
  CHECK(run.target_tokenizer().encode("</s>") == std::vector<std::int32_t>{0});
}

TEST_CASE("published: Pegasus and T5 come with a SentencePiece model, and their own ids for it", "[hugging_face]") {
  const TemporaryFolder folder;
  for (const auto& [name, config, text, id] : {std::tuple{"pegasus_1", R"({"offset": 4})", "<mask_1>", 2},
                                               std::tuple{"t5_1", R"({"extra_ids": 3})", "<extra_id_0>", 17}}) {
    INFO(name);
    const Golden golden = read_golden(name);
    const std::filesystem::path model = folder / name;
    write_model(golden, model);
    folder.write(std::string(name) + "/spiece.model", model_of_letters());
    const std::string note = hf::import_model(model, folder / (std::string(name) + ".large")).notes.back();
    CHECK(mentions(note, "pieces, and the model a vocabulary of 43"));
    folder.write(std::string(name) + "/tokenizer_config.json", config);
    const std::filesystem::path run = folder / (std::string(name) + ".run");
    CHECK(hf::import_model(model, run).notes.back() == "tokenizer: spiece.model");
    lab::TrainedRun trained(run, at::kCPU);
    check_translates(trained, import_config(golden).symbols);
    CHECK(trained.target_tokenizer().encode(text) == std::vector<std::int32_t>{id});
  }
}

TEST_CASE("published: weights in several files are those of the index", "[hugging_face]") {
  const TemporaryFolder folder;
  const Golden golden = read_golden("llama_1");
  const std::filesystem::path model = folder / "model";
  write_model(golden, model);
  std::filesystem::remove(model / "model.safetensors");
  std::map<std::string, NamedTensors> files;
  Json index = {{"weight_map", Json::object()}};
  for (const auto& [name, tensor] : golden.weights()) {
    const std::string file = files["a.safetensors"].size() < 5 ? "a.safetensors" : "b.safetensors";
    files[file][name] = tensor;
    index["weight_map"][name] = file;
  }
  for (const auto& [file, tensors] : files) write_tensors(model / file, {tensors, {}});
  const auto write_index = [&] { std::ofstream(model / "model.safetensors.index.json") << index.dump(); };
  write_index();
  const NamedTensors read = hf::read_model_folder(model).tensors;
  for (const auto& [name, tensor] : golden.weights()) CHECK(read.at(name).equal(tensor));
  index["weight_map"]["lm_head.weight"] = "b.safetensors";
  write_index();
  CHECK_THROWS_MENTION(hf::read_model_folder(model), "does not say that 'lm_head.weight' is in a.safetensors");
}

TEST_CASE("published: a folder that is no model says what is missing", "[hugging_face]") {
  const TemporaryFolder folder;
  CHECK_THROWS_MENTION(hf::read_model_folder(folder / "nothing"), "no such folder");
  CHECK_THROWS_MENTION(hf::read_model_folder(folder.path()), "it has no config.json");
  folder.write("config.json", "{}");
  folder.write("pytorch_model.bin", "");
  CHECK_THROWS_MENTION(hf::read_model_folder(folder.path()), "has no *.safetensors");
}
