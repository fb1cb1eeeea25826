#include "transformer/config/variants.h"

#include "transformer/config/suggest.h"
#include "transformer/core/error.h"

namespace ablate::config {

bool VariantInfo::uses_option(std::string_view option) const {
  std::string_view rest = uses;
  while (!rest.empty()) {
    const std::size_t end = rest.find(' ');
    if (rest.substr(0, end) == option) return true;
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  return false;
}

const VariantInfo* Choices::find(std::string_view name) const {
  for (std::size_t i = 0; i < size_; ++i) {
    if ((*this)[i].name == name) return &(*this)[i];
  }
  return nullptr;
}

std::vector<std::string> Choices::names() const {
  std::vector<std::string> list;
  for (std::size_t i = 0; i < size_; ++i) list.emplace_back((*this)[i].name);
  return list;
}

bool Choices::is_option(std::string_view key) const {
  for (std::size_t i = 0; i < size_; ++i) {
    if ((*this)[i].uses_option(key)) return true;
  }
  return false;
}

void throw_unknown(const Choices& choices, std::string_view name) {
  throw UserError("unknown " + std::string(choices.axis()) + " '" + std::string(name) + "'" +
                  suggestion(name, choices.names()));
}

}  // namespace ablate::config
