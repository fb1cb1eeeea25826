#include "experiments/metrics/signature.h"

#include <cstdio>
#include <utility>

namespace ablate::metrics {

std::string fixed(double value, int decimals) {
  const int length = std::snprintf(nullptr, 0, "%.*f", decimals, value);
  std::string text(static_cast<std::size_t>(length) + 1, '\0');
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  text.pop_back();
  return text;
}

std::string make_signature(std::size_t references, bool lowercase, std::string_view pairs) {
  std::string signature = "nrefs:" + std::to_string(references);
  signature += lowercase ? "|case:lc|" : "|case:mixed|";
  if (!pairs.empty()) signature.append(pairs).append("|");
  return signature.append("version:").append(version);
}

Score make_score(std::string name, double value, std::string signature, std::string_view details) {
  std::string text = name + "|" + signature + " = " + fixed(value, 2);
  if (!details.empty()) text.append(" ").append(details);
  return {std::move(name), value, std::move(signature), std::move(text)};
}

}  // namespace ablate::metrics
