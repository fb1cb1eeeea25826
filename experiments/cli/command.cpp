#include "experiments/cli/command.h"

#include "transformer/core/error.h"

#include <iostream>

namespace ablate::cli {

Arguments::Arguments(std::string usage, std::string doc, std::string examples)
    : usage_(std::move(usage)), doc_(std::move(doc)), examples_(std::move(examples)), options_("ablate") {
  options_.add_options()("help", "show this help");
  options_.custom_help("");
}

bool Arguments::parse(const std::vector<std::string>& arguments, const std::vector<std::string>& positional) {
  options_.parse_positional(positional);
  options_.positional_help("");
  std::vector<const char*> argv{"ablate"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  try {
    result_ = options_.parse(static_cast<int>(argv.size()), argv.data());
  } catch (const std::exception& error) {
    throw UserError(std::string(error.what()) + "\nusage: ablate " + usage_);
  }
  if (result_.count("help") > 0) {
    // cxxopts prints its own first lines; ours say more, so only its list of options is taken.
    std::string list = options_.help({""});
    if (const std::size_t start = list.find("  -"); start != std::string::npos) list = list.substr(list.rfind('\n', start) + 1);
    std::cout << "usage: ablate " << usage_ << "\n\n" << doc_ << "\n\n" << list << "\nExamples:\n" << examples_ << "\n";
    return false;
  }
  if (!result_.unmatched().empty()) {
    throw UserError("'" + result_.unmatched().front() + "' is one argument too many\nusage: ablate " + usage_);
  }
  return true;
}

std::string Arguments::required(const std::string& name) const {
  if (!has(name)) throw UserError("the " + name + " is missing\nusage: ablate " + usage_);
  return get<std::string>(name);
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

}  // namespace ablate::cli
