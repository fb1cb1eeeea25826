#pragma once
// Each configuration struct names each of its keys once, in `void describe(Fields& f)`: name, doc, range and
// choices; the default is the member initialiser. Every use of a configuration is a walk over that one
// declaration: Reader (strict reading), Writer (resolved config), SchemaWriter (JSON Schema for editors).
//
//   struct NormConfig {
//     std::string kind = "layer_norm";
//     double eps = 1e-5;
//     void describe(config::Fields& f) {
//       f.variant(kind, norm_table().choices(), "normalisation of the residual stream");
//       f.field("eps", eps, "added to the variance", config::positive);
//     }
//   };
//
// A key that some row of the table lists in `uses` acts on those rows alone: with another kind it is an error.
#include "transformer/config/json.h"
#include "transformer/config/variants.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace ablate::config {

/// The numbers a field accepts; printed in error messages and in the schema.
struct Range {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  bool above_min = false;  ///< min itself is not accepted
  bool below_max = false;  ///< max itself is not accepted
  bool contains(double value) const {
    return (above_min ? value > min : value >= min) && (below_max ? value < max : value <= max);
  }
  std::string text() const;  ///< "at least 1", "above 0", "from 0 to below 1"
};

inline constexpr double unbounded = std::numeric_limits<double>::infinity();
inline constexpr Range anything{};
inline constexpr Range positive{0, unbounded, true};
inline constexpr Range not_negative{0, unbounded};
inline constexpr Range at_least_one{1, unbounded};
/// Widths of layers: the product of any two is a matrix that can still be counted, and described without memory.
inline constexpr Range width{1, 1 << 20};
inline constexpr Range probability{0, 1, false, true};  ///< [0, 1): a dropout rate
inline constexpr Range fraction{0, 1};                  ///< [0, 1]

/// Where the value of a field lives.
using Slot = std::variant<bool*, std::int64_t*, double*, std::string*, std::optional<bool>*,
                          std::optional<std::int64_t>*, std::optional<double>*, std::optional<std::string>*,
                          std::vector<std::int64_t>*, std::vector<std::string>*, Json*>;

struct FieldInfo {
  const char* name;
  const char* doc;
  Range range{};
  const Choices* choices = nullptr;   ///< the values a text accepts, or the items of a list of texts
  bool governs = false;               ///< this is the `kind` whose row decides which options apply
  bool applies = true;                ///< false: the key has no effect here
  std::string why_not{};              ///< why it does not apply, for the message
  const char* governed_by = nullptr;  ///< the sibling key whose value decides whether this one applies
};

class Fields {
 public:
  virtual ~Fields() = default;

  template <class Value>
  void field(const char* name, Value& value, const char* doc, Range range = {}) {
    visit_field({.name = name, .doc = doc, .range = range}, &value);
  }
  /// A text (or list of texts) out of a table, that governs no other key.
  template <class Value>
  void choice(const char* name, Value& value, const Choices& choices, const char* doc) {
    visit_field({.name = name, .doc = doc, .choices = &choices}, &value);
  }
  /// The key `kind`: the row of a table, which decides which of the keys declared after it apply.
  void variant(std::string& kind, const Choices& choices, const char* doc);

  /// A nested object with keys of its own.
  template <class Object>
  void object(const char* name, Object& value, const char* doc) {
    if (!enter_object({.name = name, .doc = doc}, nullptr)) return;
    value.describe(*this);
    leave_object();
  }
  /// A nested object that starts from `parent` and overrides what it names. `parent_name` is the sibling key
  /// that the parent was read from, or "" if the parent's keys stand beside `name` itself.
  template <class Object, class Parent>
  void inheriting(const char* name, Object& value, const Parent& parent, const char* parent_name, const char* doc) {
    if (inherits()) static_cast<Parent&>(value) = parent;
    if (!enter_object({.name = name, .doc = doc}, parent_name)) return;
    value.describe(*this);
    leave_object();
  }

  /// The next field, choice or object applies only if `condition`; else writing its key is an error. `governed_by`: the
  /// sibling key that decides; a later layer that changes it drops what earlier ones wrote, as with `kind`.
  Fields& only_if(bool condition, std::string why_not, const char* governed_by = nullptr);

  /// A law between keys. `key` is the one to blame, relative to the current object.
  virtual void check(bool holds, const std::string& key, const std::string& message) = 0;

 protected:
  virtual void do_field(const FieldInfo& info, Slot slot) = 0;
  virtual bool do_enter(const FieldInfo& info, const char* parent_name) = 0;
  virtual void do_leave() = 0;
  virtual bool inherits() const { return false; }

 private:
  struct Scope {
    std::optional<Choices> choices;
    std::string kind;
  };
  void visit_field(FieldInfo info, Slot slot);
  bool enter_object(FieldInfo info, const char* parent_name);
  void leave_object();
  void decide_applies(FieldInfo& info);

  std::vector<Scope> scopes_{1};
  struct Pending {
    std::string why_not;
    const char* governed_by;
  };
  std::optional<Pending> pending_;
};

}  // namespace ablate::config
