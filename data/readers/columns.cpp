#include "data/readers/columns.h"

#include <algorithm>

#include "transformer/core/code_points.h"
#include "transformer/core/error.h"

namespace ablate::data {

void append_spelt(std::string& text, std::string_view word) {
  bool first = true;
  for_each_code_point(word, [&](std::string_view character, bool) {
    if (!first) text += ' ';
    text += character == " " ? "\u2581" : character;
    first = false;
  });
}

bool is_spelt(const ReaderConfig& config, std::int64_t column) {
  return std::ranges::count(config.spell_columns, column) > 0;
}

Columns::Columns(const ReaderConfig& config, const std::filesystem::path& file,
                 std::initializer_list<std::span<const std::int64_t>> used)
    : config_(config), lines_(file) {
  if (config.skip_header) lines_.next(line_);
  for (const auto& columns : used) {
    for (const std::int64_t column : columns) needed_ = std::max(needed_, column + 1);
  }
}

bool Columns::next() {
  do {
    if (!lines_.next(line_)) return false;
  } while (config_.comment && line_.starts_with(*config_.comment));
  split_columns();
  return true;
}

void Columns::split_columns() {
  columns_.clear();
  for (std::string_view rest = line_;;) {
    const std::size_t tab = rest.find('\t');
    columns_.push_back(rest.substr(0, tab));
    if (tab == std::string_view::npos) break;
    rest.remove_prefix(tab + 1);
  }
  if (static_cast<std::int64_t>(columns_.size()) < needed_) {
    throw UserError(lines_.place() + ": column " + std::to_string(needed_ - 1) + " is asked for, but the line has " +
                    std::to_string(columns_.size()) + " (separated by tabs, the first being 0)");
  }
}

void Columns::join(std::span<const std::int64_t> chosen, std::string& text) const {
  text.clear();
  for (const std::int64_t column : chosen) {
    const std::string_view value = columns_[static_cast<std::size_t>(column)];
    if (value.empty()) continue;
    if (!text.empty()) text += ' ';
    if (is_spelt(config_, column)) {
      append_spelt(text, value);
      continue;
    }
    for (const char character : value) {
      text += config_.split_at && character == config_.split_at->front() ? ' ' : character;
    }
  }
}

}  // namespace ablate::data
