#include "experiments/lab/comparison.h"

#include "experiments/lab/figures.h"
#include "experiments/lab/significance.h"
#include "experiments/metrics/significance.h"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace ablate::lab {
namespace {

enum class Test { none, welch, paired_bootstrap, approximate_randomization };
enum class Compared { baseline, all_pairs };
using Correction = std::vector<double> (*)(const std::vector<double>&);

constexpr config::Variant<Test> test_rows[] = {
    {{"none", "no tests", "", ""}, Test::none},
    {{"welch", "Welch's t-test on the figures of the seeds", "Welch 1947", ""}, Test::welch},
    {{"paired_bootstrap", "resampled test sentences, each with the outputs of all seeds", "Koehn 2004", "samples"},
     Test::paired_bootstrap},
    {{"approximate_randomization", "sentences exchanged at random between the rows, each with the outputs of all seeds",
      "Riezler & Maxwell 2005", "samples"},
     Test::approximate_randomization},
};
constexpr config::VariantTable<Test> tests{"significance", test_rows};

constexpr config::Variant<Compared> compared_rows[] = {
    {{"baseline", "every row with the baseline", "", ""}, Compared::baseline},
    {{"all_pairs", "every two rows", "", ""}, Compared::all_pairs},
};
constexpr config::VariantTable<Compared> compared{"compare", compared_rows};

std::vector<double> uncorrected(const std::vector<double>& p) { return p; }

constexpr config::Variant<Correction> correction_rows[] = {
    {{"holm", "Holm's step-down", "Holm 1979", ""}, holm},
    {{"bonferroni", "p times the number of tests", "Bonferroni 1936", ""}, bonferroni},
    {{"none", "every test by itself", "", ""}, uncorrected},
};
constexpr config::VariantTable<Correction> corrections{"correction", correction_rows};

/// The seeds that gave both cells a value, and these values.
struct PairedSamples {
  std::vector<std::int64_t> seeds;
  std::vector<double> a, b;
};

PairedSamples paired(const Cell& a, const Cell& b) {
  PairedSamples both;
  for (const Sample& x : a.samples) {
    for (const Sample& y : b.samples) {
      if (x.seed != y.seed || state_of(x) != State::value || state_of(y) != State::value) continue;
      both.seeds.push_back(x.seed);
      both.a.push_back(x.value);
      both.b.push_back(y.value);
    }
  }
  return both;
}

class Comparer {
 public:
  Comparer(const Table& table, const SignificanceConfig& config, const MeasuredOn& measured)
      : table_(table), config_(config), test_(tests.at(config.kind)), measured_(measured) {}

  /// Whether the test is one for this column.
  bool takes(std::size_t column) const {
    const Column& style = table_.columns[column];
    if (style.content != Content::measurement || style.direction == Direction::none) return false;
    const std::vector<std::string> losses = loss_figure_names();
    const std::string metric = style.key.substr(0, style.key.rfind('@'));
    return test_ == Test::welch || std::find(losses.begin(), losses.end(), metric) == losses.end();
  }

  /// Row against other in a column; nothing if there is not enough to test.
  std::optional<Comparison> compare(std::size_t column, std::size_t row, std::size_t other) const {
    if (measured_.data(row, column) != measured_.data(other, column)) return std::nullopt;
    const Cell &a = table_.rows[row].cells[column], &b = table_.rows[other].cells[column];
    Comparison found{.column = column, .row = row, .other = other};
    if (test_ == Test::welch) {
      const Summary of_a = summarize(a), of_b = summarize(b);
      const std::optional<WelchTest> test = welch_test(of_a.statistics, of_b.statistics);
      if (!test) return std::nullopt;
      found.difference = *of_a.statistics.mean - *of_b.statistics.mean;
      found.p = test->p;
      return found;
    }
    const PairedSamples both = paired(a, b);
    if (both.seeds.empty()) return std::nullopt;
    const auto of_a = measured_.sentences(row, column, both.seeds),
               of_b = measured_.sentences(other, column, both.seeds);
    if (!of_a || !of_b) return std::nullopt;
    found.difference = *statistics_of(both.a).mean - *statistics_of(both.b).mean;
    found.p = sentence_test(*of_a, *of_b);
    return found;
  }

 private:
  double sentence_test(const metrics::SentenceStatistics& a, const metrics::SentenceStatistics& b) const {
    if (a.values == b.values) return 1;    // what the resamples would come to
    constexpr std::uint64_t seed = 12345;  // the same resamples for every pair and every call
    const auto samples = static_cast<std::size_t>(config_.samples);
    if (test_ == Test::paired_bootstrap) {
      return metrics::paired_bootstrap(a, b, samples,
                                       metrics::uniform_draws(seed, static_cast<std::uint32_t>(a.size())));
    }
    return metrics::approximate_randomization(a, b, samples, metrics::uniform_draws(seed, 2));
  }

  const Table& table_;
  const SignificanceConfig& config_;
  Test test_;
  const MeasuredOn& measured_;
};

/// (row, other): with the baseline, which is always the other, or every row with all before it.
std::vector<std::pair<std::size_t, std::size_t>> pairs_of(const Table& table, Compared which) {
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    for (std::size_t other = 0; other < table.rows.size(); ++other) {
      const bool with_baseline = table.rows[other].is_baseline && other != row;
      const bool others = other < row && !table.rows[row].is_baseline;
      if (with_baseline || (which == Compared::all_pairs && others && !table.rows[other].is_baseline)) {
        pairs.emplace_back(row, other);
      }
    }
  }
  return pairs;
}

/// In its shortest form.
std::string plain_number(double value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

/// `has_pairs`: there are rows to compare; else there is no figure that the test takes.
std::string footnote(const SignificanceConfig& config, bool has_pairs, std::size_t most, std::size_t wanted,
                     std::size_t tested) {
  const config::VariantInfo& test = *tests.choices().find(config.kind);
  if (!has_pairs) {
    return std::string("No differences were tested: there are no two rows to compare") +
           (config.compare == "baseline" ? ", of which one is the baseline" : "");
  }
  if (wanted == 0) {
    return "No differences were tested: the table has no figure that '" + config.kind +
           "' takes; resampling tests take those of text, welch takes losses too";
  }
  std::string why;
  if (tested < wanted) {
    why = std::to_string(wanted - tested) + " of " + std::to_string(wanted) +
          " could not be tested (seeds or outputs are missing, or the rows' test data differ)";
  }
  if (tested == 0) return "No differences were tested: " + why;
  std::string text = config.compare == "baseline" ? "† differs from the baseline" : "Pairs that differ";
  text += ": p < " + plain_number(config.level) + ", " + std::string(test.doc) + " (" + std::string(test.paper);
  if (test.uses_option("samples")) text += ", " + std::to_string(config.samples) + " samples";
  text += ")";
  if (config.correction != "none") {
    text += ", " + config.correction + " correction over " + std::to_string(most) + " tests a column";
  }
  return why.empty() ? text : text + "; " + why;
}

/// "a - b: BLEU +0.53, p = 0.0120", for a pair that passes; marks in cells would not tell which pair is meant.
std::string pair_sentence(const Table& table, const Comparison& found) {
  const Column& column = table.columns[found.column];
  const std::string size = number_text(std::abs(found.difference), std::nullopt, column.notation, column.decimals).mean;
  return table.rows[found.row].label + " - " + table.rows[found.other].label + ": " + column.heading + " " +
         (found.difference < 0 ? "-" : "+") + size + ", " + p_text(found.corrected);
}

}  // namespace

void SignificanceConfig::describe(config::Fields& f) {
  f.choice("kind", kind, tests.choices(), "the test of differences; a row that passes it is marked");
  const config::VariantInfo* const chosen = tests.choices().find(kind);
  const bool on = kind != "none";
  const std::string idle = "has no effect with kind '" + kind + "'";
  f.only_if(on, idle, "kind").choice("compare", compare, compared.choices(), "which rows are compared");
  f.only_if(on, idle, "kind").choice("correction", correction, corrections.choices(), "for the number of tests");
  f.only_if(on, idle, "kind").field("level", level, "a corrected p below it is marked", config::probability);
  f.only_if(chosen != nullptr && chosen->uses_option("samples"), idle, "kind")
      .field("samples", samples, "resamples or exchanges", config::at_least_one);
}

std::string p_text(double p) {
  constexpr double smallest = 0.0001;
  if (p < smallest) return "p < " + plain_number(smallest);
  return "p = " + number_text(p, std::nullopt, Notation::fixed, 4).mean;
}

void compare_rows(Table& table, const SignificanceConfig& config, const MeasuredOn& measured) {
  if (config.kind == "none") return;
  const auto pairs = pairs_of(table, compared.at(config.compare));
  const Comparer comparer(table, config, measured);
  table.marks_comparisons = config.compare == "baseline";
  std::size_t most = 0, wanted = 0, tested = 0;
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    if (!comparer.takes(column)) continue;
    std::vector<Comparison> found;
    std::vector<double> p;
    for (const auto& [row, other] : pairs) {
      if (const std::optional<Comparison> comparison = comparer.compare(column, row, other)) {
        found.push_back(*comparison);
        p.push_back(comparison->p);
      }
    }
    const std::vector<double> corrected = corrections.at(config.correction)(p);
    for (std::size_t i = 0; i < found.size(); ++i) {
      found[i].corrected = corrected[i];
      found[i].significant = corrected[i] < config.level;
      table.comparisons.push_back(found[i]);
    }
    most = std::max(most, found.size());
    wanted += pairs.size();
    tested += found.size();
  }
  table.footnotes.push_back(footnote(config, !pairs.empty(), most, wanted, tested));
  for (const Comparison& found : table.comparisons) {
    if (!table.marks_comparisons && found.significant) table.footnotes.push_back(pair_sentence(table, found));
  }
}

}  // namespace ablate::lab
