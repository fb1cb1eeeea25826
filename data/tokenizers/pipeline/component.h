#pragma once
// The parts of a `tokenizer.json` are objects with a `type`: a table of the types binds each to its class.
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "data/tokenizers/pipeline/json_part.h"

namespace ablate::data {

template <class Role>
struct ComponentRow {
  std::string_view type;
  std::unique_ptr<Role> (*make)(const JsonPart& part);
};

template <class Component, class Role>
std::unique_ptr<Role> make_component(const JsonPart& part) {
  return std::make_unique<Component>(part);
}

/// Throws UserError that names the part and the supported types if `type` is none of the table.
template <class Role>
std::unique_ptr<Role> read_component(const JsonPart& part, std::span<const ComponentRow<Role>> rows) {
  const std::string type = part.text("type");
  std::string known;
  for (const ComponentRow<Role>& row : rows) {
    if (row.type == type) return row.make(part);
    known += (known.empty() ? "" : ", ") + std::string(row.type);
  }
  part.fail("the type '" + type + "' is not supported; supported are " + known);
}

}  // namespace ablate::data
