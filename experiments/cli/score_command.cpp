// `ablate score`: hypotheses against references, one line per metric with its signature.
#include "experiments/cli/command.h"
#include "experiments/cli/input_lines.h"
#include "experiments/metrics/score.h"
#include "transformer/core/error.h"

#include <iostream>
#include <set>
#include <stdexcept>

namespace ablate::cli {
namespace {

constexpr const char* default_metrics = "bleu,chrf,exact_match";

std::string doc() {
  std::string text =
      "Scores hypotheses against one or more references, line by line, as sacreBLEU 2 does. Files may be "
      "compressed\n"
      "with gzip. A metric takes options after colons: bleu:tokenize=intl:lowercase=true.\n";
  for (const metrics::MetricRow& metric : metrics::metrics()) {
    text += "\n  " + std::string(metric.name) + ": " + std::string(metric.doc);
    for (const metrics::OptionRow& option : metric.options) {
      text += "\n    " + std::string(option.name) + ": " + std::string(option.doc);
    }
  }
  return text;
}

std::vector<metrics::MetricRequest> read_requests(const std::string& list) {
  std::vector<metrics::MetricRequest> requests;
  std::set<std::string> seen;
  for (const std::string& text : split_list(list)) {
    if (!seen.insert(text).second) throw UserError("--metrics: '" + text + "' stands there twice");
    try {
      requests.push_back(metrics::parse_request(text));
    } catch (const std::invalid_argument& error) {
      throw UserError(std::string("--metrics: ") + error.what());
    }
  }
  if (requests.empty()) throw UserError("--metrics names no metric");
  return requests;
}

metrics::Lines lines_to_score(const std::optional<std::string>& file) {
  metrics::Lines lines = read_lines(file);
  if (lines.empty()) throw UserError(input_name(file) + ": there are no lines to score");
  return lines;
}

}  // namespace

int score_command(const std::vector<std::string>& arguments) {
  Arguments options("score --reference REF [REF…] [--hypothesis HYP] [--metrics LIST]", doc(),
                    "  ablate score --reference test.de --hypothesis output.de\n"
                    "  ablate score --reference a.de b.de --metrics bleu:tokenize=none,chrf++ < output.de");
  options.add_list("reference", "a file of references; several give several references for each line", "FILE");
  options.add_list("more", "further references", "FILE");
  options.add_value("hypothesis", "the file to score (default: standard input)", "FILE");
  options.add_value("metrics", "which metrics, divided by commas", "LIST", default_metrics);
  if (!options.parse(arguments, {"more"})) return success;
  if (!options.has("reference")) {
    throw UserError("no reference is named: give at least one file with --reference");
  }

  const std::vector<metrics::MetricRequest> requests = read_requests(options.text("metrics"));
  const auto reference_files = file_list(options, "reference", "more");
  const std::optional<std::string> hypothesis_file = options.text_if_given("hypothesis");

  metrics::References references;
  for (const std::string& file : reference_files) references.push_back(lines_to_score(file));
  const metrics::Lines hypotheses = lines_to_score(hypothesis_file);
  for (std::size_t i = 0; i < references.size(); ++i) {
    if (references[i].size() == hypotheses.size()) continue;
    throw UserError("unequal line counts: " + input_name(hypothesis_file) + " has " +
                    std::to_string(hypotheses.size()) + ", " + reference_files[i] + " has " +
                    std::to_string(references[i].size()));
  }
  for (const metrics::MetricRequest& request : requests) {
    try {
      std::cout << metrics::score(request.name, hypotheses, references, request.options).text << "\n";
    } catch (const std::invalid_argument& error) {
      throw UserError(input_name(hypothesis_file) + ": " + error.what());
    }
  }
  return success;
}

}  // namespace ablate::cli
