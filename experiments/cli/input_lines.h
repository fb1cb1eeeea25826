#pragma once
// The lines that a command works on: of a file, or of standard input where none is named.
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace ablate::cli {

/// Puts the next line into `line`; false at the end. Both kinds of input follow the same rules: LF or CR LF
/// ends a line, a byte-order mark at the start is dropped, UserError with file and line for what is not valid
/// UTF-8.
using InputLines = std::function<bool(std::string& line)>;

/// Files may be compressed with gzip. No name, or "-", is standard input.
InputLines input_lines(const std::optional<std::string>& file);

/// All of them.
std::vector<std::string> read_lines(const std::optional<std::string>& file);

/// How messages call that input.
std::string input_name(const std::optional<std::string>& file);

}  // namespace ablate::cli
