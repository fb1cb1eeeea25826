#include "data/tokenizers/pipeline/normalizer.h"

#include <algorithm>
#include <vector>

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uniset.h>

#include "data/tokenizers/pipeline/component.h"
#include "data/tokenizers/pipeline/text.h"
#include "transformer/core/error.h"

namespace ablate::data {
namespace {

using NormalizerPtr = std::unique_ptr<Normalizer>;

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char byte) { return static_cast<unsigned char>(byte) < 0x80; });
}

/// Calls `change(character, result)` for each character; the results together are the new text.
template <class Change>
std::string changed(std::string_view text, Change change) {
  std::string result;
  result.reserve(text.size());
  for_each_character(text, [&](UChar32 character, std::string_view) { change(character, result); });
  return result;
}

/// `tokenizers` normalises by the tables of Unicode 9, to which later characters are unassigned.
std::string canonical(const icu::Normalizer2& all_versions, std::string text) {
  if (is_ascii(text)) return text;
  UErrorCode status = U_ZERO_ERROR;
  static const icu::UnicodeSet known = [] {
    UErrorCode failure = U_ZERO_ERROR;
    icu::UnicodeSet set(u"[:age=9.0:]", failure);
    if (U_FAILURE(failure) != 0) throw RunError(std::string("ICU: ") + u_errorName(failure));
    set.freeze();
    return set;
  }();
  const icu::FilteredNormalizer2 normalizer(all_versions, known);
  std::string result;
  icu::StringByteSink<std::string> sink(&result);
  normalizer.normalizeUTF8(0, text, sink, nullptr, status);
  if (U_FAILURE(status) != 0) throw RunError(std::string("ICU could not normalise a line: ") + u_errorName(status));
  return result;
}

const icu::Normalizer2& checked(const icu::Normalizer2* instance, UErrorCode status) {
  if (U_FAILURE(status) != 0) throw RunError(std::string("ICU has no normaliser: ") + u_errorName(status));
  return *instance;
}

std::string composed(std::string text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* instance = icu::Normalizer2::getNFCInstance(status);
  return canonical(checked(instance, status), std::move(text));
}

std::string decomposed(std::string text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* instance = icu::Normalizer2::getNFDInstance(status);
  return canonical(checked(instance, status), std::move(text));
}

/// Each character by itself: a final sigma is a sigma. Of all of them, U+0130 alone becomes two.
std::string lowercased(std::string_view text) {
  return changed(text, [](UChar32 character, std::string& result) {
    if (character == 0x130) {
      result += "i\u0307";
    } else {
      append_character(result, u_tolower(character));
    }
  });
}

class Nfc final : public Normalizer {
 public:
  explicit Nfc(const JsonPart& part) { part.check_keys({"type"}); }
  std::string normalize(std::string text) const override { return composed(std::move(text)); }
};

class Nfd final : public Normalizer {
 public:
  explicit Nfd(const JsonPart& part) { part.check_keys({"type"}); }
  std::string normalize(std::string text) const override { return decomposed(std::move(text)); }
};

class Lowercase final : public Normalizer {
 public:
  explicit Lowercase(const JsonPart& part) { part.check_keys({"type"}); }
  std::string normalize(std::string text) const override { return lowercased(text); }
};

/// Drops marks that stand for themselves: accents, after NFD.
class StripAccents final : public Normalizer {
 public:
  explicit StripAccents(const JsonPart& part) { part.check_keys({"type"}); }
  std::string normalize(std::string text) const override {
    return changed(text, [](UChar32 character, std::string& result) {
      if (!is_mark(character)) append_character(result, character);
    });
  }
};

/// The ideographs around which BERT puts spaces (Devlin et al. 2019, multilingual model).
bool is_ideograph(UChar32 c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
         (c >= 0x2A700 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0x2F800 && c <= 0x2FA1F);
}

class BertNormalizer final : public Normalizer {
 public:
  explicit BertNormalizer(const JsonPart& part)
      : clean_(part.flag("clean_text", true)),
        ideographs_apart_(part.flag("handle_chinese_chars", true)),
        lowercase_(part.flag("lowercase", true)),
        strip_accents_(part.flag("strip_accents", lowercase_)) {
    part.check_keys({"type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase"});
  }

  std::string normalize(std::string text) const override {
    if (clean_) text = cleaned(text);
    if (ideographs_apart_) text = with_ideographs_apart(text);
    if (strip_accents_) {
      text = changed(decomposed(std::move(text)), [](UChar32 character, std::string& result) {
        if (!is_nonspacing_mark(character)) append_character(result, character);
      });
    }
    return lowercase_ ? lowercased(text) : text;
  }

 private:
  static std::string cleaned(std::string_view text) {
    return changed(text, [](UChar32 character, std::string& result) {
      const bool is_space = u_isUWhiteSpace(character) != 0;
      if (character == '\t' || character == '\n' || character == '\r') {
        result += ' ';
      } else if (character != 0 && character != replacement_code_point && !is_control_or_format(character)) {
        append_character(result, is_space ? ' ' : character);
      }
    });
  }

  static std::string with_ideographs_apart(std::string_view text) {
    return changed(text, [](UChar32 character, std::string& result) {
      const bool apart = is_ideograph(character);
      if (apart) result += ' ';
      append_character(result, character);
      if (apart) result += ' ';
    });
  }

  bool clean_;
  bool ideographs_apart_;
  bool lowercase_;
  bool strip_accents_;
};

class NormalizerSequence final : public Normalizer {
 public:
  explicit NormalizerSequence(const JsonPart& part) {
    part.check_keys({"type", "normalizers"});
    for (const JsonPart& item : part.at("normalizers").items()) steps_.push_back(read_normalizer(item));
  }
  std::string normalize(std::string text) const override {
    for (const NormalizerPtr& step : steps_) text = step->normalize(std::move(text));
    return text;
  }

 private:
  std::vector<NormalizerPtr> steps_;
};

constexpr ComponentRow<Normalizer> normalizer_rows[] = {
    {"NFC", make_component<Nfc>},
    {"NFD", make_component<Nfd>},
    {"Lowercase", make_component<Lowercase>},
    {"StripAccents", make_component<StripAccents>},
    {"BertNormalizer", make_component<BertNormalizer>},
    {"Sequence", make_component<NormalizerSequence>},
};

}  // namespace

std::unique_ptr<Normalizer> read_normalizer(const JsonPart& part) {
  return read_component<Normalizer>(part, normalizer_rows);
}

}  // namespace ablate::data
