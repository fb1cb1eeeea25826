#pragma once
// From configuration structs back to JSON: the resolved config, the difference between two, the JSON Schema.
#include "transformer/config/fields.h"

#include <nlohmann/json.hpp>

namespace ablate::config {

/// How much is written of a configuration.
enum class Extent {
  brief,     ///< every key that applies; an object that inherits writes only what differs from its parent, so that a
             ///< difference between two configs names a change once
  expanded,  ///< every key that applies, inherited or not
  all,       ///< every key there is: also those without effect for the variants that are chosen
};

/// Writes the keys of a configuration with their values.
class Writer final : public Fields {
 public:
  explicit Writer(Extent extent = Extent::brief) : extent_(extent) {}
  template <class Object>
  static Json write(const Object& value, Extent extent = Extent::brief) {
    Writer writer(extent);
    const_cast<Object&>(value).describe(writer);  // the walk is shared with reading; writing changes nothing
    return writer.nodes_.front();
  }
  void check(bool, const std::string&, const std::string&) override {}

 private:
  void do_field(const FieldInfo& info, Slot slot) override;
  bool do_enter(const FieldInfo& info, const char* parent_name) override;
  void do_leave() override;

  struct Open {
    std::string name;
    bool inherits;
    std::string parent_name;
  };
  Extent extent_;
  std::vector<Json> nodes_{Json::object()};
  std::vector<Open> open_;
};

/// Writes a JSON Schema (draft 2020-12) of a struct: types, docs, ranges, choices, and which keys a kind forbids.
class SchemaWriter final : public Fields {
 public:
  template <class Object>
  static Json write(Object value) {
    SchemaWriter writer;
    value.describe(writer);
    writer.finish();
    return writer.nodes_.front().json;
  }
  void check(bool, const std::string&, const std::string&) override {}

 private:
  struct Node {
    Json json;
    std::string name;
    std::optional<Choices> kinds;
  };
  SchemaWriter();
  void do_field(const FieldInfo& info, Slot slot) override;
  bool do_enter(const FieldInfo& info, const char* parent_name) override;
  void do_leave() override;
  void finish();

  std::vector<Node> nodes_;
};

/// One changed key: its dotted path, its value before and after (is_discarded() where there is none: a setting that
/// does not apply).
struct Change {
  std::string path;
  Json before;
  Json after;
};

/// Leaves that differ between two resolved configs, in the order in which `after` has them.
std::vector<Change> difference(const Json& before, const Json& after);

/// `json` without the leaves that are equal in `defaults`.
Json without_defaults(const Json& json, const Json& defaults);

}  // namespace ablate::config
