#include "experiments/cli/command.h"

// A value may hold commas, as --set seeds=[1,2] does: it is never split into several.
#define CXXOPTS_VECTOR_DELIMITER '\0'
#include <cxxopts.hpp>

#include "transformer/config/suggest.h"
#include "transformer/core/error.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iostream>
#include <limits>

namespace ablate::cli {

struct Arguments::Parser {
  cxxopts::Options options{"ablate"};
  cxxopts::ParseResult result{};
};

Arguments::Arguments(std::string usage, std::string doc, std::string examples)
    : usage_(std::move(usage)),
      doc_(std::move(doc)),
      examples_(std::move(examples)),
      parser_(std::make_unique<Parser>()) {
  add_flag("help", "show this help");
  parser_->options.custom_help("");
}

Arguments::~Arguments() = default;

void Arguments::add_flag(const std::string& name, const std::string& doc) {
  names_.push_back(name);
  parser_->options.add_options()(name == "help" ? "h,help" : name, doc);
}

void Arguments::add_value(const std::string& name, const std::string& doc, const std::string& hint,
                          const std::optional<std::string>& fallback) {
  names_.push_back(name);
  with_value_.push_back(name);
  const auto value = cxxopts::value<std::string>();
  parser_->options.add_options()(name, doc, fallback ? value->default_value(*fallback) : value, hint);
}

void Arguments::add_list(const std::string& name, const std::string& doc, const std::string& hint) {
  names_.push_back(name);
  parser_->options.add_options()(name, doc, cxxopts::value<std::vector<std::string>>(), hint);
}

bool Arguments::parse(const std::vector<std::string>& arguments, const std::vector<std::string>& positional) {
  parser_->options.parse_positional(positional);
  parser_->options.positional_help("");
  std::vector<const char*> argv{"ablate"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  try {
    parser_->result = parser_->options.parse(static_cast<int>(argv.size()), argv.data());
  } catch (const std::exception& error) {
    const std::string unknown = unknown_option(arguments);
    throw UserError((unknown.empty() ? error.what() : unknown) + "\nusage: ablate " + usage_);
  }
  if (parser_->result.count("help") > 0) {
    // cxxopts prints its own first lines; ours say more, so only its list of options is taken.
    std::string list = parser_->options.help({""});
    if (const std::size_t start = list.find("  -"); start != std::string::npos)
      list = list.substr(list.rfind('\n', start) + 1);
    std::cout << "usage: ablate " << usage_ << "\n\n" << doc_ << "\n\n" << list << "\nExamples:\n" << examples_ << "\n";
    return false;
  }
  for (const std::string& name : with_value_) {
    if (parser_->result.count(name) < 2) continue;
    throw UserError("--" + name + ": is given twice: once, with commas where it takes a list\nusage: ablate " + usage_);
  }
  if (!parser_->result.unmatched().empty()) {
    throw UserError("'" + parser_->result.unmatched().front() + "' is one argument too many\nusage: ablate " + usage_);
  }
  for (const std::string& name : with_value_) {
    if (has(name) && text(name).empty()) throw UserError("--" + name + ": the value is empty");
  }
  return true;
}

/// "there is no option --baem; did you mean …", or "" if all are known.
std::string Arguments::unknown_option(const std::vector<std::string>& arguments) const {
  for (const std::string& argument : arguments) {
    if (argument == "--") break;
    if (!argument.starts_with("--")) continue;
    const std::string name = argument.substr(2, argument.find('=') - 2);
    if (std::find(names_.begin(), names_.end(), name) != names_.end()) continue;
    return "there is no option --" + name + config::suggestion(name, names_);
  }
  return "";
}

bool Arguments::has(const std::string& name) const { return parser_->result.count(name) > 0; }

std::string Arguments::text(const std::string& name) const { return parser_->result[name].as<std::string>(); }

std::optional<std::string> Arguments::text_if_given(const std::string& name) const {
  return has(name) ? std::optional(text(name)) : std::nullopt;
}

std::vector<std::string> Arguments::texts(const std::string& name) const {
  return has(name) ? parser_->result[name].as<std::vector<std::string>>() : std::vector<std::string>{};
}

std::int64_t Arguments::integer(const std::string& name, std::int64_t least, std::int64_t most) const {
  const std::optional<std::int64_t> number = to_integer(text(name));
  if (number && *number >= least && *number <= most) return *number;
  const std::string range = most == std::numeric_limits<std::int64_t>::max()
                                ? std::to_string(least) + " or more"
                                : std::to_string(least) + " to " + std::to_string(most);
  throw UserError("--" + name + ": expected a whole number, " + range + ", not '" + text(name) + "'");
}

double Arguments::number(const std::string& name) const {
  const std::string value = text(name);
  double number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error == std::errc() && end == value.data() + value.size() && std::isfinite(number)) return number;
  throw UserError("--" + name + ": expected a number, not '" + value + "'");
}

std::string Arguments::required(const std::string& name) const {
  if (!has(name)) throw UserError("the " + name + " is missing\nusage: ablate " + usage_);
  return text(name);
}

int run_action(const std::string& command, const std::string& doc, const std::string& examples,
               std::span<const Action> actions, const std::vector<std::string>& arguments) {
  std::vector<std::string> names;
  std::string all;
  for (const Action& action : actions) {
    names.emplace_back(action.name);
    all += (all.empty() ? "" : "|") + names.back();
  }
  const std::string usage = command + " " + all + " [arguments]";
  if (arguments.empty()) throw UserError(all + "?\nusage: ablate " + usage);
  const std::string& name = arguments.front();
  if (name == "--help" || name == "-h") {
    Arguments(usage, doc, examples).parse({"--help"}, {});
    return success;
  }
  for (const Action& action : actions) {
    if (action.name == name) return action.run({arguments.begin() + 1, arguments.end()});
  }
  throw UserError("'" + name + "' is nothing that `ablate " + command + "` does" + config::suggestion(name, names));
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    if (comma != 0) items.emplace_back(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
  return items;
}

std::optional<std::int64_t> to_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_whole = error == std::errc() && end == text.data() + text.size();
  return is_whole ? std::optional(number) : std::nullopt;
}

}  // namespace ablate::cli
