#pragma once
// A table of variants: the single source of validation, suggestions, `ablate variants`, the JSON Schema
// and the contract tests. A variant is one row {name, doc, paper, uses, value}; the value is a factory, a
// plain function or an enumerator, whatever that axis chooses between.
//
//   constexpr Variant<MakeNorm> rows[] = {
//       {{"layer_norm", "(x - mean) / sqrt(var + eps) * gain + bias", "Ba et al. 2016", "eps bias"}, make<LayerNorm>},
//       ...
//   };
//   constexpr VariantTable<MakeNorm> table{"norm", rows};
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ablate::config {

struct VariantInfo {
  std::string_view name;   ///< the value in the JSON file
  std::string_view doc;    ///< one line: the formula, or what it does
  std::string_view paper;  ///< author and year, section where it helps; "" for folklore
  std::string_view uses;   ///< space-separated names of the options that act on this variant alone
  bool uses_option(std::string_view option) const;
};

/// A table without its value type: what validation, help and the schema need to know.
class Choices {
 public:
  using Row = const VariantInfo& (*)(const void* rows, std::size_t index);
  constexpr Choices(std::string_view axis, const void* rows, std::size_t size, Row row)
      : axis_(axis), rows_(rows), size_(size), row_(row) {}

  std::string_view axis() const { return axis_; }
  std::size_t size() const { return size_; }
  const VariantInfo& operator[](std::size_t index) const { return row_(rows_, index); }
  const VariantInfo* find(std::string_view name) const;  ///< nullptr if there is no such row
  std::vector<std::string> names() const;
  bool is_option(std::string_view key) const;  ///< true if some row, though not every row, may use `key`

 private:
  std::string_view axis_;
  const void* rows_;
  std::size_t size_;
  Row row_;
};

/// Throws UserError "unknown <axis> 'name' (did you mean …?)".
[[noreturn]] void throw_unknown(const Choices& choices, std::string_view name);

template <class Value>
struct Variant {
  VariantInfo info;
  Value value;
};

template <class Value>
class VariantTable {
 public:
  constexpr VariantTable(std::string_view axis, std::span<const Variant<Value>> rows) : axis_(axis), rows_(rows) {}

  constexpr Choices choices() const {
    return Choices(axis_, rows_.data(), rows_.size(), [](const void* rows, std::size_t index) -> const VariantInfo& {
      return static_cast<const Variant<Value>*>(rows)[index].info;
    });
  }
  constexpr std::span<const Variant<Value>> rows() const { return rows_; }

  /// The value of the row `name`; throws UserError with a suggestion if there is none.
  const Value& at(std::string_view name) const {
    for (const Variant<Value>& row : rows_) {
      if (row.info.name == name) return row.value;
    }
    throw_unknown(choices(), name);
  }

 private:
  std::string_view axis_;
  std::span<const Variant<Value>> rows_;
};

}  // namespace ablate::config
