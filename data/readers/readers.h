#pragma once
// Files to pairs of texts, or to documents of running text, one at a time: what a line means in each format. Splits,
// tokens and caches come after.
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "transformer/config/fields.h"

namespace ablate::data {

/// A document of running text is a pair without a source; a labelled text is one whose target is the label.
struct RawPair {
  std::string source;
  std::optional<std::string> second{};  ///< labelled: the other text of a pair of texts
  std::string target;
  std::string key;         ///< what the split rule `hash` goes by if that is not the source
  std::uint64_t line = 0;  ///< where it stands in its file, the first line being 1

  const std::string& split_key() const { return key.empty() ? source : key; }
};

class PairReader {
 public:
  virtual ~PairReader() = default;
  /// The next pair; false at the end. Throws UserError with file and line if a line is not in the format.
  virtual bool next(RawPair& pair) = 0;
};

struct ReaderConfig {
  std::string kind = "parallel";
  std::vector<std::int64_t> source_columns{0};
  std::vector<std::int64_t> target_columns{1};
  std::vector<std::int64_t> spell_columns;
  std::optional<std::string> split_at;
  std::optional<std::string> comment;
  bool skip_header = false;
  std::optional<std::string> separator;
  std::vector<std::int64_t> text_columns{0};
  std::vector<std::int64_t> second_columns;
  std::int64_t label_column = 1;
  std::string labels = "classes";

  void describe(config::Fields& f);
};

config::Choices reader_kinds();

/// What a corpus is made of.
enum class Content {
  pairs,
  text,
  classes,  ///< texts, or pairs of texts, each with the name of its class
  numbers,  ///< the same, each with a number
};
constexpr bool is_labelled(Content content) { return content == Content::classes || content == Content::numbers; }

/// What a label may be.
const config::VariantTable<Content>& label_table();

/// The number that a label is, if it is one and finite.
std::optional<double> label_number(std::string_view label);

/// Throws UserError for an unknown kind.
Content content_of(const ReaderConfig& config);

/// Files that make one set: 2 for parallel (source, target), else 1. Throws UserError for an unknown kind.
std::size_t files_per_set(const ReaderConfig& config);

/// Opens a set; UserError if the number of files is not files_per_set() or one cannot be opened.
std::unique_ptr<PairReader> open_reader(const ReaderConfig& config, const std::vector<std::filesystem::path>& files);

}  // namespace ablate::data
