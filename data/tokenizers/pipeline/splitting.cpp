#include "data/tokenizers/pipeline/splitting.h"

#include <unicode/regex.h>
#include <unicode/unistr.h>

#include "data/tokenizers/pipeline/text.h"
#include "transformer/core/error.h"

namespace ablate::data {
namespace {

struct BehaviorRow {
  std::string_view name;
  SplitBehavior behavior;
};
constexpr BehaviorRow behavior_rows[] = {
    {"Removed", SplitBehavior::removed},
    {"Isolated", SplitBehavior::isolated},
    {"MergedWithPrevious", SplitBehavior::merged_with_previous},
    {"MergedWithNext", SplitBehavior::merged_with_next},
    {"Contiguous", SplitBehavior::contiguous},
};

struct PatternRow {
  std::string_view model;
  std::string_view expression;
};
constexpr PatternRow pattern_rows[] = {
    {"GPT-2", R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)"},
    {"GPT-4 and Llama 3",
     R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|)"
     R"(\s*[\r\n]+|\s+(?!\S)|\s+)"},
    {"GPT-4, as first published",
     R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|)"
     R"(\s*[\r\n]|\s+(?!\S)|\s+)"},
    {"Qwen2", R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|)"
              R"(\s*[\r\n]+|\s+(?!\S)|\s+)"},
    {"GPT-4o",
     R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
     R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
     R"(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"},
    {"BLOOM", R"( ?[^(\s|[.,!?…。，、।۔،])]+)"},
    {"Falcon", R"([0-9][0-9][0-9])"},
};

void check_status(UErrorCode status, const char* action) {
  if (U_FAILURE(status) == 0) return;
  throw RunError(std::string("ICU could not ") + action + " a regular expression: " + u_errorName(status));
}

}  // namespace

const std::string_view gpt2_pattern = pattern_rows[0].expression;

SplitBehavior read_split_behavior(const JsonPart& part) {
  const std::string name = part.text();
  for (const BehaviorRow& row : behavior_rows) {
    if (row.name == name) return row.behavior;
  }
  part.fail("'" + name + "' is no behaviour of a split");
}

void add_words(std::vector<Stretch> stretches, SplitBehavior behavior, std::vector<std::string>& words) {
  bool joins_next = false;  // the last word may go on with the next stretch
  bool last_found = false;
  for (Stretch& stretch : stretches) {
    bool joins = false;
    switch (behavior) {
      case SplitBehavior::removed:
        if (stretch.found) continue;
        break;
      case SplitBehavior::isolated:
        break;
      case SplitBehavior::merged_with_previous:
        joins = joins_next && stretch.found;
        joins_next = !stretch.found;
        break;
      case SplitBehavior::merged_with_next:
        joins = joins_next && !stretch.found;
        joins_next = stretch.found;
        break;
      case SplitBehavior::contiguous:
        joins = joins_next && stretch.found == last_found;
        joins_next = true;
        break;
    }
    if (joins) {
      words.back() += stretch.text;
    } else {
      words.push_back(std::move(stretch.text));
    }
    last_found = stretch.found;
  }
}

std::vector<Stretch> find_characters(std::string_view text, bool (*is_found)(UChar32)) {
  std::vector<Stretch> stretches;
  for_each_character(text, [&](UChar32 character, std::string_view bytes) {
    if (is_found(character)) {
      stretches.push_back({std::string(bytes), true});
    } else if (!stretches.empty() && !stretches.back().found) {
      stretches.back().text += bytes;
    } else {
      stretches.push_back({std::string(bytes), false});
    }
  });
  return stretches;
}

class Pattern::Compiled {
 public:
  explicit Compiled(std::string_view expression) {
    UErrorCode status = U_ZERO_ERROR;
    UParseError place;
    const icu::StringPiece bytes(expression.data(), static_cast<std::int32_t>(expression.size()));
    pattern_.reset(icu::RegexPattern::compile(icu::UnicodeString::fromUTF8(bytes), 0, place, status));
    check_status(status, "compile");
  }

  std::vector<Stretch> find(std::string_view text) const {
    const icu::StringPiece bytes(text.data(), static_cast<std::int32_t>(text.size()));
    const icu::UnicodeString units = icu::UnicodeString::fromUTF8(bytes);
    UErrorCode status = U_ZERO_ERROR;
    const std::unique_ptr<icu::RegexMatcher> matcher(pattern_->matcher(units, status));
    check_status(status, "search for");
    // A run of a million spaces takes more than the 8 MB that ICU allows itself to remember ways back.
    matcher->setStackLimit(0, status);
    std::vector<Stretch> stretches;
    const auto add = [&](std::int32_t start, std::int32_t end, bool found) {
      if (start == end) return;
      units.tempSubStringBetween(start, end).toUTF8String(stretches.emplace_back(Stretch{"", found}).text);
    };
    std::int32_t done = 0;
    while (matcher->find(status) != 0) {
      const std::int32_t start = matcher->start(status);
      const std::int32_t end = matcher->end(status);
      add(done, start, false);
      add(start, end, true);
      done = end;
    }
    check_status(status, "search for");
    add(done, units.length(), false);
    return stretches;
  }

 private:
  std::unique_ptr<icu::RegexPattern> pattern_;
};

Pattern::Pattern(std::string_view expression) : compiled_(std::make_unique<Compiled>(expression)) {}
Pattern::~Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;

std::vector<Stretch> Pattern::find(std::string_view text) const { return compiled_->find(text); }

Pattern read_pattern(const JsonPart& part) {
  part.check_keys({"Regex"});
  const std::string expression = part.text("Regex");
  std::string known;
  for (const PatternRow& row : pattern_rows) {
    if (row.expression == expression) return Pattern(expression);
    known += (known.empty() ? "" : ", ") + std::string(row.model);
  }
  part.fail("the pattern '" + expression +
            "' is none of those that are known to be read here as they are meant: " + "those of " + known);
}

}  // namespace ablate::data
