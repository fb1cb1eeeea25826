#include "experiments/lab/parameter_transfer.h"

#include "experiments/lab/module_tree.h"
#include "experiments/lab/text.h"
#include "transformer/config/suggest.h"
#include "transformer/core/error.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace ablate::lab {
namespace {

using Sizes = std::vector<std::int64_t>;

constexpr const char* not_asked_for = "not asked for";
constexpr const char* left_out = "left";
constexpr const char* run_has_none = "the run has none";
constexpr std::size_t most_names_told = 8;

constexpr const char* uses_as_input[] = {"source", "target", "source_lift", "target_lift"};
constexpr const char* uses_as_output[] = {"output", "output_bias"};
constexpr const char* uses_with_rows[] = {"source", "target", "output", "output_bias"};

/// Whether a dotted name is `beginning` or lies below it: "encoder.layers.1" is no beginning of "encoder.layers.10".
bool begins_with(const std::string& name, std::string beginning) {
  while (beginning.ends_with('.')) beginning.pop_back();
  return name.starts_with(beginning) && (name.size() == beginning.size() || name[beginning.size()] == '.');
}

bool begins_with_any(const std::string& name, const std::vector<std::string>& beginnings) {
  return std::ranges::any_of(beginnings, [&](const std::string& one) { return begins_with(name, one); });
}

std::string sizes_text(const Sizes& sizes) {
  std::vector<std::string> texts;
  for (const std::int64_t size : sizes) texts.push_back(std::to_string(size));
  return "[" + joined(texts, ", ") + "]";
}

std::int64_t count_of(const Sizes& sizes) {
  std::int64_t count = 1;
  for (const std::int64_t size : sizes) count *= size;
  return count;
}

/// Equal but for the first of them.
bool differ_in_rows(const Sizes& a, const Sizes& b) {
  return a.size() == b.size() && !a.empty() && std::equal(a.begin() + 1, a.end(), b.begin() + 1);
}

/// " (did you mean 'encoder'?)", or what the names begin with.
std::string nearest_beginning(const std::string& text, const ParameterNames& model) {
  std::set<std::string> all, first;
  for (const auto& [name, sizes] : model.shapes) {
    first.insert(name.substr(0, name.find('.')));
    all.insert(name);
    for (std::size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
      all.insert(name.substr(0, dot));
    }
  }
  const std::string near = config::nearest(text, {all.begin(), all.end()});
  if (!near.empty()) return " (did you mean '" + near + "'?)";
  return ": they begin with " + joined({first.begin(), first.end()}, ", ");
}

/// The shortest beginnings that are those of these names and of none of the others: "head.…" for all of a head.
std::vector<std::string> shortest_beginnings(const std::vector<std::string>& names,
                                             const std::vector<std::string>& others) {
  std::vector<std::string> found;
  for (const std::string& name : names) {
    std::string shown = name;
    for (std::size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
      const std::string beginning = name.substr(0, dot);
      if (std::ranges::any_of(others, [&](const std::string& one) { return begins_with(one, beginning); })) continue;
      shown = beginning + ".…";
      break;
    }
    if (!is_among(found, shown)) found.push_back(shown);
  }
  return found;
}

/// Finds for every parameter of a model what it begins with.
class Matching {
 public:
  Matching(const ParameterNames& own, const ParameterNames& other, const InitializeFromConfig& settings,
           const OtherWords& other_words)
      : own_(own), other_(other), settings_(settings), other_words_(other_words) {
    // What is no renaming was refused when the settings were read.
    for (const std::string& text : settings.rename) {
      if (auto renaming = parse_renaming(text)) renamings_.push_back(*std::move(renaming));
    }
  }

  ParameterTransfer find() {
    for (const auto& [name, sizes] : own_.shapes) match(name, sizes);
    find_unused();
    check_beginnings();
    if (settings_.strict) check_strictness();
    if (problems_.empty() && transfer_.taken.empty()) problem("run", "nothing is taken: " + summary_of(transfer_));
    return std::move(transfer_);
  }
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  void problem(const std::string& key, const std::string& message) { problems_.push_back(key + ": " + message); }
  void draw(const std::string& name, const std::string& why) { transfer_.fresh.push_back({name, why}); }

  void match(const std::string& name, const Sizes& sizes) {
    if (!settings_.take.empty() && !begins_with_any(name, settings_.take)) return draw(name, not_asked_for);
    if (begins_with_any(name, settings_.leave)) return draw(name, left_out);
    if (const Renaming* const renaming = renaming_of(name)) {
      const std::string from = renaming->from + name.substr(renaming->name.size());
      return has(from) ? take(name, sizes, from) : draw(name, "the run has no '" + from + "'");
    }
    const bool is_head = begins_with(name, "head") && !other_.head.empty();
    if (is_head && (own_.head == "words") != (other_.head == "words")) {
      return draw(name, "the run has a head over " + std::string(own_.head == "words" ? "texts" : "words"));
    }
    const std::string from = has(name) ? name : same_use(name);
    from.empty() ? draw(name, run_has_none) : take(name, sizes, from);
  }

  const Renaming* renaming_of(const std::string& name) const {
    const Renaming* longest = nullptr;
    for (const Renaming& renaming : renamings_) {
      if (!begins_with(name, renaming.name)) continue;
      if (longest == nullptr || renaming.name.size() > longest->name.size()) longest = &renaming;
    }
    return longest;
  }

  bool has(const std::string& from) const { return other_.shapes.contains(from); }

  /// What serves an embedding's uses in the other run; "" if nothing does.
  std::string same_use(const std::string& name) {
    std::set<std::string> found;
    bool serves = false;
    const auto look = [&](const char* use) {
      const auto ours = own_.embeddings.find(use);
      if (ours == own_.embeddings.end() || !begins_with(name, ours->second)) return;
      serves = true;
      const auto theirs = other_.embeddings.find(use);
      if (theirs == other_.embeddings.end()) return;
      const std::string from = theirs->second + name.substr(ours->second.size());
      if (has(from)) found.insert(from);
    };
    for (const char* use : uses_as_input) look(use);
    if (!serves) {
      for (const char* use : uses_as_output) look(use);
    }
    if (found.size() > 1) {
      problem("rename", "'" + name + "' serves as several of the run's do, " +
                            joined({found.begin(), found.end()}, " and ") + ": say which it is, such as \"" + name +
                            " = " + *found.begin() + "\", or leave it");
    }
    return found.size() == 1 ? *found.begin() : "";
  }

  void take(const std::string& name, const Sizes& sizes, const std::string& from) {
    const Sizes& theirs = other_.shapes.at(from);
    const bool are_rows = has_rows_of_words(own_, name) && has_rows_of_words(other_, from);
    const std::string why = are_rows ? other_words_(name, from) : "";
    const std::string leave_it = R"("leave": [")" + name + R"("])";
    if (!why.empty()) return problem("take", "'" + name + "': " + why + "; or leave it: " + leave_it);
    if (sizes == theirs) return transfer_.taken.push_back({name, from, count_of(sizes)});
    if (are_rows && differ_in_rows(sizes, theirs)) {
      Sizes common = sizes;
      common.front() = std::min(sizes.front(), theirs.front());
      return transfer_.taken.push_back({name, from, count_of(common), common.front()});
    }
    problem("take", "'" + name + "' is " + sizes_text(sizes) + ", and the run's '" + from + "' is " +
                        sizes_text(theirs) + ": make the model as that one is, or leave it: " + leave_it);
  }

  void find_unused() {
    std::set<std::string> used;
    for (const TakenParameter& parameter : transfer_.taken) used.insert(parameter.from);
    for (const auto& [name, sizes] : other_.shapes) {
      if (!used.contains(name)) transfer_.unused.push_back(name);
    }
  }

  static bool is_beginning(const std::string& text, const ParameterNames& model) {
    return std::ranges::any_of(model.shapes, [&](const auto& item) { return begins_with(item.first, text); });
  }

  /// A beginning with a typing error must not pass for one that takes, or leaves, nothing.
  void check_beginnings() {
    const auto check = [&](const char* key, const std::string& text, const ParameterNames& model, const char* whose) {
      if (is_beginning(text, model)) return true;
      problem(key,
              "no parameter of " + std::string(whose) + " is called '" + text + "'" + nearest_beginning(text, model));
      return false;
    };
    for (const std::string& text : settings_.leave) check("leave", text, own_, "this model");
    for (const Renaming& renaming : renamings_) {
      check("rename", renaming.name, own_, "this model");
      check("rename", renaming.from, other_, "the run");
    }
    for (const std::string& text : settings_.take) {
      if (!check("take", text, own_, "this model") || !problems_.empty()) continue;
      const auto is_of = [&](const TakenParameter& parameter) { return begins_with(parameter.name, text); };
      if (std::ranges::none_of(transfer_.taken, is_of)) problem("take", "the run has nothing for '" + text + "'");
    }
  }

  void check_strictness() {
    std::vector<std::string> missing;
    for (const FreshParameter& parameter : transfer_.fresh) {
      if (parameter.why != not_asked_for && parameter.why != left_out) missing.push_back(parameter.name);
    }
    if (missing.empty()) return;
    problem("strict", "the run has nothing for " + joined(missing, ", ", most_names_told));
  }

  const ParameterNames& own_;
  const ParameterNames& other_;
  const InitializeFromConfig& settings_;
  const OtherWords& other_words_;
  std::vector<Renaming> renamings_;
  ParameterTransfer transfer_;
  std::vector<std::string> problems_;
};

}  // namespace

ParameterNames parameter_names(const Transformer& model) {
  ParameterNames names;
  for (const auto& [name, parameter] : weights_of(model)) names.shapes[name] = parameter.sizes().vec();
  for (const auto& [use, name] : model.embeddings().names_by_use()) names.embeddings[use] = "embedding." + name;
  if (const HeadConfig* const head = model.head()) names.head = head->kind;
  return names;
}

ParameterNames parameter_names(const ModelConfig& config, const VocabularyInfo& vocabulary) {
  return parameter_names(*make_transformer(config, vocabulary, at::kMeta, /*seed=*/0));
}

bool has_rows_of_words(const ParameterNames& model, const std::string& name) {
  return begins_with(name, "head.output") || std::ranges::any_of(uses_with_rows, [&](const char* use) {
           const auto found = model.embeddings.find(use);
           return found != model.embeddings.end() && found->second == name;
         });
}

ParameterTransfer plan_transfer(const ParameterNames& own, const ParameterNames& other,
                                const InitializeFromConfig& settings, const OtherWords& other_words,
                                const std::string& where) {
  Matching matching(own, other, settings, other_words);
  ParameterTransfer transfer = matching.find();
  if (matching.problems().empty()) return transfer;
  std::string text;
  for (const std::string& problem : matching.problems()) text += (text.empty() ? "" : "\n") + where + "." + problem;
  throw UserError(text);
}

void copy_parameters(const ParameterTransfer& transfer, const NamedTensors& weights, torch::nn::Module& model,
                     const std::string& where) {
  const at::NoGradGuard no_grad;
  const NamedTensors own = weights_of(model);
  for (const TakenParameter& parameter : transfer.taken) {
    const auto found = weights.find(parameter.from);
    if (found == weights.end()) throw UserError(where + ": the weights of '" + parameter.from + "' are missing");
    Tensor target = own.at(parameter.name);
    Tensor values = found->second;
    if (parameter.rows) {
      target = target.narrow(0, 0, *parameter.rows);
      values = values.narrow(0, 0, *parameter.rows);
    }
    if (values.sizes() != target.sizes()) {
      throw UserError(where + ": the weights of '" + parameter.from + "' have another shape than the run's model");
    }
    target.copy_(values);
  }
}

std::string summary_of(const ParameterTransfer& transfer) {
  std::int64_t values = 0;
  std::vector<std::string> names, used, reasons;
  for (const TakenParameter& parameter : transfer.taken) {
    values += parameter.values;
    names.push_back(parameter.name);
    used.push_back(parameter.from);
  }
  for (const FreshParameter& parameter : transfer.fresh) {
    names.push_back(parameter.name);
    if (!is_among(reasons, parameter.why)) reasons.push_back(parameter.why);
  }
  std::string text = std::to_string(transfer.taken.size()) + " of " + std::to_string(names.size()) + " parameters (" +
                     with_commas(values) + " values)";
  for (const TakenParameter& parameter : transfer.taken) {
    if (parameter.rows) text += ", of " + parameter.name + " " + with_commas(*parameter.rows) + " rows";
  }
  for (const std::string& reason : reasons) {
    std::vector<std::string> with_it, others;
    for (const FreshParameter& parameter : transfer.fresh) {
      if (parameter.why == reason) with_it.push_back(parameter.name);
    }
    std::ranges::copy_if(names, std::back_inserter(others),
                         [&](const std::string& name) { return !is_among(with_it, name); });
    text += std::string(reason == reasons.front() ? "; drawn: " : ", ") +
            joined(shortest_beginnings(with_it, others), ", ", most_names_told) + " (" + reason + ")";
  }
  if (transfer.unused.empty()) return text;
  return text + "; unused: " + joined(shortest_beginnings(transfer.unused, used), ", ", most_names_told);
}

Json to_json(const ParameterTransfer& transfer) {
  Json taken = Json::array(), fresh = Json::array();
  for (const TakenParameter& parameter : transfer.taken) {
    Json entry = {{"name", parameter.name}, {"from", parameter.from}, {"values", parameter.values}};
    if (parameter.rows) entry["rows"] = *parameter.rows;
    taken.push_back(std::move(entry));
  }
  for (const FreshParameter& parameter : transfer.fresh) {
    fresh.push_back({{"name", parameter.name}, {"why", parameter.why}});
  }
  return {{"summary", summary_of(transfer)},
          {"taken", std::move(taken)},
          {"drawn", std::move(fresh)},
          {"unused", transfer.unused}};
}

}  // namespace ablate::lab
