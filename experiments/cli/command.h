#pragma once
// What the subcommands of `ablate` share: a table of them, their options, and where results and messages go.
// A value may hold commas, as --set seeds=[1,2] does: it is never split into several.
#define CXXOPTS_VECTOR_DELIMITER '\0'
#include <cxxopts.hpp>

#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace ablate::cli {

/// Exit statuses of the program.
enum Exit : int {
  success = 0,      ///< a diverged row is a result, and a success
  failed = 1,       ///< it failed while running
  wrong_usage = 2,  ///< the command, a file or the data is wrong; found before training starts
  interrupted = 130,
  terminated = 143,
};

/// A subcommand: `run` gets the arguments after its name. Results go to standard output, messages to standard error.
struct Command {
  std::string_view name;
  std::string_view summary;
  int (*run)(const std::vector<std::string>& arguments);
};

/// One file per subcommand; command.cpp lists them all.
int run_command(const std::vector<std::string>& arguments);
int describe_command(const std::vector<std::string>& arguments);
int table_command(const std::vector<std::string>& arguments);
int variants_command(const std::vector<std::string>& arguments);
int schema_command(const std::vector<std::string>& arguments);
int translate_command(const std::vector<std::string>& arguments);
int score_command(const std::vector<std::string>& arguments);
int tokenizer_command(const std::vector<std::string>& arguments);
int data_command(const std::vector<std::string>& arguments);

/// Options of one subcommand with its help text; `positional` names those that need no dashes.
class Arguments {
 public:
  /// `usage` is what follows "ablate", `examples` is printed as it is under "Examples:".
  Arguments(std::string usage, std::string doc, std::string examples);
  cxxopts::OptionAdder add_options() { return options_.add_options(); }
  /// False if --help was asked for and printed: the command is done. UserError for an unknown option, a missing value
  /// or a surplus argument.
  bool parse(const std::vector<std::string>& arguments, const std::vector<std::string>& positional);

  bool has(const std::string& name) const { return result_.count(name) > 0; }
  template <class Value>
  Value get(const std::string& name) const {
    return result_[name].as<Value>();
  }
  /// The value of a positional argument that must be there; UserError that shows the usage otherwise.
  std::string required(const std::string& name) const;

 private:
  std::string usage_, doc_, examples_;
  cxxopts::Options options_;
  cxxopts::ParseResult result_;
};

/// "a,b,,c" -> {"a", "b", "c"}
std::vector<std::string> split_list(std::string_view text);

}  // namespace ablate::cli
