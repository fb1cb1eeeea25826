#include "data/tokenizers/labels.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

#include "data/readers/readers.h"
#include "data/tokenizers/vocabulary.h"
#include "transformer/core/error.h"

namespace ablate::data {
namespace {

/// What a target of several ids would be: there is but one.
std::int32_t only_id(std::span<const std::int32_t> ids) {
  if (ids.size() != 1) throw UserError("a label is one id, not " + std::to_string(ids.size()));
  return ids.front();
}

class Labels final : public Tokenizer {
 public:
  explicit Labels(std::vector<std::string> names) : names_(std::move(names)) {
    for (const std::string& name : names_) {
      if (!ids_.emplace(name, static_cast<std::int32_t>(ids_.size())).second) {
        throw UserError("the label '" + name + "' stands there twice");
      }
    }
    if (names_.size() < 2) throw UserError("texts of one class alone have nothing to be told apart by");
  }

  std::vector<std::int32_t> encode(std::string_view line) const override {
    const auto found = ids_.find(line);
    if (found == ids_.end()) {
      throw UserError("the label '" + std::string(line) + "' does not occur in the training set, which has " +
                      joined_names());
    }
    return {found->second};
  }
  std::string decode(std::span<const std::int32_t> ids) const override { return piece(only_id(ids)); }
  std::string piece(std::int32_t id) const override {
    check_id(id, size());
    return names_[static_cast<std::size_t>(id)];
  }
  std::int64_t size() const override { return static_cast<std::int64_t>(names_.size()); }
  Specials specials() const override { return no_specials; }
  std::string serialize() const override { return serialize_vocabulary("labels", names_); }
  std::string extension() const override { return ".vocab.json"; }

 private:
  std::string joined_names() const {
    constexpr std::size_t most = 10;
    std::string text;
    for (std::size_t i = 0; i < std::min(most, names_.size()); ++i) text += (i > 0 ? ", " : "") + names_[i];
    return names_.size() > most ? text + " and " + std::to_string(names_.size() - most) + " more" : text;
  }

  std::vector<std::string> names_;
  StringMap<std::int32_t> ids_;
};

class Numbers final : public Tokenizer {
 public:
  std::vector<std::int32_t> encode(std::string_view line) const override {
    const std::optional<double> number = label_number(line);
    if (!number) throw UserError("the label '" + std::string(line) + "' is no number");
    if (std::abs(*number) > std::numeric_limits<float>::max()) {
      throw UserError("the label '" + std::string(line) + "' is too large for a number of 32 bits");
    }
    return {std::bit_cast<std::int32_t>(static_cast<float>(*number))};
  }
  std::string decode(std::span<const std::int32_t> ids) const override { return piece(only_id(ids)); }
  std::string piece(std::int32_t id) const override { return number_text(number_of(id)); }
  std::int64_t size() const override { return 1; }
  Specials specials() const override { return no_specials; }
  std::string serialize() const override { return serialize_vocabulary("numbers", {}); }
  std::string extension() const override { return ".vocab.json"; }
};

}  // namespace

std::unique_ptr<Tokenizer> make_labels(const std::set<std::string>& names) {
  return restore_labels({names.begin(), names.end()});
}
std::unique_ptr<Tokenizer> make_numbers() { return std::make_unique<Numbers>(); }

std::unique_ptr<Tokenizer> restore_labels(std::vector<std::string> pieces) {
  return std::make_unique<Labels>(std::move(pieces));
}

std::unique_ptr<Tokenizer> restore_numbers(std::vector<std::string> pieces) {
  if (!pieces.empty()) throw UserError("numbers have no pieces");
  return make_numbers();
}

float number_of(std::int32_t id) { return std::bit_cast<float>(id); }

std::string number_text(float number) {
  char text[64];
  const auto [end, error] = std::to_chars(text, text + sizeof text, number);
  return {text, end};
}

}  // namespace ablate::data
