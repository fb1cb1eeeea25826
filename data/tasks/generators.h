#pragma once
// The functions behind the rows of tasks(), and what they share. Internal to data/tasks.
#include <functional>
#include <optional>
#include <string_view>

#include "data/tasks/tasks.h"
#include "transformer/core/random.h"

namespace ablate::data {

/// Source: symbols, one token each; target: the same symbols. The length is uniform over min_length ...
/// max_length, each symbol over 0 ... vocabulary - 1. Lengths with too few sequences come out rarer, as no
/// source occurs twice.
Splits generate_copy(const TaskOptions& options);

/// As copy; target: the symbols from last to first.
Splits generate_reverse(const TaskOptions& options);

/// As copy; target: the symbols in ascending numerical order, repeated ones kept.
Splits generate_sort(const TaskOptions& options);

/// Source: "1 2 + 9"; target: "2 1". One token per decimal digit, the most significant digit first on both
/// sides, no leading zeros. The number of digits of each operand is uniform over 1 ... digits, the operand
/// itself over the numbers that have so many.
Splits generate_addition(const TaskOptions& options);

/// The commands of SCAN and their actions; see scan.cpp.
Splits generate_scan(const TaskOptions& options);

/// ListOps expressions and their value, one digit; see listops.cpp.
Splits generate_listops(const TaskOptions& options);

/// Throws UserError unless low <= value <= high.
void check_range(std::string_view task, std::string_view option, std::int64_t value, std::int64_t low,
                 std::int64_t high);

/// One random pair, or nothing if this draw is to be rejected.
using DrawPair = std::function<std::optional<Pair>(SplitMix64& random)>;

/// Draws until train + dev + test pairs with distinct sources are found, then deals them out in random order,
/// so that all three splits are alike (later draws are longer, short sources being used up by then).
/// `existing` is the number of distinct sources that the options allow (an upper bound will do).
/// Throws UserError if more are asked for, or if a million draws in a row bring nothing new.
Splits draw_splits(std::string_view task, const TaskOptions& options, double existing, const DrawPair& draw);

}  // namespace ablate::data
