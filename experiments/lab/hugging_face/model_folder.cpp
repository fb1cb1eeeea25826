#include "experiments/lab/hugging_face/model_folder.h"

#include "data/files/sha256.h"
#include "transformer/config/document.h"
#include "transformer/core/atomic_file.h"
#include "transformer/core/error.h"
#include "transformer/training/safetensors.h"

#include <algorithm>

namespace ablate::lab::hugging_face {
namespace {

namespace fs = std::filesystem;

void add_tensors(const fs::path& file, NamedTensors& all) {
  for (auto& [name, tensor] : map_tensors(file).tensors) {
    if (!all.emplace(name, tensor).second) {
      throw UserError(file.string() + ": the tensor '" + name + "' is in another file too");
    }
  }
}

/// {"weight_map": {tensor: file}}: every tensor must be where the index has it, and no other be there.
NamedTensors read_shards(const fs::path& index) {
  const Json json = config::read_json_file(index);
  if (!json.contains("weight_map") || !json.at("weight_map").is_object()) {
    throw UserError(index.string() + ": no index of weights: 'weight_map' is missing");
  }
  std::map<std::string, std::string> file_of;
  std::set<std::string> files;
  for (const auto& [name, file] : json.at("weight_map").items()) {
    if (!file.is_string() || fs::path(file.get<std::string>()).has_parent_path()) {
      throw UserError(index.string() + ": '" + name + "' is to be in " + file.dump() +
                      ", which names no file beside it");
    }
    files.insert(file_of[name] = file.get<std::string>());
  }
  NamedTensors all;
  for (const std::string& file : files) {
    NamedTensors here;
    add_tensors(index.parent_path() / file, here);
    for (auto& [name, tensor] : here) {
      const auto found = file_of.find(name);
      if (found == file_of.end() || found->second != file) {
        throw UserError(index.string() + ": does not say that '" + name + "' is in " + file);
      }
      all.emplace(name, std::move(tensor));
    }
  }
  for (const auto& [name, file] : file_of) {
    if (!all.contains(name)) throw UserError(index.string() + ": '" + name + "' is not in " + file);
  }
  return all;
}

NamedTensors read_weights(const fs::path& folder) {
  if (fs::exists(folder / "model.safetensors.index.json")) return read_shards(folder / "model.safetensors.index.json");
  NamedTensors all;
  if (fs::exists(folder / "model.safetensors")) {
    add_tensors(folder / "model.safetensors", all);
    return all;
  }
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".safetensors") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  for (const fs::path& file : files) add_tensors(file, all);
  if (files.empty()) {
    throw UserError(folder.string() +
                    ": has no *.safetensors: weights in another format have to be saved anew, by save_pretrained() of "
                    "the Python library transformers");
  }
  return all;
}

}  // namespace

ModelFolder read_model_folder(const fs::path& path) {
  const fs::path config = path / "config.json";
  if (!fs::is_directory(path)) throw UserError(path.string() + ": no such folder");
  if (!fs::exists(config)) throw UserError(path.string() + ": not the folder of a model: it has no config.json");
  return {path, config::read_json_file(config), data::sha256_file(config), read_weights(path)};
}

void write_model_folder(const fs::path& path, const Json& config, const NamedTensors& tensors) {
  for (const char* name : {"config.json", "model.safetensors"}) {
    if (fs::exists(path / name)) throw UserError((path / name).string() + ": is there already: give another --out");
  }
  make_folders(path);
  write_tensors(path / "model.safetensors", {tensors, {}});
  write_file_atomically(path / "config.json", config.dump(2) + "\n");
}

}  // namespace ablate::lab::hugging_face
