// The golden figures of scripts/reference/metrics.py, for the tests of this folder.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "experiments/metrics/corpus.h"
#include "experiments/metrics/score.h"
#include "experiments/metrics/signature.h"
#include "tests/catch.h"

namespace ablate::metrics::golden {

// tests/golden/metrics.json, read once.
inline const nlohmann::json& file() {
  static const nlohmann::json content = [] {
    const std::string path = std::string(ABLATE_SOURCE_DIR) + "/tests/golden/metrics.json";
    std::ifstream stream(path);
    if (!stream) throw std::runtime_error("cannot open " + path);
    return nlohmann::json::parse(stream);
  }();
  return content;
}

inline const nlohmann::json& corpus(const nlohmann::json& golden_case) {
  return file().at("corpora").at(golden_case.at("corpus").get<std::string>());
}

inline Lines hypotheses(const nlohmann::json& golden_case) { return corpus(golden_case).at("hypotheses").get<Lines>(); }

inline References references(const nlohmann::json& golden_case) {
  return corpus(golden_case).at("references").get<References>();
}

// Equal to a golden figure but for rounding.
inline Approx near(const nlohmann::json& figure) { return Approx(figure.get<double>()).epsilon(1e-9).margin(1e-9); }

// A signature or score line of sacreBLEU with our version in the place of its own.
inline std::string with_our_version(std::string text) {
  const std::string theirs = "version:" + file().at("sacrebleu").get<std::string>();
  const std::size_t at = text.find(theirs);
  if (at == std::string::npos) throw std::runtime_error("no " + theirs + " in " + text);
  return text.replace(at, theirs.size(), "version:" + std::string(version));
}

// The case's options as a command line would give them; those that are null are left out.
inline MetricOptions options(const nlohmann::json& golden_case) {
  MetricOptions options;
  for (const auto& [name, value] : golden_case.at("options").items()) {
    if (!value.is_null()) options[name] = value.is_string() ? value.get<std::string>() : value.dump();
  }
  return options;
}

}  // namespace ablate::metrics::golden
