#include "data/readers/readers.h"

#include <algorithm>
#include <string_view>

#include "data/files/lines.h"
#include "transformer/core/code_points.h"
#include "transformer/core/error.h"

namespace ablate::data {
namespace {

using Files = std::vector<std::filesystem::path>;
using MakeReader = std::unique_ptr<PairReader> (*)(const ReaderConfig& config, const Files& files);

struct ReaderKind {
  std::size_t files;
  MakeReader make;
  Content content = Content::pairs;
};

template <class Reader>
std::unique_ptr<PairReader> make(const ReaderConfig& config, const Files& files) {
  return std::make_unique<Reader>(config, files);
}

/// "Hahn" -> "H a h n". A space becomes U+2581, so that it stays a symbol where whitespace separates tokens.
void append_spelt(std::string& text, std::string_view word) {
  bool first = true;
  for_each_code_point(word, [&](std::string_view character, bool) {
    if (!first) text += ' ';
    text += character == " " ? "\u2581" : character;
    first = false;
  });
}

class ParallelReader : public PairReader {
 public:
  ParallelReader(const ReaderConfig&, const Files& files) : source_(files[0]), target_(files[1]) {}

  bool next(RawPair& pair) override {
    const bool source = source_.next(pair.source);
    const bool target = target_.next(pair.target);
    if (source != target) throw_unequal();
    pair.line = source_.line_number();
    return source;
  }

 private:
  [[noreturn]] void throw_unequal() {
    std::string line;
    while (source_.next(line)) {
    }
    while (target_.next(line)) {
    }
    throw UserError(source_.path().string() + " has " + std::to_string(source_.line_number()) + " lines but " +
                    target_.path().string() + " has " + std::to_string(target_.line_number()) +
                    ": line N of one must be the translation of line N of the other");
  }

  LineReader source_;
  LineReader target_;
};

bool is_spelt(const ReaderConfig& config, std::int64_t column) {
  return std::ranges::count(config.spell_columns, column) > 0;
}

class TsvReader : public PairReader {
 public:
  TsvReader(const ReaderConfig& config, const Files& files) : config_(config), lines_(files[0]) {
    if (config.skip_header) lines_.next(line_);
    for (const auto* columns : {&config.source_columns, &config.target_columns}) {
      for (const std::int64_t column : *columns) needed_ = std::max(needed_, column + 1);
    }
  }

  bool next(RawPair& pair) override {
    do {
      if (!lines_.next(line_)) return false;
    } while (config_.comment && line_.starts_with(*config_.comment));
    split_columns();
    join(config_.source_columns, pair.source);
    join(config_.target_columns, pair.target);
    pair.line = lines_.line_number();
    return true;
  }

 private:
  void split_columns() {
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

  void join(const std::vector<std::int64_t>& chosen, std::string& text) const {
    text.clear();
    for (const std::int64_t column : chosen) {
      const std::string_view value = columns_[static_cast<std::size_t>(column)];
      if (value.empty()) continue;
      if (!text.empty()) text += ' ';
      if (is_spelt(config_, column)) {
        append_spelt(text, value);
      } else {
        append_split(text, value);
      }
    }
  }

  void append_split(std::string& text, std::string_view value) const {
    for (const char character : value) {
      text += config_.split_at && character == config_.split_at->front() ? ' ' : character;
    }
  }

  ReaderConfig config_;
  LineReader lines_;
  std::string line_;
  std::vector<std::string_view> columns_;
  std::int64_t needed_ = 0;
};

class ScanReader : public PairReader {
 public:
  ScanReader(const ReaderConfig&, const Files& files) : lines_(files[0]) {}

  bool next(RawPair& pair) override {
    if (!lines_.next(line_)) return false;
    constexpr std::string_view in = "IN: ";
    constexpr std::string_view out = " OUT: ";
    const std::size_t middle = line_.find(out);
    if (!line_.starts_with(in) || middle == std::string::npos) {
      throw UserError(lines_.place() + ": expected 'IN: command OUT: actions'");
    }
    pair.source = line_.substr(in.size(), middle - in.size());
    pair.target = line_.substr(middle + out.size());
    pair.line = lines_.line_number();
    return true;
  }

 private:
  LineReader lines_;
  std::string line_;
};

/// True for "tomato(2)": another pronunciation of a word that was there before.
bool is_alternative(std::string_view word) {
  const std::size_t open = word.rfind('(');
  if (open == 0 || open == std::string_view::npos || !word.ends_with(')')) return false;
  const std::string_view number = word.substr(open + 1, word.size() - open - 2);
  return !number.empty() && number.find_first_not_of("0123456789") == std::string_view::npos;
}

class DictionaryReader : public PairReader {
 public:
  DictionaryReader(const ReaderConfig&, const Files& files) : lines_(files[0]) {}

  bool next(RawPair& pair) override {
    while (lines_.next(line_)) {
      std::string_view line = line_;
      if (line.starts_with('#') || line.starts_with(";;;")) continue;
      line = line.substr(0, line.find(" #"));
      line = line.substr(0, line.find_last_not_of(" \t") + 1);
      if (line.empty()) continue;
      const std::size_t end = line.find_first_of(" \t");
      const std::string_view word = line.substr(0, end);
      if (is_alternative(word)) continue;
      if (end == std::string_view::npos) {
        throw UserError(lines_.place() + ": expected 'word phoneme phoneme …', but '" + std::string(word) +
                        "' stands alone");
      }
      pair.source.clear();
      append_spelt(pair.source, word);
      pair.key = word;
      pair.target = line.substr(line.find_first_not_of(" \t", end));
      pair.line = lines_.line_number();
      return true;
    }
    return false;
  }

 private:
  LineReader lines_;
  std::string line_;
};

class TextReader : public PairReader {
 public:
  TextReader(const ReaderConfig& config, const Files& files) : separator_(config.separator), lines_(files[0]) {}

  bool next(RawPair& pair) override {
    pair.source.clear();
    pair.target.clear();
    pair.line = lines_.line_number() + 1;
    while (lines_.next(line_)) {
      if (separator_ && line_ == *separator_) {
        if (!pair.target.empty()) return true;
        pair.line = lines_.line_number() + 1;
        continue;
      }
      pair.target += line_;
      pair.target += '\n';
    }
    return !pair.target.empty();
  }

 private:
  std::optional<std::string> separator_;
  LineReader lines_;
  std::string line_;
};

class LinesReader : public PairReader {
 public:
  LinesReader(const ReaderConfig&, const Files& files) : lines_(files[0]) {}

  bool next(RawPair& pair) override {
    pair.source.clear();
    if (!lines_.next(pair.target)) return false;
    pair.line = lines_.line_number();
    return true;
  }

 private:
  LineReader lines_;
};

constexpr config::Variant<ReaderKind> reader_rows[] = {
    {{"parallel", "two files: line N of the second translates line N of the first", "", ""}, {2, make<ParallelReader>}},
    {{"tsv", "one file of columns separated by tabs", "",
      "source_columns target_columns spell_columns split_at comment skip_header"},
     {1, make<TsvReader>}},
    {{"scan", "one file of lines 'IN: command OUT: actions'", "Lake and Baroni 2018", ""}, {1, make<ScanReader>}},
    {{"dictionary",
      "one file of lines 'word phoneme phoneme …'; the word is spelt 'w o r d', alternatives 'word(2)' and "
      "comments "
      "after '#' are dropped",
      "CMU Pronouncing Dictionary", ""},
     {1, make<DictionaryReader>}},
    {{"text",
      "one file of running text, line ends included: a document is the whole file, or what stands between lines that "
      "are the separator",
      "", "separator"},
     {1, make<TextReader>, Content::text}},
    {{"lines", "one file of text: every line is a document, without its line end", "", ""},
     {1, make<LinesReader>, Content::text}},
};
constexpr config::VariantTable<ReaderKind> reader_table{"reader", reader_rows};

}  // namespace

void ReaderConfig::describe(config::Fields& f) {
  f.variant(kind, reader_kinds(), "format of the files");
  f.field("source_columns", source_columns, "columns of the source, joined by spaces; the first is 0",
          config::not_negative);
  f.field("target_columns", target_columns, "columns of the target, joined by spaces", config::not_negative);
  f.field("spell_columns", spell_columns, "columns whose characters are set apart by spaces, a space becoming ▁",
          config::not_negative);
  f.field("split_at", split_at, "a character that becomes a space in the other columns");
  f.field("comment", comment, "lines that begin so are left out");
  f.field("skip_header", skip_header, "leave out the first line");
  f.field("separator", separator, "a line that stands between two documents and belongs to neither");

  f.check(!source_columns.empty(), "source_columns", "at least one column is needed");
  f.check(!target_columns.empty(), "target_columns", "at least one column is needed");
  f.check(!split_at || split_at->size() == 1, "split_at", "must be one ASCII character");
  const auto spelt = [this](std::int64_t column) { return is_spelt(*this, column); };
  const bool all_spelt = std::ranges::all_of(source_columns, spelt) && std::ranges::all_of(target_columns, spelt);
  f.check(!split_at || !all_spelt, "split_at", "has no effect: every column is spelt");
  f.check(!comment || !comment->empty(), "comment", "must not be empty");
  f.check(!separator || separator->find('\n') == std::string::npos, "separator", "must be one line");
  for (const std::int64_t column : spell_columns) {
    const bool chosen = std::ranges::count(source_columns, column) + std::ranges::count(target_columns, column) > 0;
    f.check(chosen, "spell_columns", "has no effect: column " + std::to_string(column) + " is on neither side");
  }
}

config::Choices reader_kinds() { return reader_table.choices(); }

Content content_of(const ReaderConfig& config) { return reader_table.at(config.kind).content; }

std::size_t files_per_set(const ReaderConfig& config) { return reader_table.at(config.kind).files; }

std::unique_ptr<PairReader> open_reader(const ReaderConfig& config, const Files& files) {
  const ReaderKind& kind = reader_table.at(config.kind);
  if (files.size() != kind.files) {
    throw UserError("the reader '" + config.kind + "' takes " + (kind.files == 1 ? "one file" : "two files") +
                    " for each set, not " + std::to_string(files.size()));
  }
  return kind.make(config, files);
}

}  // namespace ablate::data
