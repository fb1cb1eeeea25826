#include "experiments/lab/row_label.h"

#include <sstream>

namespace ablate::lab {
namespace {

std::string parent_of(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string::npos ? "" : path.substr(0, dot);
}

bool sets(const Json& settings, const std::string& path) {
  const Json* node = &settings;
  std::istringstream parts(path);
  for (std::string key; std::getline(parts, key, '.');) {
    const auto found = node->find(key);
    if (!node->is_object() || found == node->end()) return false;
    node = &*found;
  }
  return true;
}

}  // namespace

std::string short_path(const std::string& path) {
  std::string shown = path;
  for (const std::string section : {"model.", "training.", "data."}) {
    if (shown.starts_with(section)) shown = shown.substr(section.size());
  }
  return shown.ends_with(".kind") ? parent_of(shown) : shown;
}

std::string short_setting(const std::string& path, const Json& value) {
  std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  if (value.is_number_float() && text.ends_with(".0")) text.resize(text.size() - 2);
  return short_path(path) + "=" + text;
}

std::string label_of(const std::vector<config::Change>& changes, const Json& settings) {
  std::string label;
  for (const config::Change& change : changes) {
    const bool comes_or_goes = change.before.is_discarded() || change.after.is_discarded();
    if (comes_or_goes && !sets(settings, change.path)) continue;
    label += (label.empty() ? "" : ", ") + short_setting(change.path, change.after);
  }
  return label;
}

}  // namespace ablate::lab
