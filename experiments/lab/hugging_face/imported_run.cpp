#include "experiments/lab/hugging_face/imported_run.h"

#include "ablate_commit.h"
#include "data/tokenizers/labels.h"
#include "data/tokenizers/tokenizer.h"
#include "experiments/lab/evaluation.h"
#include "experiments/lab/hugging_face/model_folder.h"
#include "experiments/lab/identity.h"
#include "experiments/lab/run_folder.h"
#include "experiments/lab/trained_run.h"
#include "transformer/config/reader.h"
#include "transformer/config/writer.h"
#include "transformer/core/atomic_file.h"
#include "transformer/core/error.h"
#include "transformer/training/checkpoint.h"

#include <ATen/Parallel.h>
#include <torch/version.h>

#include <algorithm>

namespace ablate::lab::hugging_face {
namespace {

namespace fs = std::filesystem;

Json json_of(const std::optional<std::int64_t>& id) { return id ? Json(*id) : Json(); }

/// The settings of a run around the model: what text is to it, and the defaults for the rest.
RunConfig run_config(const ImportedConfig& imported, const std::string& where) {
  Json settings = {{"model", config::Writer::write(imported.model)}};
  if (!imported.model.stacks().encoder) {
    const bool begins = imported.architecture->text_start == TextStart::bos && imported.symbols.start;
    settings["objective"] = {{"kind", "causal_lm"}, {"layout", begins ? "documents" : "packed"}};
    if (!begins) settings["objective"]["document_end"] = imported.symbols.end.has_value();
  }
  RunConfig config;
  config::read_strictly(config, settings, where);
  return config;
}

/// Puts the first tokenizer that the architecture reads into the run's folder, with the one of the target where that is
/// another; a sentence about what came of it.
std::string store_tokenizer(const ImportedConfig& imported, const fs::path& from, const fs::path& run) {
  const std::string without = "; without one the run can be verified and exported, but reads and writes no text";
  std::string failures;
  for (const std::string& name : imported.architecture->tokenizers) {
    const fs::path file = from / name;
    if (!fs::exists(file)) continue;
    const std::string& target_name = imported.architecture->target_tokenizer;
    std::unique_ptr<data::Tokenizer> tokenizer, target;
    try {
      tokenizer = data::load_tokenizer(file);
      if (!target_name.empty()) target = data::load_tokenizer(from / target_name);
    } catch (const UserError& error) {
      failures += std::string("; ") + error.what();
      continue;
    }
    // What a SentencePiece model lacks of padding, <s> and </s> is counted behind its own pieces.
    constexpr std::int64_t added_at_most = 3;
    const std::int64_t pieces = std::max(tokenizer->size(), target ? target->size() : 0);
    if (pieces > *imported.model.vocabulary + added_at_most) {
      failures += "; " + file.string() + ": has " + std::to_string(pieces) + " pieces, and the model a vocabulary of " +
                  std::to_string(*imported.model.vocabulary);
      continue;
    }
    if (!target) {
      write_file_atomically(run / ("tokenizer" + tokenizer->extension()), tokenizer->serialize());
      return "tokenizer: " + name;
    }
    write_file_atomically(run / ("source_tokenizer" + tokenizer->extension()), tokenizer->serialize());
    write_file_atomically(run / ("target_tokenizer" + target->extension()), target->serialize());
    return "tokenizer: " + name + " and " + target_name;
  }
  if (imported.architecture->tokenizers.empty()) {
    return "no tokenizer: the files of '" + imported.architecture->name + "' are not supported" + without;
  }
  std::string looked_for;
  for (const std::string& name : imported.architecture->tokenizers) {
    looked_for += (looked_for.empty() ? "" : ", ") + name;
  }
  return "no tokenizer (looked for " + looked_for + ")" + failures + without;
}

/// The names that a published model gives its classes, in the order of their numbers; UserError if they are none, or if
/// two are the same.
std::unique_ptr<data::Tokenizer> labels_of(const ImportedConfig& imported, const Json& published,
                                           const std::string& where) {
  const HeadConfig& head = imported.model.head;
  if (!head.classes) return data::make_numbers();
  const Json given = published.value("id2label", Json());
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < *head.classes; ++i) {
    const std::string number = std::to_string(i);
    const Json name = given.is_object() ? given.value(number, Json()) : Json("LABEL_" + number);
    if (!name.is_string()) throw UserError(where + ": 'id2label' has no name for the class " + number);
    names.push_back(name.get<std::string>());
  }
  return data::restore_labels(std::move(names));
}

/// The names again, of a run that says classes.
void name_labels(const TrainedRun& trained, Json& published) {
  const std::int64_t classes = trained.vocabulary().target_size;
  if (!trained.labels() || classes < 2) return;
  Json names = Json::object(), numbers = Json::object();
  for (std::int64_t i = 0; i < classes; ++i) {
    const std::string name = trained.label_names().piece(static_cast<std::int32_t>(i));
    names[std::to_string(i)] = name;
    numbers[name] = i;
  }
  published["id2label"] = std::move(names);
  published["label2id"] = std::move(numbers);
}

Json config_json(const ImportedConfig& imported, const RunConfig& config, const ModelFolder& folder) {
  const std::string data = "imported:" + folder.config_sha256;
  const std::int64_t seed = 1;
  const VocabularyInfo vocabulary = vocabulary_of(imported.model, imported.symbols);
  return {{"hash", run_hash(config, data, seed)},
          {"mathematics", mathematics_version},
          {"experiment", ""},
          {"label", fs::absolute(folder.path / "").lexically_normal().parent_path().filename().string()},
          {"is_baseline", false},
          {"trial", false},
          {"seed", seed},
          {"data_hash", data},
          {"vocabulary",
           {{"source", vocabulary.source_size},
            {"target", vocabulary.target_size},
            {"pad", vocabulary.pad},
            {"joint", true}}},
          {"imported",
           {{"architecture", imported.architecture->name},
            {"from", fs::absolute(folder.path).lexically_normal().string()},
            {"config_sha256", folder.config_sha256},
            {"start", json_of(imported.symbols.start)},
            {"end", json_of(imported.symbols.end)},
            {"pad", json_of(imported.symbols.pad)},
            {"ends_between_texts", imported.architecture->ends_between_texts}}},
          {"config", config::Writer::write(config)}};
}

Json result_json(const Json& stored, const RunConfig& config, std::int64_t parameters) {
  const Json& imported = stored.at("imported");
  const Json kept = Json::array({{{"step", 0}, {"dev_nll", nullptr}}});
  return {{"status", "finished"},
          {"environment",
           {{"commit", ABLATE_COMMIT},
            {"version", ABLATE_VERSION},
            {"torch", TORCH_VERSION},
            {"device", "cpu"},
            {"threads", at::get_num_threads()},
            {"precision", config.training.precision}}},
          {"imported", imported},
          {"training",
           {{"reason", "imported from " + imported.at("from").get<std::string>()},
            {"parameters", parameters},
            {"tokens_per_second", 0},
            {"last", kept},
            {"best", kept}}},
          {"decodings", Json::object()}};
}

std::optional<std::int64_t> id_in(const Json& imported, const char* key) {
  const Json id = imported.value(key, Json());
  return id.is_null() ? std::nullopt : std::optional(id.get<std::int64_t>());
}

}  // namespace

ImportSummary import_model(const fs::path& from, const fs::path& run) {
  if (fs::exists(run / "config.json")) {
    throw UserError(run.string() + ": is the folder of a run already: give another --out, or delete it");
  }
  const ModelFolder folder = read_model_folder(from);
  const std::string where = (from / "config.json").string();
  const Json type = folder.config.value("model_type", Json());
  const bool own_output =
      type.is_string() && has_own_output(architecture(type.get<std::string>(), where), folder.tensors);
  const ImportedConfig imported = import_config(folder.config, where, own_output);
  const RunConfig config = run_config(imported, where);
  ImportSummary summary{imported.architecture->name, 0, imported.notes};
  {
    const NamedTensors ours = import_tensors(*imported.architecture, imported.model, folder.tensors, from.string(),
                                             at::kFloat, &summary.notes);
    for (const auto& [name, tensor] : ours) summary.parameters += tensor.numel();
    const auto labels = config.labels() ? labels_of(imported, folder.config, where) : nullptr;
    make_folders(run);
    if (labels) write_file_atomically(run / ("target_tokenizer" + labels->extension()), labels->serialize());
    write_tensors(CheckpointFolder(run, 1, 1).file(0), {ours, {{"step", "0"}}});
  }
  summary.notes.push_back(store_tokenizer(imported, from, run));
  const Json stored = config_json(imported, config, folder);
  write_file_atomically(run / "result.json", result_json(stored, config, summary.parameters).dump(2) + "\n");
  // Last: without it the folder is none of a run.
  write_file_atomically(run / "config.json", stored.dump(2) + "\n");
  return summary;
}

ExportSummary export_run(const fs::path& run, const fs::path& out, const std::optional<std::string>& named) {
  TrainedRun trained(run, at::kCPU);
  if (trained.model().reads_prefix()) {
    throw UserError(run.string() + ": objective.kind: a model of '" + trained.config().objective.kind +
                    "' sees a prompt from both sides, which no published form does");
  }
  const Json stored = RunFolder(run).config();
  const Json imported = stored.value("imported", Json::object());
  const std::string own = imported.value("architecture", "");
  if (own.empty() && !named) {
    std::string names;
    for (const Architecture& row : architectures()) names += (names.empty() ? "" : ", ") + row.name;
    throw UserError("--architecture: the run was not imported: say which of the published forms its model has: " +
                    names);
  }
  const Architecture& row = architecture(named.value_or(own), "--architecture");
  ModelConfig model = trained.config().model;
  const VocabularyInfo vocabulary = trained.vocabulary();
  model.vocabulary = model.stacks().encoder ? vocabulary.source_size : vocabulary.target_size;
  if (!model.says_words()) {
    if (trained.labels() && vocabulary.target_size > 1) model.head.classes = vocabulary.target_size;
  } else if (*model.vocabulary != vocabulary.target_size) {
    throw UserError(run.string() + ": published models have one vocabulary, and this one has two");
  }
  Symbols symbols{id_in(imported, "start"), id_in(imported, "end"), id_in(imported, "pad")};
  if (imported.empty()) {
    const data::Specials specials =
        (model.says_words() ? trained.target_tokenizer() : trained.source_tokenizer()).specials();
    symbols = {specials.bos, specials.eos, specials.pad};
  }
  Json config = export_config(row, model, symbols);
  name_labels(trained, config);
  const NamedTensors tensors = export_tensors(row, model, weights_of(trained.model()));
  write_model_folder(out, config, tensors);
  const auto model_class = config.at("architectures").front().get<std::string>();
  return {row.name, model_class, static_cast<std::int64_t>(tensors.size())};
}

}  // namespace ablate::lab::hugging_face
