#include "experiments/lab/identity.h"

#include "data/files/sha256.h"
#include "transformer/config/reader.h"
#include "transformer/config/writer.h"

#include <map>

namespace ablate::lab {
namespace {

/// Sorted keys, so that the order of declaration decides nothing.
Json canonical(const Json& json) {
  if (json.is_array()) {
    Json list = Json::array();
    for (const Json& item : json) list.push_back(canonical(item));
    return list;
  }
  if (!json.is_object()) return json;
  std::map<std::string, const Json*> sorted;
  for (const auto& [key, value] : json.items()) sorted.emplace(key, &value);
  Json object = Json::object();
  for (const auto& [key, value] : sorted) object[key] = canonical(*value);
  return object;
}

std::string short_hash(const Json& json, std::size_t digits) {
  data::Sha256 hash;
  hash.update(canonical(json).dump());
  return hash.hex().substr(0, digits);
}

template <class Section>
Json reduced(const Section& section) {
  // The defaults of all keys, also of those that the default variants do not have: a new option of any variant leaves
  // the runs known that were made without it.
  return config::without_defaults(config::Writer::write(section, config::Extent::expanded),
                                  config::Writer::write(Section{}, config::Extent::all));
}

/// What a run begins from is known by its content as soon as that is known, wherever it lies; what is a check alone
/// changes no weight.
void name_start_by_content(Json& training) {
  const auto start = training.find("initialize_from");
  if (start == training.end()) return;
  start->erase("strict");
  if (!start->contains("content")) return;
  for (const char* key : {"run", "checkpoint", "average"}) start->erase(key);
}

}  // namespace

std::string run_hash(const RunConfig& config, const std::string& data_hash, std::int64_t seed) {
  Json model = reduced(config.model);
  // Both stacks are written in full: what stands beside them for them to inherit says nothing more. The sizes of the
  // vocabularies are the data's.
  for (const char* key :
       {"norm", "residual", "attention", "feed_forward", "position", "dropout", "vocabulary", "target_vocabulary"}) {
    model.erase(key);
  }
  if (model.contains("head")) model["head"].erase("classes");  // the data's, as well
  // What inherits and says nothing of its own.
  const Json whole = config::Writer::write(config.model.initialization, config::Extent::brief);
  for (const char* key : {"query", "feed_forward_output"}) {
    if (!whole.contains(key) && model.contains("initialization")) model["initialization"].erase(key);
  }
  Json training = reduced(config.training);
  training.erase("log_every");
  name_start_by_content(training);
  Json identity = {{"mathematics", mathematics_version},
                   {"model", std::move(model)},
                   {"training", std::move(training)},
                   {"data", data_hash},
                   {"seed", seed}};
  if (Json objective = reduced(config.objective); !objective.empty()) identity["objective"] = std::move(objective);
  if (config.reads_windows()) identity["windows"] = windows_version;
  return short_hash(identity, 16);
}

std::optional<std::string> stored_hash(const Json& stored) {
  if (stored.at("mathematics").get<int>() != mathematics_version) return std::nullopt;
  config::Document document;
  document.add({stored.at("config"), "config.json"});
  config::Problems problems;
  RunConfig config;
  config::Reader(document, problems).read(config);
  if (!problems.empty()) return std::nullopt;
  return run_hash(config, stored.at("data_hash").get<std::string>(), stored.at("seed").get<std::int64_t>());
}

std::string decoding_hash(const RunConfig& config) {
  Json weights = {{"checkpoint", config.evaluation.checkpoint}};
  if (checkpoint_choice_table().choices().find(config.evaluation.checkpoint)->uses_option("average")) {
    weights["average"] = config.evaluation.average;
  }
  Json identity = {{"mathematics", mathematics_version}, {"weights", weights}, {"decoding", reduced(config.decoding)}};
  if (config.evaluation.window) identity["window"] = *config.evaluation.window;
  if (config.evaluation.stride) identity["stride"] = *config.evaluation.stride;
  return short_hash(identity, 12);
}

}  // namespace ablate::lab
