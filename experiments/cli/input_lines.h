#pragma once
// The lines that a command works on: of a file, or of standard input where none is named.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "experiments/cli/command.h"

namespace ablate::cli {

/// Puts the next line into `line`; false at the end. Both kinds of input follow the same rules: LF or CR LF
/// ends a line, a byte-order mark at the start is dropped, UserError with file and line for what is not valid
/// UTF-8.
using InputLines = std::function<bool(std::string& line)>;

/// Files may be compressed with gzip. No name, or "-", is standard input.
InputLines input_lines(const std::optional<std::string>& file);

/// All of them.
std::vector<std::string> read_lines(const std::optional<std::string>& file);

/// The values of the option `name`, then those of the positional arguments `more`: `--input a b` names two
/// files.
std::vector<std::string> file_list(const Arguments& arguments, const std::string& name, const std::string& more);

/// How messages call that input.
std::string input_name(const std::optional<std::string>& file);

}  // namespace ablate::cli
