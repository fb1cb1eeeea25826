#pragma once
// The lines of a file of columns separated by tabs, and texts joined from them: what the readers of such files share.
// Internal to readers.cpp.
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/files/lines.h"
#include "data/readers/readers.h"

namespace ablate::data {

/// "Hahn" -> "H a h n". A space becomes U+2581, so that it stays a symbol where whitespace separates tokens.
void append_spelt(std::string& text, std::string_view word);

/// Whether the characters of a column are set apart.
bool is_spelt(const ReaderConfig& config, std::int64_t column);

class Columns {
 public:
  /// `used`: columns that every line must have. The configuration must outlive it.
  Columns(const ReaderConfig& config, const std::filesystem::path& file,
          std::initializer_list<std::span<const std::int64_t>> used);

  /// Goes to the next line; false at the end. UserError if the line lacks a column.
  bool next();
  /// The chosen columns of the line, with spaces between.
  void join(std::span<const std::int64_t> chosen, std::string& text) const;
  /// The column as it stands in the file.
  std::string_view value(std::int64_t column) const { return columns_[static_cast<std::size_t>(column)]; }
  const LineReader& lines() const { return lines_; }

 private:
  void split_columns();

  const ReaderConfig& config_;
  LineReader lines_;
  std::string line_;
  std::vector<std::string_view> columns_;
  std::int64_t needed_ = 0;
};

}  // namespace ablate::data
