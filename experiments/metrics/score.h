// The metrics of lines by name, of text and of labels: what `ablate score --metrics` and the `evaluation` of an
// experiment file choose from. Perplexity and token accuracy are not here: they are figures of a model, not of lines.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "experiments/metrics/corpus.h"
#include "experiments/metrics/options.h"
#include "experiments/metrics/sentence_statistics.h"
#include "experiments/metrics/signature.h"

namespace ablate::metrics {

struct OptionRow {
  std::string_view name;
  std::string_view doc;
};

// What the lines are that a metric compares.
enum class Subject { text, classes, numbers };

struct MetricRow {
  std::string_view name;
  std::string_view heading;  // of its column in tables
  std::string_view unit;     // "%", "tokens/line", or "" for none
  std::string_view doc;
  std::string_view paper;
  std::span<const OptionRow> options;
  void (*check)(const MetricOptions&);
  Score (*score)(const Lines&, const References&, const MetricOptions&);
  SentenceStatistics (*sentences)(const Lines&, const References&, const MetricOptions&);
  Subject subject = Subject::text;
  bool is_error = false;  // the lower the better
};

// All metrics, in the order in which tables show them.
std::span<const MetricRow> metrics();

// The row of a metric; nullptr if there is none.
const MetricRow* find_metric(std::string_view name);

// Throws std::invalid_argument, naming what there is instead, for an unknown metric, an option that the
// metric does not have, a value that the option cannot take and a value without effect. Needs no data.
void check_metric(std::string_view name, const MetricOptions& options = {});

// The figure of a whole corpus. Throws as check_metric and check_corpus do.
Score score(std::string_view name, const Lines& hypotheses, const References& references,
            const MetricOptions& options = {});

// The same figure's statistics, sentence by sentence. Throws as score() does.
SentenceStatistics sentence_statistics(std::string_view name, const Lines& hypotheses, const References& references,
                                       const MetricOptions& options = {});

// A metric with its options.
struct MetricRequest {
  std::string name;
  MetricOptions options;
};

// Reads `bleu` or `bleu:tokenize=intl:lowercase=true` and checks it as check_metric does. Throws
// std::invalid_argument, also for an option without a value or given twice.
MetricRequest parse_request(std::string_view text);

}  // namespace ablate::metrics
