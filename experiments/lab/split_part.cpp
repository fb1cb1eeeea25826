#include "experiments/lab/split_part.h"

#include <cstdio>

namespace ablate::lab {
namespace {

/// "test[21-40]" as its two numbers, or nothing.
std::optional<std::pair<std::size_t, data::LengthRange>> bracket_of(const std::string& name) {
  const std::size_t bracket = name.rfind('[');
  if (bracket == std::string::npos || bracket == 0) return std::nullopt;
  data::LengthRange range;
  int end = 0;
  const int found = std::sscanf(name.c_str() + bracket, "[%ld-%ld]%n", &range.shortest, &range.longest, &end);
  if (found != 2 || bracket + static_cast<std::size_t>(end) != name.size()) return std::nullopt;
  return std::pair(bracket, range);
}

std::string range_text(const data::LengthRange& range) {
  return std::to_string(range.shortest) + "-" + std::to_string(range.longest);
}

}  // namespace

std::string SplitPart::name() const { return lengths ? split + "[" + range_text(*lengths) + "]" : split; }

SplitPart part_named(const std::string& name, const data::Corpus& corpus) {
  const auto bracket = bracket_of(name);
  if (corpus.has_split(name) || !bracket) return {name, {}};
  return {name.substr(0, bracket->first), bracket->second};
}

std::string part_heading(const std::string& name) {
  const auto bracket = bracket_of(name);
  return bracket ? name.substr(0, bracket->first) + ", " + range_text(bracket->second) + " tokens" : name;
}

std::vector<SplitPart> parts_of(const EvaluationConfig& config, const std::string& split) {
  std::vector<SplitPart> parts;
  std::int64_t shortest = 1;
  for (const std::int64_t longest : config.lengths) {
    parts.push_back({split, data::LengthRange{shortest, longest}});
    shortest = longest + 1;
  }
  return parts;
}

std::vector<std::int64_t> pairs_of(const SplitPart& part, const data::Corpus& corpus) {
  const data::Split& split = corpus.split(part.split);
  const data::LengthRange range = part.lengths.value_or(data::LengthRange{});
  std::vector<std::int64_t> pairs;
  for (std::int64_t i = 0; i < split.size(); ++i) {
    if (range.holds(split, i)) pairs.push_back(i);
  }
  return pairs;
}

metrics::Lines lines_at(const metrics::Lines& lines, const std::vector<std::int64_t>& places) {
  metrics::Lines chosen;
  for (const std::int64_t place : places) chosen.push_back(lines.at(static_cast<std::size_t>(place)));
  return chosen;
}

}  // namespace ablate::lab
