#include "data/readers/readers.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

#include "data/files/lines.h"
#include "data/readers/columns.h"
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

class TsvReader : public PairReader {
 public:
  TsvReader(const ReaderConfig& config, const Files& files)
      : config_(config), columns_(config_, files[0], {config_.source_columns, config_.target_columns}) {}

  bool next(RawPair& pair) override {
    if (!columns_.next()) return false;
    columns_.join(config_.source_columns, pair.source);
    columns_.join(config_.target_columns, pair.target);
    pair.line = columns_.lines().line_number();
    return true;
  }

 private:
  ReaderConfig config_;
  Columns columns_;
};

/// A label that cannot be one is found where it stands.
void check_label(const std::string& label, const ReaderConfig& config, const LineReader& lines) {
  if (label.empty()) throw UserError(lines.place() + ": the label is empty");
  if (label_table().at(config.labels) == Content::numbers && !label_number(label)) {
    throw UserError(lines.place() + ": the label '" + label + "' is no number; data.reader.labels says that all are");
  }
}

class LabelledTsvReader : public PairReader {
 public:
  LabelledTsvReader(const ReaderConfig& config, const Files& files)
      : config_(config),
        label_{config.label_column},
        columns_(config_, files[0], {config_.text_columns, config_.second_columns, label_}) {}

  bool next(RawPair& pair) override {
    if (!columns_.next()) return false;
    columns_.join(config_.text_columns, pair.source);
    if (!config_.second_columns.empty()) columns_.join(config_.second_columns, pair.second.emplace());
    pair.target = columns_.value(config_.label_column);
    pair.line = columns_.lines().line_number();
    check_label(pair.target, config_, columns_.lines());
    return true;
  }

 private:
  ReaderConfig config_;
  std::vector<std::int64_t> label_;
  Columns columns_;
};

class LabelledLinesReader : public PairReader {
 public:
  LabelledLinesReader(const ReaderConfig& config, const Files& files) : config_(config), lines_(files[0]) {}

  bool next(RawPair& pair) override {
    if (!lines_.next(line_)) return false;
    const std::size_t space = line_.find(' ');
    if (space == std::string::npos) throw UserError(lines_.place() + ": expected 'label text', with a space between");
    pair.target = line_.substr(0, space);
    pair.source = line_.substr(space + 1);
    pair.line = lines_.line_number();
    if (pair.source.find('\t') != std::string::npos) {
      throw UserError(lines_.place() + ": a tab stands in the text, where it would divide two; the reader " +
                      "'labelled_tsv' reads columns");
    }
    check_label(pair.target, config_, lines_);
    return true;
  }

 private:
  ReaderConfig config_;
  LineReader lines_;
  std::string line_;
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
    {{"labelled_tsv", "one file of columns separated by tabs: a text, or two, and its label", "",
      "text_columns second_columns label_column labels split_at comment skip_header"},
     {1, make<LabelledTsvReader>, Content::classes}},
    {{"labelled_lines", "one file of lines 'label text'", "", "labels"},
     {1, make<LabelledLinesReader>, Content::classes}},
};
constexpr config::VariantTable<ReaderKind> reader_table{"reader", reader_rows};

constexpr config::Variant<Content> label_rows[] = {
    {{"classes", "the name of a class; those of the training set are all there are", "", ""}, Content::classes},
    {{"numbers", "a number", "", ""}, Content::numbers},
};
constexpr config::VariantTable<Content> labels_table{"labels", label_rows};

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
  f.field("text_columns", text_columns, "columns of the text, joined by spaces; the first is 0", config::not_negative);
  f.field("second_columns", second_columns,
          "columns of the other text of a pair of texts; nothing given: there is none", config::not_negative);
  f.field("label_column", label_column, "column of the label", config::not_negative);
  f.choice("labels", labels, label_table().choices(), "what a label is");

  f.check(!source_columns.empty(), "source_columns", "at least one column is needed");
  f.check(!target_columns.empty(), "target_columns", "at least one column is needed");
  f.check(!text_columns.empty(), "text_columns", "at least one column is needed");
  f.check(!split_at || split_at->size() == 1, "split_at", "must be one ASCII character");
  const auto spelt = [this](std::int64_t column) { return is_spelt(*this, column); };
  const bool all_spelt =
      kind == "tsv" && std::ranges::all_of(source_columns, spelt) && std::ranges::all_of(target_columns, spelt);
  f.check(!split_at || !all_spelt, "split_at", "has no effect: every column is spelt");
  f.check(!comment || !comment->empty(), "comment", "must not be empty");
  f.check(!separator || separator->find('\n') == std::string::npos, "separator", "must be one line");
  const bool tells_label =
      std::ranges::count(text_columns, label_column) + std::ranges::count(second_columns, label_column) > 0;
  f.check(kind != "labelled_tsv" || !tells_label, "label_column",
          "column " + std::to_string(label_column) + " is part of the text, which would tell its own label");
  for (const std::int64_t column : spell_columns) {
    const bool chosen = std::ranges::count(source_columns, column) + std::ranges::count(target_columns, column) > 0;
    f.check(chosen, "spell_columns", "has no effect: column " + std::to_string(column) + " is on neither side");
  }
}

config::Choices reader_kinds() { return reader_table.choices(); }

const config::VariantTable<Content>& label_table() { return labels_table; }

std::optional<double> label_number(std::string_view label) {
  double number = 0;
  const auto [end, error] = std::from_chars(label.data(), label.data() + label.size(), number);
  const bool is_whole = error == std::errc() && end == label.data() + label.size();
  return is_whole && std::isfinite(number) ? std::optional(number) : std::nullopt;
}

Content content_of(const ReaderConfig& config) {
  const Content content = reader_table.at(config.kind).content;
  return is_labelled(content) ? label_table().at(config.labels) : content;
}

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
