#pragma once
// Sequence tasks that the program generates itself: nothing to download, any size, the answer known exactly.
// Text only: tokenizers and batches come after, as for a corpus that is read from files.
//
// A task is a pure function of its options: the same options give the same pairs in the same order on every
// machine. In all tasks no source of dev or test occurs in another split.
#include <cstdint>
#include <string>
#include <vector>

#include "transformer/config/variants.h"

namespace ablate::data {

/// One example; tokens are separated by single spaces and neither side is empty.
struct Pair {
  std::string source;
  std::string target;
  bool operator==(const Pair&) const = default;
};

struct Splits {
  std::vector<Pair> train;
  std::vector<Pair> dev;
  std::vector<Pair> test;
};

/// The options of all tasks; each task reads those that its row of tasks() names under `uses`.
struct TaskOptions {
  std::int64_t seed = 1;  ///< decides every draw

  std::int64_t train = 10'000;  ///< number of training pairs
  std::int64_t dev = 500;       ///< number of development pairs; scan: taken out of the published train set
  std::int64_t test = 500;      ///< number of test pairs

  std::int64_t min_length = 1;   ///< copy, reverse, sort: symbols of the shortest sequence
  std::int64_t max_length = 10;  ///< copy, reverse, sort: symbols of the longest sequence
  std::int64_t vocabulary = 10;  ///< copy, reverse, sort: number of symbols, written 0, 1, 2, ...

  std::int64_t digits = 3;  ///< addition: digits of the longest operand, 1 to 18

  std::string split = "simple";  ///< scan: a row of scan_splits()

  std::int64_t max_depth = 20;     ///< listops: levels of the deepest tree, the digits' level included
  std::int64_t max_args = 5;       ///< listops: most arguments of an operator, 2 at least
  std::int64_t min_tokens = 1;     ///< listops: shortest expression, grouping parentheses not counted
  std::int64_t max_tokens = 2000;  ///< listops: longest expression, grouping parentheses not counted
  bool parentheses = false;        ///< listops: write the grouping parentheses of the published files
};

/// Throws UserError if an option is out of range, or if fewer distinct sources exist than are asked for.
using GenerateTask = Splits (*)(const TaskOptions& options);

/// All tasks, in the order in which the catalogue lists them.
const config::VariantTable<GenerateTask>& tasks();

/// The values of `split` for scan.
config::Choices scan_splits();

}  // namespace ablate::data
