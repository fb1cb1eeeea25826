#include "data/tokenizers/pipeline/pre_tokenizer.h"

#include <optional>

#include "data/tokenizers/pipeline/byte_alphabet.h"
#include "data/tokenizers/pipeline/component.h"
#include "data/tokenizers/pipeline/splitting.h"
#include "data/tokenizers/pipeline/text.h"

namespace ablate::data {
namespace {

/// Puts in place of each word what `cut(word)` makes of it.
template <class Cut>
void cut_words(std::vector<std::string>& words, SplitBehavior behavior, Cut cut) {
  std::vector<std::string> all;
  all.reserve(words.size());
  for (const std::string& word : words) add_words(cut(word), behavior, all);
  words = std::move(all);
}

/// Bytes as characters, after the words of GPT-2 where `use_regex` asks for them.
class ByteLevel final : public PreTokenizer {
 public:
  explicit ByteLevel(const JsonPart& part) : add_prefix_space_(part.flag("add_prefix_space", true)) {
    // trim_offsets is about places in the text, which a tokenizer here does not give.
    part.check_keys({"type", "add_prefix_space", "trim_offsets", "use_regex"});
    if (part.flag("use_regex", true)) pattern_.emplace(gpt2_pattern);
  }

  void apply(std::vector<std::string>& words) const override {
    if (add_prefix_space_) {
      for (std::string& word : words) {
        if (!word.starts_with(' ')) word.insert(word.begin(), ' ');
      }
    }
    if (pattern_) {
      cut_words(words, SplitBehavior::isolated, [&](const std::string& word) { return pattern_->find(word); });
    }
    for (std::string& word : words) word = bytes_to_characters(word);
  }

 private:
  bool add_prefix_space_;
  std::optional<Pattern> pattern_;
};

class SplitByPattern final : public PreTokenizer {
 public:
  explicit SplitByPattern(const JsonPart& part)
      : pattern_(read_pattern(part.at("pattern"))),
        behavior_(read_split_behavior(part.at("behavior"))),
        invert_(part.flag("invert", false)) {
    part.check_keys({"type", "pattern", "behavior", "invert"});
  }

  void apply(std::vector<std::string>& words) const override {
    cut_words(words, behavior_, [&](const std::string& word) {
      std::vector<Stretch> stretches = pattern_.find(word);
      for (Stretch& stretch : stretches) stretch.found = stretch.found != invert_;
      return stretches;
    });
  }

 private:
  Pattern pattern_;
  SplitBehavior behavior_;
  bool invert_;
};

/// Whitespace divides words, and each mark of punctuation is a word.
class BertPreTokenizer final : public PreTokenizer {
 public:
  explicit BertPreTokenizer(const JsonPart& part) { part.check_keys({"type"}); }

  void apply(std::vector<std::string>& words) const override {
    cut_words(words, SplitBehavior::removed, [](const std::string& word) {
      return find_characters(word, [](UChar32 character) { return u_isUWhiteSpace(character) != 0; });
    });
    cut_words(words, SplitBehavior::isolated,
              [](const std::string& word) { return find_characters(word, is_punctuation); });
  }
};

class Punctuation final : public PreTokenizer {
 public:
  explicit Punctuation(const JsonPart& part)
      : behavior_(part.has("behavior") ? read_split_behavior(part.at("behavior")) : SplitBehavior::isolated) {
    part.check_keys({"type", "behavior"});
  }

  void apply(std::vector<std::string>& words) const override {
    cut_words(words, behavior_, [](const std::string& word) { return find_characters(word, is_punctuation); });
  }

 private:
  SplitBehavior behavior_;
};

class Digits final : public PreTokenizer {
 public:
  explicit Digits(const JsonPart& part)
      : behavior_(part.flag("individual_digits", false) ? SplitBehavior::isolated : SplitBehavior::contiguous) {
    part.check_keys({"type", "individual_digits"});
  }

  void apply(std::vector<std::string>& words) const override {
    cut_words(words, behavior_, [](const std::string& word) { return find_characters(word, is_number); });
  }

 private:
  SplitBehavior behavior_;
};

class PreTokenizerSequence final : public PreTokenizer {
 public:
  explicit PreTokenizerSequence(const JsonPart& part) {
    part.check_keys({"type", "pretokenizers"});
    for (const JsonPart& item : part.at("pretokenizers").items()) steps_.push_back(read_pre_tokenizer(item));
  }

  void apply(std::vector<std::string>& words) const override {
    for (const auto& step : steps_) step->apply(words);
  }

 private:
  std::vector<std::unique_ptr<PreTokenizer>> steps_;
};

constexpr ComponentRow<PreTokenizer> pre_tokenizer_rows[] = {
    {"ByteLevel", make_component<ByteLevel>},
    {"Split", make_component<SplitByPattern>},
    {"BertPreTokenizer", make_component<BertPreTokenizer>},
    {"Punctuation", make_component<Punctuation>},
    {"Digits", make_component<Digits>},
    {"Sequence", make_component<PreTokenizerSequence>},
};

}  // namespace

std::unique_ptr<PreTokenizer> read_pre_tokenizer(const JsonPart& part) {
  return read_component<PreTokenizer>(part, pre_tokenizer_rows);
}

}  // namespace ablate::data
