// `ablate tokenizer train|encode|decode`: tokenizers outside of an experiment.
#include "experiments/cli/command.h"
#include "experiments/cli/input_lines.h"
#include "experiments/cli/tokenizer_pieces.h"
#include "transformer/config/reader.h"
#include "transformer/core/atomic_file.h"
#include "transformer/core/error.h"

#include <nlohmann/json.hpp>

#include <iostream>

namespace ablate::cli {
namespace {

using Files = std::vector<std::string>;

/// The lines of several files, one after the other.
data::NextLine lines_of(const Files& files) {
  struct State {
    Files files;
    std::size_t next = 0;
    InputLines lines;
  };
  auto state = std::make_shared<State>(State{files, 0, {}});
  return [state](std::string& line) {
    for (;;) {
      if (state->lines && state->lines(line)) return true;
      if (state->next == state->files.size()) return false;
      state->lines = input_lines(state->files[state->next++]);
    }
  };
}

data::TokenizerConfig read_config(const Arguments& options) {
  config::Document document;
  Json flags = Json::object();
  if (options.has("kind")) flags["kind"] = options.text("kind");
  if (options.has("model-type")) flags["model_type"] = options.text("model-type");
  if (options.has("vocabulary-size")) flags["vocabulary_size"] = options.integer("vocabulary-size", 1, largest_count);
  document.add({flags, "the command line"});
  for (const std::string& setting : options.texts("set")) {
    document.add({config::parse_assignment(setting), "--set"});
  }
  config::Problems problems;
  data::TokenizerConfig config;
  config::Reader(document, problems).read(config);
  if (config.model) problems.add("--set: model: names a tokenizer that is trained already; there is nothing to train");
  if (!config.joint) problems.add("--set: joint: one call trains one tokenizer; train that of the target by another");
  problems.throw_if_any();
  return config;
}

int train(const Files& arguments) {
  Arguments options(
      "tokenizer train --input FILE [FILE…] --output FILE [--kind KIND] [--set key=value]…",
      "Trains a tokenizer on the lines of text files, which may be compressed with gzip. Every key of\n"
      "`data.tokenizer` in experiment files can be set (`ablate variants tokenizer`).",
      "  ablate tokenizer train --input train.en train.de --output joint.model --vocabulary-size 8000\n"
      "  ablate tokenizer train --input train.txt --output words.vocab.json --kind words --set min_count=2\n"
      "  ablate tokenizer train --input train.en --output en.model --set normalization=nmt_nfkc");
  options.add_list("input", "text, one sentence a line; may be given several times", "FILE");
  options.add_list("more", "further text", "FILE");
  options.add_value("output", "where the tokenizer goes", "FILE");
  options.add_value("kind", "sentencepiece (default), words, characters or bytes", "KIND");
  options.add_value("vocabulary-size", "number of SentencePiece's pieces, special symbols included", "N");
  options.add_value("model-type", "of SentencePiece: bpe (default), unigram, char or word", "TYPE");
  options.add_list("set", "any other key, such as character_coverage=0.9995", "key=value");
  if (!options.parse(arguments, {"more"})) return success;
  const std::string output = options.required("output");
  const data::TokenizerConfig config = read_config(options);
  const Files inputs = file_list(options, "input", "more");
  // The bytes are there without any text.
  if (config.kind != "bytes" && inputs.empty()) throw UserError("no text to train on: name it with --input");

  const auto tokenizer = data::train_tokenizer(config, lines_of(inputs));
  write_file_atomically(output, tokenizer->serialize());
  std::cout << output << ": " << config.kind << ", " << tokenizer->size() << " pieces, special symbols included\n";
  return success;
}

enum class Form { ids, pieces };

/// The options that encode and decode share.
void add_common_options(Arguments& options, const char* input) {
  options.add_value("model", "a tokenizer: a SentencePiece model, a .vocab.json, a tokenizer.json", "FILE");
  options.add_value("input", input, "FILE");
  options.add_flag("ids", "tokens are numbers");
  options.add_flag("pieces", "tokens are pieces of text (default)");
}

Form form_of(const Arguments& options) {
  if (options.has("ids") && options.has("pieces")) throw UserError("--ids and --pieces exclude each other");
  return options.has("ids") ? Form::ids : Form::pieces;
}

/// Prints `convert(line)` for every line of the input; an error names the line.
template <class Convert>
void convert_lines(const Arguments& options, Convert convert) {
  const std::optional<std::string> file = options.text_if_given("input");
  const InputLines next = input_lines(file);
  std::string line;
  for (std::int64_t number = 1; next(line); ++number) {
    std::string converted;
    try {
      converted = convert(line);
    } catch (const UserError& error) {
      throw UserError(input_name(file) + ":" + std::to_string(number) + ": " + error.what());
    }
    // A line break among the tokens must not make two lines out of one.
    for (char& c : converted) c = c == '\n' ? ' ' : c;
    std::cout << converted << '\n';
  }
}

int encode(const Files& arguments) {
  Arguments options("tokenizer encode --model FILE [--input FILE] [--ids|--pieces]",
                    "Cuts lines into tokens, divided by single spaces: lines in, as many lines out.",
                    "  ablate tokenizer encode --model joint.model --input test.en\n"
                    "  ablate tokenizer encode --model joint.model --ids < test.en");
  add_common_options(options, "text (default: standard input)");
  if (!options.parse(arguments, {})) return success;
  const Form form = form_of(options);
  const auto tokenizer = data::load_tokenizer(options.required("model"));
  const PieceText pieces(*tokenizer);
  convert_lines(options, [&](const std::string& line) {
    const std::vector<std::int32_t> ids = tokenizer->encode(line);
    return form == Form::ids ? ids_to_text(ids) : pieces.show(ids);
  });
  return success;
}

int decode(const Files& arguments) {
  Arguments options("tokenizer decode --model FILE [--input FILE] [--ids|--pieces]",
                    "Joins tokens to text: lines in, as many lines out; a line break among the tokens becomes a space.",
                    "  ablate tokenizer decode --model joint.model --input test.pieces.en\n"
                    "  ablate tokenizer decode --model joint.model --ids < test.ids.en");
  add_common_options(options, "tokens divided by spaces (default: standard input)");
  if (!options.parse(arguments, {})) return success;
  const Form form = form_of(options);
  const auto tokenizer = data::load_tokenizer(options.required("model"));
  const PieceText pieces(*tokenizer);
  convert_lines(options, [&](const std::string& line) {
    return tokenizer->decode(form == Form::ids ? text_to_ids(line) : pieces.read(line));
  });
  return success;
}

}  // namespace

int tokenizer_command(const std::vector<std::string>& arguments) {
  constexpr Action actions[] = {{"train", train}, {"encode", encode}, {"decode", decode}};
  return run_action("tokenizer", "Trains a tokenizer, or encodes or decodes lines with one.",
                    "  ablate tokenizer train --help\n  ablate tokenizer encode --help\n"
                    "  ablate tokenizer decode --help",
                    actions, arguments);
}

}  // namespace ablate::cli
