#pragma once
// "Did you mean": the nearest of a list of names to a mistyped one.
#include <string>
#include <string_view>
#include <vector>

namespace ablate::config {

/// Number of insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`
/// (optimal string alignment distance; Damerau 1964).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The nearest name within a third of the word's length (two edits at least), or "" if none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& names);

/// " (did you mean 'x'?)" or, if nothing is near, " (one of: a, b, c)".
std::string suggestion(std::string_view word, const std::vector<std::string>& names);

}  // namespace ablate::config
