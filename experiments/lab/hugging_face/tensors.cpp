#include "experiments/lab/hugging_face/conversion.h"
#include "transformer/config/writer.h"
#include "transformer/core/error.h"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace ablate::lab::hugging_face {
namespace {

/// A row for one layer.
struct Place {
  std::string published;
  std::vector<std::string> ours;
  Layout layout;
  bool may_be_missing;
};

std::string with_number(std::string name, char sign, std::int64_t number) {
  const std::size_t place = name.find(sign);
  return place == std::string::npos ? name : name.replace(place, 1, std::to_string(number));
}

/// The row for one layer, and one of its experts.
Place place_of(const TensorRow& row, std::int64_t layer, std::int64_t expert) {
  const auto numbered = [&](const std::string& name) {
    return with_number(with_number(name, '*', layer), '#', expert);
  };
  Place place{numbered(row.published), {}, row.layout, row.may_be_missing};
  for (const std::string& name : row.ours) place.ours.push_back(numbered(name));
  return place;
}

std::map<std::string, std::vector<std::int64_t>> shapes_of(const ModelConfig& model) {
  std::map<std::string, std::vector<std::int64_t>> shapes;
  const auto built = make_transformer(model, vocabulary_of(model, {}), at::kMeta, /*seed=*/0);
  for (const auto& parameter : built->named_parameters()) shapes[parameter.key()] = parameter.value().sizes().vec();
  return shapes;
}

using Shapes = std::map<std::string, std::vector<std::int64_t>>;

/// Every parameter of the model in its place. UserError if there is one without.
std::vector<Place> places(const Architecture& architecture, const ModelConfig& model, const Shapes& shapes) {
  const Json settings = config::Writer::write(model, config::Extent::expanded);
  std::set<std::string> placed;
  std::vector<Place> all;
  for (const TensorRow& row : architecture.tensors) {
    const std::vector<std::string>& values = row.only.values;
    if (!row.only.path.empty() &&
        std::ranges::find(values, setting(settings, row.only.path).get<std::string>()) == values.end()) {
      continue;
    }
    const auto exists = [&](const std::string& name) { return shapes.contains(name); };
    const auto add = [&](Place place) {
      if (std::ranges::none_of(place.ours, exists)) return false;
      if (!std::ranges::all_of(place.ours, exists)) {
        throw UserError("'" + place.published + "' holds " + place.ours.front() + " and others, and the model has " +
                        "not all of them");
      }
      placed.insert(place.ours.begin(), place.ours.end());
      all.push_back(std::move(place));
      return true;
    };
    const bool has_layers = row.published.find('*') != std::string::npos;
    const bool has_experts = row.published.find('#') != std::string::npos;
    for (std::int64_t layer = 0; add(place_of(row, layer, 0)); ++layer) {
      for (std::int64_t expert = 1; has_experts && add(place_of(row, layer, expert));) ++expert;
      if (!has_layers) break;
    }
  }
  for (const auto& [name, shape] : shapes) {
    if (!placed.contains(name)) {
      throw UserError("'" + name + "' has no place in a model of the architecture '" + architecture.name + "'");
    }
  }
  return all;
}

HeadShape head_shape(const ModelConfig& model) {
  const AttentionConfig& attention = model.stacks().decoder ? model.decoder.attention : model.encoder.attention;
  return {.heads = attention.heads,
          .groups = attention.kind == "grouped_query" ? attention.key_value_heads
                    : attention.kind == "multi_query" ? 1
                                                      : attention.heads,
          .width = attention.key_width(model.d_model)};
}

/// The name as files of the base class have it.
std::string without_prefix(const Architecture& architecture, const std::string& name) {
  return name.starts_with(architecture.prefix) ? name.substr(architecture.prefix.size()) : name;
}

/// The file's tensor: under its name as it is, or as the base class or the first releases have it.
const Tensor* find(const Architecture& architecture, const NamedTensors& published, const std::string& name,
                   std::set<std::string>* used = nullptr) {
  std::vector<std::string> names = {name};
  for (const auto& [ending, old] : architecture.old_endings) {
    if (name.ends_with(ending)) names.push_back(name.substr(0, name.size() - ending.size()) + old);
  }
  for (const std::string& one : names) {
    auto found = published.find(one);
    if (found == published.end()) found = published.find(without_prefix(architecture, one));
    if (found == published.end()) continue;
    if (used != nullptr) used->insert(found->first);
    return &found->second;
  }
  return nullptr;
}

std::string shape_text(at::IntArrayRef shape) {
  std::string text;
  for (const std::int64_t size : shape) text += (text.empty() ? "" : ", ") + std::to_string(size);
  return "(" + text + ")";
}

/// Names of tensors for a message, not all of them if there are hundreds.
std::string named(const std::vector<std::string>& names) {
  constexpr std::size_t most = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i) text += (i > 0 ? ", '" : "'") + names[i] + "'";
  return names.size() > most ? text + " and " + std::to_string(names.size() - most) + " more" : text;
}

class Import {
 public:
  Import(const Architecture& architecture, const ModelConfig& model, const NamedTensors& published,
         at::ScalarType dtype)
      : architecture_(architecture),
        published_(published),
        shapes_(shapes_of(model)),
        heads_(head_shape(model)),
        dtype_(dtype) {
    for (const Place& place : places(architecture, model, shapes_)) take(place);
    check_copies();
    check_rest();
  }

  /// Names of the tensors of other heads.
  const std::vector<std::string>& left_out() const { return left_out_; }

  NamedTensors result(const std::string& where) && {
    if (!missing_.empty()) problems_.push_back("missing tensors: " + named(missing_));
    std::string text;
    for (const std::string& problem : problems_) text += (text.empty() ? "" : "\n") + where + ": " + problem;
    if (!text.empty()) throw UserError(text);
    return std::move(ours_);
  }

 private:
  void take(const Place& place) {
    const Tensor* const tensor = find(architecture_, published_, place.published, &used_);
    if (tensor == nullptr) {
      if (!place.may_be_missing) return missing_.push_back(place.published);
      for (const std::string& name : place.ours) ours_[name] = at::zeros(shapes_.at(name), dtype_);
      return;
    }
    if (!at::isFloatingType(tensor->scalar_type())) {
      return problems_.push_back("'" + place.published +
                                 "' holds no floating-point numbers: quantised weights are "
                                 "not supported");
    }
    try {
      const std::vector<Tensor> parts = split(place.layout, *tensor, heads_);
      for (std::size_t i = 0; i < parts.size(); ++i) store(place, place.ours[i], parts[i]);
    } catch (const std::invalid_argument& error) {
      problems_.push_back("'" + place.published + "': " + error.what());
    }
  }

  void store(const Place& place, const std::string& name, const Tensor& part) {
    const std::vector<std::int64_t>& wanted = shapes_.at(name);
    if (part.sizes() != at::IntArrayRef(wanted)) {
      return problems_.push_back("'" + place.published + "': " + name + " is to be " + shape_text(wanted) +
                                 ", and the file has " + shape_text(part.sizes()));
    }
    // A tensor of its own: what the file has lies in a mapping.
    Tensor own = at::empty(wanted, dtype_);
    own.copy_(part);
    ours_[name] = own;
  }

  void check_copies() {
    for (const auto& [name, original] : architecture_.copies) {
      std::set<std::string> copy;
      const Tensor* const repeated = find(architecture_, published_, name, &copy);
      const Tensor* const first = find(architecture_, published_, original);
      if (repeated == nullptr || used_.contains(*copy.begin())) continue;
      used_.merge(copy);
      if (first == nullptr) continue;  // it is among the missing
      if (repeated->sizes() == first->sizes() && repeated->equal(*first)) continue;
      problems_.push_back("'" + name + "' is to be the same as '" + original + "', and is not");
    }
  }

  void check_rest() {
    std::vector<std::string> left;
    for (const auto& [name, tensor] : published_) {
      const bool is_buffer = std::ranges::any_of(
          architecture_.buffers, [&, &name = name](const std::string& end) { return ("." + name).ends_with(end); });
      if (is_buffer || used_.contains(name)) continue;
      const bool is_other_head = std::ranges::any_of(
          architecture_.other_heads, [&, &name = name](const std::string& begin) { return name.starts_with(begin); });
      (is_other_head ? left_out_ : left).push_back(name);
    }
    if (!left.empty()) problems_.push_back("tensors that have no place in the model: " + named(left));
  }

  const Architecture& architecture_;
  const NamedTensors& published_;
  Shapes shapes_;
  HeadShape heads_;
  at::ScalarType dtype_;
  NamedTensors ours_;
  std::set<std::string> used_;
  std::vector<std::string> missing_, problems_, left_out_;
};

}  // namespace

bool has_own_output(const Architecture& architecture, const NamedTensors& published) {
  for (const TensorRow& row : architecture.tensors) {
    if (row.ours.front() != "embedding.output") continue;
    for (const auto& [name, original] : architecture.copies) {
      if (name != row.published) continue;
      const Tensor* const output = find(architecture, published, name);
      const Tensor* const input = find(architecture, published, original);
      return output != nullptr && input != nullptr && !(output->sizes() == input->sizes() && output->equal(*input));
    }
  }
  return false;
}

NamedTensors import_tensors(const Architecture& architecture, const ModelConfig& model, const NamedTensors& published,
                            const std::string& where, at::ScalarType dtype, std::vector<std::string>* notes) {
  Import imported(architecture, model, published, dtype);
  if (notes != nullptr && !imported.left_out().empty()) {
    notes->push_back("tensors of other heads are left out: " + named(imported.left_out()));
  }
  return std::move(imported).result(where);
}

NamedTensors export_tensors(const Architecture& architecture, const ModelConfig& model, const NamedTensors& ours) {
  const HeadShape heads = head_shape(model);
  const bool is_base =
      !architecture.heads.empty() && head_class(architecture, model.head.kind).model_class == architecture.base_class;
  NamedTensors published;
  for (const Place& place : places(architecture, model, shapes_of(model))) {
    std::vector<Tensor> parts;
    for (const std::string& name : place.ours) parts.push_back(ours.at(name).detach());
    const std::string name = is_base ? without_prefix(architecture, place.published) : place.published;
    published[name] = join(place.layout, parts, heads).contiguous();
  }
  return published;
}

}  // namespace ablate::lab::hugging_face
