#include "experiments/lab/module_tree.h"

#include "transformer/model/layer_list.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <tuple>

namespace ablate::lab {
namespace {

/// A module or a parameter.
struct Node {
  std::string name;
  std::string shape{};        ///< of a parameter
  std::string first_place{};  ///< of a parameter that was counted before
  std::int64_t total = 0;
  std::int64_t repeated = 1;  ///< how many neighbours it stands for
  std::int64_t passes = 1;    ///< how many layers it is
  std::vector<Node> children{};

  bool is_like(const Node& other) const {
    return std::tie(shape, first_place, total, repeated, passes) ==
               std::tie(other.shape, other.first_place, other.total, other.repeated, other.passes) &&
           std::equal(children.begin(), children.end(), other.children.begin(), other.children.end(),
                      [](const Node& a, const Node& b) { return a.name == b.name && a.is_like(b); });
  }
};

/// Modules of a list are known by their number.
bool is_numbered(const Node& node) { return std::isdigit(static_cast<unsigned char>(node.name.front())) != 0; }

std::string shape_text(const Tensor& tensor) {
  std::string text;
  for (const std::int64_t size : tensor.sizes()) text += (text.empty() ? "" : ", ") + std::to_string(size);
  return "(" + text + ")";
}

class TreeBuilder {
 public:
  Node build(const torch::nn::Module& module, const std::string& name, const std::string& path) {
    Node node{.name = name};
    for (const auto& parameter : module.named_parameters(/*recurse=*/false)) {
      const std::string place = path + parameter.key();
      const auto [first, is_new] = first_places_.emplace(parameter.value().unsafeGetTensorImpl(), place);
      node.children.push_back({.name = parameter.key(),
                               .shape = shape_text(parameter.value()),
                               .first_place = is_new ? "" : first->second,
                               .total = is_new ? parameter.value().numel() : 0});
      node.total += node.children.back().total;
    }
    for (const auto& child : module.named_children()) {
      Node below = build(*child.value(), child.key(), path + child.key() + ".");
      if (below.children.empty()) continue;
      node.total += below.total;
      add_child(node, std::move(below));
    }
    if (const auto* const list = dynamic_cast<const LayerList*>(&module)) {
      if (list->size() == 1 && !node.children.empty()) node.children.front().passes = list->passes();
    }
    return node;
  }

 private:
  static void add_child(Node& node, Node child) {
    if (!node.children.empty()) {
      Node& last = node.children.back();
      const std::int64_t repeated = std::exchange(last.repeated, 1);
      const bool alike = is_numbered(child) && last.is_like(child);
      last.repeated = repeated + alike;
      if (alike) {
        last.name = last.name.substr(0, last.name.find(' ')) + " … " + child.name;
        return;
      }
    }
    node.children.push_back(std::move(child));
  }

  std::map<const void*, std::string> first_places_;
};

struct Line {
  std::string name, shape, total, remark;
};

void print(const Node& node, std::size_t depth, std::vector<Line>& lines) {
  std::string remark;
  if (node.repeated > 1) remark = "each, " + std::to_string(node.repeated) + " times";
  if (node.passes > 1) remark = "one for all " + std::to_string(node.passes) + " layers";
  if (!node.first_place.empty()) remark = "is " + node.first_place + ", counted there";
  lines.push_back({std::string(2 * depth, ' ') + node.name, node.shape,
                   node.first_place.empty() ? with_commas(node.total) : "-", remark});
  for (const Node& child : node.children) print(child, depth + 1, lines);
}

/// Characters, as far as a terminal shows one column each.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

std::string with_commas(std::int64_t number) {
  std::string text = std::to_string(number);
  const std::size_t first_digit = number < 0 ? 1 : 0;
  for (std::size_t place = text.size(); place > first_digit + 3;)
    text.insert(text.begin() + static_cast<std::ptrdiff_t>(place -= 3), ',');
  return text;
}

std::string module_tree(const torch::nn::Module& module, const std::string& name) {
  std::vector<Line> lines;
  print(TreeBuilder().build(module, name, ""), 0, lines);
  std::size_t name_width = 0, shape_width = 0, total_width = 0;
  for (const Line& line : lines) {
    name_width = std::max(name_width, width_of(line.name));
    shape_width = std::max(shape_width, line.shape.size());
    total_width = std::max(total_width, line.total.size());
  }
  std::string text;
  for (const Line& line : lines) {
    text += line.name + std::string(name_width + 2 - width_of(line.name), ' ');
    text += line.shape + std::string(shape_width + 2 - line.shape.size(), ' ');
    text += std::string(total_width - line.total.size(), ' ') + line.total;
    text += (line.remark.empty() ? "" : "  " + line.remark) + "\n";
  }
  return text;
}

}  // namespace ablate::lab
