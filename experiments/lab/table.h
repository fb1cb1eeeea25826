#pragma once
// A results table as data: what was measured, for which row, with which seed, and which way is better. It
// knows nothing of run folders, where the figures come from, nor of Markdown or LaTeX, which render/render.h
// writes.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/lab/number_format.h"
#include "experiments/lab/statistics.h"

namespace ablate::lab {

enum class State {
  value,
  missing,
  diverged,
  failed,  ///< ended by an error, such as a lack of memory
  running,
};
enum class Direction { none, higher, lower };  ///< which way is better
enum class Content {
  measurement,  ///< one number per seed: mean ± sd over seeds
  fact,         ///< one number per row, such as its count of parameters
  text,
};

std::string_view name_of(State state);          ///< "value", "missing", "diverged", "failed", "running"
std::string_view name_of(Direction direction);  ///< "none", "higher", "lower"
std::string_view name_of(Content content);      ///< "measurement", "fact", "text"

/// What one seed gave. A value that is not finite is that of a diverged run.
struct Sample {
  std::int64_t seed = 0;
  double value = 0;
  State state = State::value;
};

/// State::diverged also for a value that is not finite.
State state_of(const Sample& sample);

/// A cell lists every seed that the experiment asks for, finished or not; empty means missing.
struct Cell {
  std::vector<Sample> samples;
  std::string text;
  /// The text is the baseline's again: formats for people leave it blank, those for programs write it.
  bool repeats_baseline = false;
};

Cell measurement_cell(std::vector<Sample> samples);
Cell fact_cell(double value);
Cell text_cell(std::string text);

/// A cell of numbers in one look: the statistics are over the seeds that gave a finite value.
struct Summary {
  State state = State::missing;  ///< value if any seed has one, else running, diverged, failed, missing in this order
  Statistics statistics;
  std::size_t seeds = 0;
  std::size_t diverged = 0;
  std::size_t failed = 0;
  std::size_t running = 0;
  std::size_t missing = 0;
};
Summary summarize(const Cell& cell);

struct Column {
  std::string key;      ///< for programs: the name in CSV and JSON, unique in the table
  std::string heading;  ///< for people
  std::string unit;
  std::string group;  ///< heading above neighbouring columns of the same group, "" for none
  Content content = Content::measurement;
  Direction direction = Direction::none;
  Notation notation = Notation::fixed;
  int decimals = 2;
  bool is_numeric = false;  ///< text that consists of numbers as somebody wrote them: stands to the right
  bool is_beside = false;   ///< belongs to the column on its left and shares its group, such as a paper's figure
};

/// The columns that every table has beside its metrics.
Column seeds_column();       ///< fact: number of seeds that the row's figures rest on
Column parameters_column();  ///< fact: trained parameters, 2.61 M
Column speed_column();       ///< measurement: target tokens trained on per second

struct Row {
  std::string label;
  std::string group;  ///< heading above the rows of the same group, "" for none
  bool is_baseline = false;
  std::vector<Cell> cells;  ///< one per column, in the order of the columns
};

/// The test of one difference.
struct Comparison {
  std::size_t column = 0, row = 0, other = 0;  ///< as indices into Table
  double difference = 0;                       ///< of the means: row - other
  double p = 1, corrected = 1;
  bool significant = false;
};

struct Table {
  std::string title;
  std::string caption;
  std::vector<std::string> footnotes;  ///< signatures of the metrics, rows of different commits, ...
  std::string row_heading = "Model";
  std::vector<Column> columns;
  std::vector<Row> rows;
  std::vector<Comparison> comparisons;  ///< none unless the experiment asks for tests
  bool marks_comparisons = false;       ///< cells that differ from the baseline bear a mark
};

/// Throws std::logic_error, naming row and column, if a row has not one cell per column, a cell does not fit
/// its column's content, a seed occurs twice in a cell, a column stands beside one of another group, or a key is
/// empty, taken or one of `group`, `label`, `baseline`.
void check(const Table& table);

/// Puts a column with its cells, one per row, in front of column `at` (at most one behind the last). The comparisons
/// go on naming the columns that they named.
void insert_column(Table& table, std::size_t at, Column column, std::vector<Cell> cells);

/// Rows that stand together, as indices into Table::rows.
struct Section {
  std::string heading;  ///< "" for the baseline and for rows without a group
  std::vector<std::size_t> rows;
};

/// The order in which papers print rows: the baseline, whatever its group, then rows without a group, then
/// the groups in the order in which they first occur. Without empty sections.
std::vector<Section> sections(const Table& table);

/// For every row whether it has the column's best mean. Means that print alike are ties and all best; without
/// a direction none is, nor while only one row has a result. A row with diverged seeds competes with the mean
/// of the others, and the table says so beside it.
std::vector<bool> best_rows(const Table& table, std::size_t column);

/// The test of a row's cell against the baseline's, or null.
const Comparison* comparison_with_baseline(const Table& table, std::size_t row, std::size_t column);

/// Whether any cell of the column was tested against the baseline.
bool is_tested(const Table& table, std::size_t column);

/// All seeds of the table's measurements, ascending.
std::vector<std::int64_t> seeds_of(const Table& table);

}  // namespace ablate::lab
