// A tiny experiment on a task of the program's own, and a look into the folders of its runs.
#pragma once

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/catch.h"
#include "tests/experiments/cli/program.h"
#include "transformer/config/json.h"

namespace ablate::testing {

/// Two rows that train for 30 updates, well under a second. `patch` is laid on top.
inline Json tiny_experiment(const Json& patch = Json::object()) {
  Json json = Json::parse(R"({
    "title": "Tiny", "seeds": [1, 2], "baseline": "sinusoidal",
    "model": {"d_model": 16, "max_length": 16, "attention": {"heads": 2}, "feed_forward": {"d_ff": 32},
              "residual": {"kind": "pre_norm"}, "encoder": {"layers": 1}, "decoder": {"layers": 1}},
    "data": {"kind": "task", "task": {"kind": "copy", "train": 200, "dev": 20, "test": 20, "min_length": 3,
                                      "max_length": 6, "vocabulary": 8}},
    "training": {"batch": {"tokens": 64},
                 "schedule": {"kind": "constant", "learning_rate": 2e-3, "warmup": 10},
                 "budget": {"steps": 30}, "evaluate_every": {"steps": 15}, "log_every": 10},
    "decoding": {"kind": "greedy", "max_length_constant": 2},
    "evaluation": {"metrics": ["exact_match", "bleu:tokenize=none"]},
    "rows": [{"name": "sinusoidal"}, {"set": {"model.position.kind": "rotary"}}]})");
  json.merge_patch(patch);
  return json;
}

inline void write_experiment(const TemporaryFolder& folder, const Json& json) {
  folder.write("experiment.json", json.dump(2));
}

/// `ablate run experiment.json` on one thread, so that figures can be compared to the last bit.
inline std::vector<std::string> run_arguments(const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {"run", "experiment.json", "--device", "cpu", "--threads", "1"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

/// The folders of runs, sorted by name.
inline std::vector<std::filesystem::path> run_folders(const TemporaryFolder& folder) {
  std::vector<std::filesystem::path> folders;
  if (!std::filesystem::exists(folder / "runs")) return folders;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "runs")) {
    const std::filesystem::path name = entry.path().filename();
    if (name != "corpora" && name != "starting_points") folders.push_back(entry.path());
  }
  std::ranges::sort(folders);
  return folders;
}

inline Json result_of(const std::filesystem::path& run) {
  return Json::parse(data::testing::read_text(run / "result.json"));
}

/// The figures of a split in the only decoding of a run.
inline Json measured(const std::filesystem::path& run, const std::string& split) {
  return result_of(run)["decodings"].front()["splits"].at(split);
}

inline std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

/// train.txt, dev.txt and test.txt: the same text so many times in each.
inline void write_repeated(const TemporaryFolder& folder, const std::string& text, int train, int dev, int test) {
  folder.write("train.txt", repeated(text, train));
  folder.write("dev.txt", repeated(text, dev));
  folder.write("test.txt", repeated(text, test));
}

/// Content of all files below a folder whose names have `part` in them, by path.
inline std::map<std::string, std::string> contents(const std::filesystem::path& folder, const std::string& part) {
  std::map<std::string, std::string> found;
  for (const std::string& file : data::testing::files_in(folder)) {
    if (std::filesystem::path(file).filename().string().find(part) == std::string::npos) continue;
    found[file] = data::testing::read_text(folder / file);
  }
  return found;
}

/// Times of the last change of all files below a folder.
inline std::map<std::string, std::int64_t> times(const std::filesystem::path& folder) {
  std::map<std::string, std::int64_t> found;
  for (const std::string& file : data::testing::files_in(folder)) {
    found[file] = std::filesystem::last_write_time(folder / file).time_since_epoch().count();
  }
  return found;
}

inline bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace ablate::testing

// Checks the exit status of a program, and shows what it said if it is another.
#define CHECK_STATUS(outcome, expected)                 \
  do {                                                  \
    const ::ablate::testing::Outcome seen_ = (outcome); \
    INFO("standard output:\n" << seen_.out);            \
    INFO("standard error:\n" << seen_.messages);        \
    CHECK(seen_.status == (expected));                  \
  } while (false)
