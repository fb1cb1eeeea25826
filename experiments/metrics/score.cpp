#include "experiments/metrics/score.h"

#include <array>
#include <cmath>
#include <stdexcept>

#include "experiments/metrics/accuracy.h"
#include "experiments/metrics/bleu.h"
#include "experiments/metrics/chrf.h"
#include "experiments/metrics/edit_distance.h"
#include "experiments/metrics/labels.h"

namespace ablate::metrics {

namespace {

constexpr std::array<OptionRow, 5> bleu_options{{
    {"tokenize", "13a (default), intl, char or none"},
    {"lowercase", "true or false (default): score lower-cased text"},
    {"effective_order", "true or false (default): average over the n-gram orders that occur"},
    {"smooth_method", "exp (default), floor, add-k or none"},
    {"smooth_value", "for floor (default 0.1) and add-k (default 1)"},
}};

BleuOptions read_bleu(const MetricOptions& options) {
  BleuOptions bleu;
  read_choice(options, "tokenize", tokenizations, bleu.tokenize);
  read_option(options, "lowercase", bleu.lowercase);
  read_option(options, "effective_order", bleu.effective_order);
  read_choice(options, "smooth_method", smoothings, bleu.smooth_method);
  read_option(options, "smooth_value", bleu.smooth_value);
  check_options(bleu);
  return bleu;
}

Score score_bleu(const Lines& hypotheses, const References& references, const MetricOptions& options) {
  const BleuOptions bleu = read_bleu(options);
  return bleu_report(corpus_bleu(hypotheses, references, bleu), bleu, references.size());
}

constexpr std::size_t bleu_width = 2 * bleu_order + 2;

SentenceStatistics bleu_sentences(const Lines& hypotheses, const References& references, const MetricOptions& options) {
  const BleuOptions bleu = read_bleu(options);
  SentenceStatistics sentences{bleu_width, {}, {}};
  for (const BleuStatistics& counts : bleu_statistics(hypotheses, references, bleu)) {
    for (const std::int64_t count : counts.correct) sentences.values.push_back(static_cast<double>(count));
    for (const std::int64_t count : counts.total) sentences.values.push_back(static_cast<double>(count));
    sentences.values.push_back(static_cast<double>(counts.hyp_len));
    sentences.values.push_back(static_cast<double>(counts.ref_len));
  }
  sentences.score = [bleu](std::span<const double> sums) {
    BleuStatistics counts;
    for (std::size_t n = 0; n < bleu_order; ++n) {
      counts.correct[n] = std::llround(sums[n]);
      counts.total[n] = std::llround(sums[bleu_order + n]);
    }
    counts.hyp_len = std::llround(sums[2 * bleu_order]);
    counts.ref_len = std::llround(sums[2 * bleu_order + 1]);
    return bleu_score(counts, bleu).value;
  };
  return sentences;
}

constexpr std::array<OptionRow, 6> chrf_options{{
    {"char_order", "longest character n-gram (default 6)"},
    {"word_order", "longest word n-gram (default 0 for chrf, 2 for chrf++)"},
    {"beta", "how many times as much recall counts as precision (default 2)"},
    {"lowercase", "true or false (default): score lower-cased text"},
    {"whitespace", "true or false (default): count white space as characters"},
    {"eps_smoothing", "true or false (default): average F over all n-gram orders"},
}};

template <int word_order>
ChrfOptions read_chrf(const MetricOptions& options) {
  ChrfOptions chrf;
  chrf.word_order = word_order;
  read_option(options, "char_order", chrf.char_order);
  read_option(options, "word_order", chrf.word_order);
  read_option(options, "beta", chrf.beta);
  read_option(options, "lowercase", chrf.lowercase);
  read_option(options, "whitespace", chrf.whitespace);
  read_option(options, "eps_smoothing", chrf.eps_smoothing);
  check_options(chrf);
  return chrf;
}

template <int word_order>
Score score_chrf(const Lines& hypotheses, const References& references, const MetricOptions& options) {
  const ChrfOptions chrf = read_chrf<word_order>(options);
  return chrf_report(corpus_chrf(hypotheses, references, chrf), chrf, references.size());
}

template <int word_order>
SentenceStatistics chrf_sentences(const Lines& hypotheses, const References& references, const MetricOptions& options) {
  const ChrfOptions chrf = read_chrf<word_order>(options);
  SentenceStatistics sentences{3 * static_cast<std::size_t>(chrf.char_order + chrf.word_order), {}, {}};
  for (const ChrfStatistics& counts : chrf_statistics(hypotheses, references, chrf)) {
    for (const NgramMatches& order : counts.orders) {
      for (const std::int64_t count : {order.hypothesis, order.reference, order.matched}) {
        sentences.values.push_back(static_cast<double>(count));
      }
    }
  }
  sentences.score = [chrf](std::span<const double> sums) {
    ChrfStatistics counts;
    for (std::size_t i = 0; i < sums.size(); i += 3) {
      counts.orders.push_back({std::llround(sums[i]), std::llround(sums[i + 1]), std::llround(sums[i + 2])});
    }
    return chrf_score(counts, chrf);
  };
  return sentences;
}

constexpr std::array<OptionRow, 1> accuracy_options{{
    {"lowercase", "true or false (default): compare lower-cased text"},
}};

AccuracyOptions read_accuracy(const MetricOptions& options) {
  AccuracyOptions accuracy;
  read_option(options, "lowercase", accuracy.lowercase);
  return accuracy;
}

/// One of the three shares of accuracy.h, its name and what it counts.
template <auto shares, const char* name, const char* unit>
Score score_share(const Lines& hypotheses, const References& references, const MetricOptions& options) {
  const AccuracyOptions accuracy = read_accuracy(options);
  return share_report(name, sum_of(shares(hypotheses, references, accuracy)), unit, accuracy, references.size());
}

template <auto shares>
SentenceStatistics share_sentences(const Lines& hypotheses, const References& references,
                                   const MetricOptions& options) {
  SentenceStatistics sentences{2, {}, {}};
  for (const Share& share : shares(hypotheses, references, read_accuracy(options))) {
    sentences.values.push_back(static_cast<double>(share.correct));
    sentences.values.push_back(static_cast<double>(share.total));
  }
  sentences.score = [](std::span<const double> sums) {
    return Share{std::llround(sums[0]), std::llround(sums[1])}.percent();
  };
  return sentences;
}

/// One of the two figures of edits, its name and what its edits are counted in.
template <double (*figure)(const Edits&), const char* name, std::int64_t Edits::*whole, const char* unit>
Score score_edits(const Lines& hypotheses, const References& references, const MetricOptions& options) {
  const AccuracyOptions accuracy = read_accuracy(options);
  const Edits edits = sum_of(edits_of_lines(hypotheses, references, accuracy));
  return make_score(name, figure(edits), make_signature(references.size(), accuracy.lowercase, ""),
                    "(" + std::to_string(edits.edits) + " edits in " + std::to_string(edits.*whole) + " " + unit + ")");
}

template <double (*figure)(const Edits&)>
SentenceStatistics edit_sentences(const Lines& hypotheses, const References& references, const MetricOptions& options) {
  SentenceStatistics sentences{3, {}, {}};
  for (const Edits& line : edits_of_lines(hypotheses, references, read_accuracy(options))) {
    for (const std::int64_t count : {line.edits, line.tokens, line.lines}) {
      sentences.values.push_back(static_cast<double>(count));
    }
  }
  sentences.score = [](std::span<const double> sums) {
    return figure({std::llround(sums[0]), std::llround(sums[1]), std::llround(sums[2])});
  };
  return sentences;
}

/// Figures of labels have no options.
template <auto statistics>
SentenceStatistics label_sentences(const Lines& hypotheses, const References& references, const MetricOptions&) {
  return statistics(hypotheses, references);
}

template <auto statistics, const char* name>
Score score_labels(const Lines& hypotheses, const References& references, const MetricOptions&) {
  return make_score(name, statistics(hypotheses, references).corpus_score(),
                    make_signature(references.size(), /*lowercase=*/false, ""));
}

void check_nothing(const MetricOptions&) {}

constexpr char label_accuracy_name[] = "label accuracy";
constexpr char macro_f1_name[] = "macro F1";
constexpr char matthews_name[] = "Matthews";
constexpr char pearson_name[] = "Pearson";
constexpr char spearman_name[] = "Spearman";
constexpr char exact_match_name[] = "exact match";
constexpr char token_accuracy_name[] = "token accuracy";
constexpr char sequence_accuracy_name[] = "sequence accuracy";
constexpr char token_error_rate_name[] = "token error rate";
constexpr char edit_distance_name[] = "edit distance";
constexpr char lines_unit[] = "lines";
constexpr char tokens_unit[] = "tokens";

template <auto read_options>
void check(const MetricOptions& options) {
  read_options(options);
}

constexpr std::array<MetricRow, 13> metric_table{{
    {"bleu", "BLEU", "", "n-gram precision with a penalty for brevity, percent", "Papineni et al. 2002", bleu_options,
     check<read_bleu>, score_bleu, bleu_sentences},
    {"chrf", "chrF", "", "F-score of character n-grams, percent", "Popović 2015", chrf_options, check<read_chrf<0>>,
     score_chrf<0>, chrf_sentences<0>},
    {"chrf++", "chrF++", "", "F-score of character and word n-grams, percent", "Popović 2017", chrf_options,
     check<read_chrf<2>>, score_chrf<2>, chrf_sentences<2>},
    {"exact_match", "Exact match", "%", "lines that equal a reference, percent", "", accuracy_options,
     check<read_accuracy>, score_share<exact_match_shares, exact_match_name, lines_unit>,
     share_sentences<exact_match_shares>},
    {"token_accuracy", "Token accuracy", "%",
     "tokens between white space that are right at their place, percent of the longer line", "", accuracy_options,
     check<read_accuracy>, score_share<token_accuracy_shares, token_accuracy_name, tokens_unit>,
     share_sentences<token_accuracy_shares>},
    {"sequence_accuracy", "Sequence accuracy", "%", "lines all of whose tokens between white space are right, percent",
     "", accuracy_options, check<read_accuracy>,
     score_share<sequence_accuracy_shares, sequence_accuracy_name, lines_unit>,
     share_sentences<sequence_accuracy_shares>},
    {"token_error_rate", "Token error rate", "%",
     "tokens between white space that have to be put in, left out or replaced, percent of the reference's",
     "Levenshtein 1966", accuracy_options, check<read_accuracy>,
     score_edits<token_error_rate, token_error_rate_name, &Edits::tokens, tokens_unit>,
     edit_sentences<token_error_rate>, Subject::text, /*is_error=*/true},
    {"edit_distance", "Edit distance", "tokens/line",
     "tokens between white space that have to be put in, left out or replaced, mean of a line", "Levenshtein 1966",
     accuracy_options, check<read_accuracy>,
     score_edits<mean_edit_distance, edit_distance_name, &Edits::lines, lines_unit>, edit_sentences<mean_edit_distance>,
     Subject::text, /*is_error=*/true},
    {"label_accuracy", "Accuracy", "%", "texts whose class is the right one, percent", "", accuracy_options,
     check<read_accuracy>, score_share<exact_match_shares, label_accuracy_name, lines_unit>,
     share_sentences<exact_match_shares>, Subject::classes},
    {"macro_f1",
     "Macro F1",
     "",
     "F1 of every class, their mean, percent",
     "van Rijsbergen 1979, chapter 7",
     {},
     check_nothing,
     score_labels<macro_f1_statistics, macro_f1_name>,
     label_sentences<macro_f1_statistics>,
     Subject::classes},
    {"matthews",
     "MCC",
     "",
     "Matthews' correlation of classes, times 100",
     "Matthews 1975; Gorodkin 2004, eq. (8)",
     {},
     check_nothing,
     score_labels<matthews_statistics, matthews_name>,
     label_sentences<matthews_statistics>,
     Subject::classes},
    {"pearson",
     "Pearson",
     "",
     "Pearson's correlation of numbers, times 100",
     "",
     {},
     check_nothing,
     score_labels<pearson_statistics, pearson_name>,
     label_sentences<pearson_statistics>,
     Subject::numbers},
    {"spearman",
     "Spearman",
     "",
     "Spearman's correlation of the ranks of numbers, times 100",
     "",
     {},
     check_nothing,
     score_labels<spearman_statistics, spearman_name>,
     label_sentences<spearman_statistics>,
     Subject::numbers},
}};

}  // namespace

const MetricRow* find_metric(std::string_view name) {
  for (const MetricRow& row : metric_table) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

namespace {

const MetricRow& known_metric(std::string_view name) {
  if (const MetricRow* const row = find_metric(name)) return *row;
  throw std::invalid_argument("there is no metric '" + std::string(name) + "'; there are " + names_of(metric_table));
}

void check_names(const MetricRow& metric, const MetricOptions& options) {
  for (const auto& [name, value] : options) {
    bool known = false;
    for (const OptionRow& row : metric.options) known = known || row.name == name;
    if (!known) {
      throw std::invalid_argument("metric '" + std::string(metric.name) + "' has no option '" + name + "'; it has " +
                                  names_of(metric.options));
    }
  }
}

}  // namespace

std::span<const MetricRow> metrics() { return metric_table; }

void check_metric(std::string_view name, const MetricOptions& options) {
  const MetricRow& metric = known_metric(name);
  check_names(metric, options);
  metric.check(options);
}

Score score(std::string_view name, const Lines& hypotheses, const References& references,
            const MetricOptions& options) {
  check_metric(name, options);
  return known_metric(name).score(hypotheses, references, options);
}

SentenceStatistics sentence_statistics(std::string_view name, const Lines& hypotheses, const References& references,
                                       const MetricOptions& options) {
  check_metric(name, options);
  return known_metric(name).sentences(hypotheses, references, options);
}

MetricRequest parse_request(std::string_view text) {
  MetricRequest request{std::string(text.substr(0, text.find(':'))), {}};
  for (std::size_t at = text.find(':'); at != std::string_view::npos;) {
    const std::size_t next = text.find(':', at + 1);
    const std::string_view pair = text.substr(at + 1, next == std::string_view::npos ? next : next - at - 1);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) {
      throw std::invalid_argument("metric '" + std::string(text) + "': '" + std::string(pair) +
                                  "' is not an option with a value; write " + request.name + ":option=value");
    }
    const std::string option(pair.substr(0, equals));
    if (!request.options.try_emplace(option, pair.substr(equals + 1)).second) {
      throw std::invalid_argument("metric '" + std::string(text) + "' has option '" + option + "' twice");
    }
    at = next;
  }
  check_metric(request.name, request.options);
  return request;
}

}  // namespace ablate::metrics
