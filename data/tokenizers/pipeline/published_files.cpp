#include "data/tokenizers/pipeline/published_files.h"

#include <array>
#include <string_view>
#include <utility>

#include "data/tokenizers/kinds.h"
#include "data/tokenizers/pipeline/json_part.h"
#include "transformer/core/code_points.h"
#include "transformer/core/error.h"

namespace ablate::data {
namespace fs = std::filesystem;
namespace {

using PlainJson = nlohmann::json;

enum class PublishedForm { none, tokenizer_json, vocab_json, vocab_txt };

/// Reads no more of an object than it takes to know what it is: vocabularies are long.
class FormFinder final : public nlohmann::json_sax<PlainJson> {
 public:
  PublishedForm form = PublishedForm::none;

  bool key(string_t& name) override {
    if (depth_ == 1) {
      name_ = name;
      ++names_;
    }
    return true;
  }
  bool start_object(std::size_t) override {
    if (depth_ == 1 && name_ == "model") form = PublishedForm::tokenizer_json;
    ++depth_;
    return form == PublishedForm::none;
  }
  bool number_unsigned(number_unsigned_t) override {
    if (depth_ == 1 && names_ == 1) form = PublishedForm::vocab_json;
    return form == PublishedForm::none;
  }
  bool string(string_t&) override { return depth_ != 1 || name_ != "kind"; }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_array(std::size_t) override {
    ++depth_;
    return true;
  }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

 private:
  int depth_ = 0;
  int names_ = 0;  ///< of the outermost object
  std::string name_;
};

/// Calls `visit(line, number)` for each line, without its end.
template <class Visit>
void for_each_text_line(std::string_view text, Visit visit) {
  std::int64_t number = 1;
  for (std::size_t at = 0; at < text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    visit(line, number);
    at = end + 1;
  }
}

PublishedForm form_of(std::string_view bytes) {
  if (bytes.starts_with('{')) {
    FormFinder finder;
    PlainJson::sax_parse(bytes, &finder);
    return finder.form;
  }
  bool has_unknown = false;
  if (is_utf8(bytes)) {
    for_each_text_line(bytes, [&](std::string_view line, std::int64_t) { has_unknown |= line == "[UNK]"; });
  }
  return has_unknown ? PublishedForm::vocab_txt : PublishedForm::none;
}

/// Those of the names that the vocabulary has, as tokens that are found in text and left out of decoded text.
template <std::size_t count>
PlainJson special_tokens(const PlainJson& vocabulary, const std::array<const char*, count>& names) {
  PlainJson tokens = PlainJson::array();
  for (const char* name : names) {
    if (!vocabulary.contains(name)) continue;
    tokens.push_back({{"id", vocabulary[name]},
                      {"content", name},
                      {"single_word", false},
                      // "word <mask>" has one space between the word and the mask, which belongs to the mask.
                      {"lstrip", std::string_view(name) == "<mask>"},
                      {"rstrip", false},
                      {"normalized", false},
                      {"special", true}});
  }
  return tokens;
}

/// {"type": "TemplateProcessing"} with a token before the text and, if it is given, one after it.
PlainJson surrounding(const PlainJson& vocabulary, const std::string& before, const std::string& after) {
  PlainJson single = PlainJson::array();
  PlainJson specials = PlainJson::object();
  const auto add = [&](const std::string& name) {
    single.push_back({{"SpecialToken", {{"id", name}, {"type_id", 0}}}});
    specials[name] = {
        {"id", name}, {"ids", PlainJson::array({vocabulary.at(name)})}, {"tokens", PlainJson::array({name})}};
  };
  add(before);
  single.push_back({{"Sequence", {{"id", "A"}, {"type_id", 0}}}});
  if (!after.empty()) add(after);
  PlainJson pair = single;
  pair.push_back({{"Sequence", {{"id", "B"}, {"type_id", 1}}}});
  return {{"type", "TemplateProcessing"}, {"single", single}, {"pair", pair}, {"special_tokens", specials}};
}

PlainJson read_merge_lines(const fs::path& file) {
  PlainJson merges = PlainJson::array();
  for_each_text_line(read_tokenizer_file(file), [&](std::string_view line, std::int64_t number) {
    if (line.starts_with("#version") || line.empty()) return;
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos || !is_utf8(line)) {
      throw UserError(file.string() + ":" + std::to_string(number) + ": a merge is two pieces with a space between");
    }
    merges.push_back(line);
  });
  return merges;
}

/// "name": "text", or "name": {"content": "text"}; empty if it is not there.
std::string named_token(const PlainJson& config, const char* name) {
  const auto found = config.find(name);
  if (found == config.end()) return "";
  const PlainJson& token = found->is_object() && found->contains("content") ? (*found)["content"] : *found;
  return token.is_string() ? token.get<std::string>() : "";
}

/// Marian's `vocab.json` looks the same, and its pieces come from elsewhere.
constexpr const char* names_spm = "the ids of a Marian model; name its source.spm or target.spm, which cut the text";

/// As GPT-2 and what comes in its files: RoBERTa, BART, OPT. `tokenizer_config.json`, where it lies beside them, tells
/// whether text begins with a space and with a token of its own.
PlainJson from_gpt2_files(const std::string& bytes, const fs::path& file) {
  if (fs::exists(file.parent_path() / "source.spm")) throw UserError(file.string() + ": " + names_spm);
  const PlainJson vocabulary = parse_without_repeats(bytes, file.string());
  const fs::path config_file = file.parent_path() / "tokenizer_config.json";
  PlainJson config = PlainJson::object();
  if (fs::exists(config_file)) config = parse_without_repeats(read_tokenizer_file(config_file), config_file.string());
  const auto is_set = [&](const char* key) { return config.contains(key) && config[key] == true; };
  const PlainJson byte_level = {{"type", "ByteLevel"},
                                {"add_prefix_space", is_set("add_prefix_space")},
                                {"trim_offsets", true},
                                {"use_regex", true}};
  PlainJson around = nullptr;
  if (is_set("add_bos_token")) {
    const std::string bos = named_token(config, "bos_token");
    if (!vocabulary.contains(bos)) {
      throw UserError(config_file.string() + ": bos_token: '" + bos + "' is not in " + file.string());
    }
    around = surrounding(vocabulary, bos, "");
  }
  constexpr std::array names{"<s>", "<pad>", "</s>", "<unk>", "<mask>", "<|endoftext|>"};
  return {{"added_tokens", special_tokens(vocabulary, names)},
          {"normalizer", nullptr},
          {"pre_tokenizer", byte_level},
          {"post_processor", around},
          {"decoder", byte_level},
          {"model",
           {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", read_merge_lines(file.parent_path() / "merges.txt")}}}};
}

PlainJson from_bert_vocabulary(const std::string& bytes, const std::string& source, bool lowercase) {
  PlainJson vocabulary = PlainJson::object();
  for_each_text_line(bytes, [&](std::string_view line, std::int64_t number) {
    const bool is_new = vocabulary.emplace(std::string(line), number - 1).second;
    if (!is_new) throw UserError(source + ":" + std::to_string(number) + ": '" + std::string(line) + "' stands twice");
  });
  const bool has_both = vocabulary.contains("[CLS]") && vocabulary.contains("[SEP]");
  constexpr std::array names{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
  return {{"added_tokens", special_tokens(vocabulary, names)},
          {"normalizer",
           {{"type", "BertNormalizer"},
            {"clean_text", true},
            {"handle_chinese_chars", true},
            {"strip_accents", nullptr},
            {"lowercase", lowercase}}},
          {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
          {"post_processor", has_both ? surrounding(vocabulary, "[CLS]", "[SEP]") : PlainJson()},
          {"decoder", {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}}},
          {"model",
           {{"type", "WordPiece"},
            {"unk_token", "[UNK]"},
            {"continuing_subword_prefix", "##"},
            {"max_input_chars_per_word", 100},
            {"vocab", vocabulary}}}};
}

std::string finished(PlainJson json) {
  json["version"] = "1.0";
  json["truncation"] = nullptr;
  json["padding"] = nullptr;
  return json.dump() + "\n";
}

}  // namespace

fs::path published_file(const fs::path& file_or_folder) {
  if (!fs::is_directory(file_or_folder)) return file_or_folder;
  for (const char* name : {"tokenizer.json", "vocab.json", "vocab.txt"}) {
    if (fs::exists(file_or_folder / name)) return file_or_folder / name;
  }
  throw UserError(file_or_folder.string() + ": a folder without a tokenizer.json, a vocab.json or a vocab.txt, " +
                  "not a tokenizer's file");
}

std::optional<std::string> published_json(std::string bytes, const fs::path& file, std::optional<bool> lowercase) {
  const PublishedForm form = form_of(bytes);
  if (lowercase && form != PublishedForm::vocab_txt && form != PublishedForm::none) {
    throw UserError(file.string() + ": 'lowercase' has no effect: the file tells itself what is done to text");
  }
  switch (form) {
    case PublishedForm::tokenizer_json:
      return bytes;
    case PublishedForm::vocab_json:
      return finished(from_gpt2_files(bytes, file));
    case PublishedForm::vocab_txt:
      if (!lowercase) {
        throw UserError(file.string() + ": a vocabulary of WordPiece, which does not tell whether text is put into " +
                        "small letters: set data.tokenizer.lowercase, or name the model's tokenizer.json");
      }
      return finished(from_bert_vocabulary(bytes, file.string(), *lowercase));
    case PublishedForm::none:
      break;
  }
  return std::nullopt;
}

}  // namespace ablate::data
