#include "experiments/cli/input_lines.h"

#include <iostream>
#include <memory>

#include "data/files/lines.h"
#include "transformer/core/code_points.h"
#include "transformer/core/error.h"

namespace ablate::cli {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool is_standard_input(const std::optional<std::string>& file) { return !file || *file == "-"; }

InputLines standard_input() {
  return [number = std::uint64_t{0}](std::string& line) mutable {
    if (!std::getline(std::cin, line)) return false;
    ++number;
    if (line.ends_with('\r') && !std::cin.eof()) line.pop_back();
    if (number == 1 && line.starts_with(byte_order_mark)) line.erase(0, byte_order_mark.size());
    if (!is_utf8(line)) {
      throw UserError("standard input:" + std::to_string(number) +
                      ": not valid UTF-8; convert the text to UTF-8 first");
    }
    return true;
  };
}

}  // namespace

InputLines input_lines(const std::optional<std::string>& file) {
  if (is_standard_input(file)) return standard_input();
  auto reader = std::make_shared<data::LineReader>(*file);
  return [reader](std::string& line) { return reader->next(line); };
}

std::vector<std::string> read_lines(const std::optional<std::string>& file) {
  std::vector<std::string> lines;
  const InputLines next = input_lines(file);
  for (std::string line; next(line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> file_list(const Arguments& arguments, const std::string& name, const std::string& more) {
  std::vector<std::string> files;
  for (const std::string& option : {name, more}) {
    for (const std::string& file : arguments.texts(option)) files.push_back(file);
  }
  return files;
}

std::string input_name(const std::optional<std::string>& file) {
  return is_standard_input(file) ? "standard input" : *file;
}

}  // namespace ablate::cli
