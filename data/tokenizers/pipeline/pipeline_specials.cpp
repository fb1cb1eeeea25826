#include "data/tokenizers/pipeline/pipeline_specials.h"

#include "data/tokenizers/pipeline/component.h"

namespace ablate::data {
namespace {

constexpr std::string_view pad_names[] = {"<pad>", "[PAD]"};
constexpr std::string_view bos_names[] = {"<s>", "[CLS]", "<|begin_of_text|>", "<|endoftext|>"};
constexpr std::string_view eos_names[] = {"</s>", "[SEP]", "<|end_of_text|>", "<|endoftext|>"};
constexpr std::string_view unk_names[] = {"<unk>", "[UNK]"};

std::span<const std::string_view> names_of(SpecialRole role) {
  switch (role) {
    case SpecialRole::pad:
      return pad_names;
    case SpecialRole::bos:
      return bos_names;
    case SpecialRole::eos:
      return eos_names;
    case SpecialRole::unk:
      break;
  }
  return unk_names;
}

std::unique_ptr<Surroundings> from_byte_level(const JsonPart& part) {
  part.check_keys({"type", "add_prefix_space", "trim_offsets", "use_regex"});
  return std::make_unique<Surroundings>();
}

/// [text, id]
std::string name_of_pair(const JsonPart& part) {
  const std::vector<JsonPart> items = part.items();
  if (items.size() != 2) part.fail("a token and its id are needed");
  return items.front().text();
}

std::unique_ptr<Surroundings> from_cls_and_sep(const JsonPart& part) {
  part.check_keys({"type", "cls", "sep", "add_prefix_space", "trim_offsets"});
  auto found = std::make_unique<Surroundings>();
  found->before = name_of_pair(part.at("cls"));
  found->after = name_of_pair(part.at("sep"));
  return found;
}

/// `single` is a list of {"Sequence": …}, the text, and {"SpecialToken": {"id": name, …}}; `pair` is about two texts.
std::unique_ptr<Surroundings> from_template(const JsonPart& part) {
  part.check_keys({"type", "single", "pair", "special_tokens"});
  auto found = std::make_unique<Surroundings>();
  bool behind_text = false;
  for (const JsonPart& piece : part.at("single").items()) {
    piece.check_keys({"Sequence", "SpecialToken"});
    if (piece.has("Sequence")) {
      behind_text = true;
      continue;
    }
    std::optional<std::string>& side = behind_text ? found->after : found->before;
    const std::string name = piece.at("SpecialToken").text("id");
    if (side) piece.fail("'" + name + "' and '" + *side + "' on one side of the text: one token is supported");
    side = name;
  }
  if (!behind_text) part.fail("'single' has no place for the text");
  return found;
}

std::unique_ptr<Surroundings> from_sequence(const JsonPart& part) {
  part.check_keys({"type", "processors"});
  auto all = std::make_unique<Surroundings>();
  for (const JsonPart& step : part.at("processors").items()) {
    const Surroundings found = read_surroundings(step);
    if ((all->before && found.before) || (all->after && found.after)) {
      step.fail("an earlier step puts a token there, too: one is supported");
    }
    if (found.before) all->before = found.before;
    if (found.after) all->after = found.after;
  }
  return all;
}

constexpr ComponentRow<Surroundings> post_processor_rows[] = {
    {"TemplateProcessing", from_template},
    {"BertProcessing", from_cls_and_sep},
    {"RobertaProcessing", from_cls_and_sep},
    {"ByteLevel", from_byte_level},
    {"Sequence", from_sequence},
};

}  // namespace

Surroundings read_surroundings(const JsonPart& post_processor) {
  return *read_component<Surroundings>(post_processor, post_processor_rows);
}

std::optional<std::int32_t> find_well_known(SpecialRole role,
                                            const std::function<std::optional<std::int32_t>(std::string_view)>& find) {
  for (const std::string_view name : names_of(role)) {
    if (const auto id = find(name)) return id;
  }
  return std::nullopt;
}

}  // namespace ablate::data
