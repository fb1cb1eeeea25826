#pragma once
// What the subcommands of `ablate` share: a table of them, their options, and where results and messages go.
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
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
int report_command(const std::vector<std::string>& arguments);
int compare_command(const std::vector<std::string>& arguments);
int inspect_command(const std::vector<std::string>& arguments);
int slurm_command(const std::vector<std::string>& arguments);
int variants_command(const std::vector<std::string>& arguments);
int schema_command(const std::vector<std::string>& arguments);
int translate_command(const std::vector<std::string>& arguments);
int classify_command(const std::vector<std::string>& arguments);
int generate_command(const std::vector<std::string>& arguments);
int perplexity_command(const std::vector<std::string>& arguments);
int import_command(const std::vector<std::string>& arguments);
int export_command(const std::vector<std::string>& arguments);
int score_command(const std::vector<std::string>& arguments);
int tokenizer_command(const std::vector<std::string>& arguments);
int data_command(const std::vector<std::string>& arguments);

/// Options of one subcommand with its help text; `positional` names those that need no dashes.
class Arguments {
 public:
  /// `usage` is what follows "ablate", `examples` is printed as it is under "Examples:".
  Arguments(std::string usage, std::string doc, std::string examples);
  ~Arguments();
  void add_flag(const std::string& name, const std::string& doc);
  /// `hint` stands for the value in the help; without `fallback` there is none if the option is not given.
  void add_value(const std::string& name, const std::string& doc, const std::string& hint,
                 const std::optional<std::string>& fallback = {});
  /// May be given several times.
  void add_list(const std::string& name, const std::string& doc, const std::string& hint);
  /// False if --help was asked for and printed: the command is done. UserError for an unknown option (with a
  /// suggestion), a missing or empty value, or a surplus argument.
  bool parse(const std::vector<std::string>& arguments, const std::vector<std::string>& positional);

  bool has(const std::string& name) const;
  /// The value given, or the fallback.
  std::string text(const std::string& name) const;
  std::optional<std::string> text_if_given(const std::string& name) const;
  /// All values of a list, none if it was not given.
  std::vector<std::string> texts(const std::string& name) const;
  /// UserError that names the option if the value is no whole number from `least` to `most`.
  std::int64_t integer(const std::string& name, std::int64_t least, std::int64_t most) const;
  /// UserError that names the option if the value is no finite number.
  double number(const std::string& name) const;
  /// The value of a positional argument that must be there; UserError that shows the usage otherwise.
  std::string required(const std::string& name) const;

 private:
  std::string unknown_option(const std::vector<std::string>& arguments) const;

  std::string usage_, doc_, examples_;
  std::vector<std::string> names_, with_value_;
  struct Parser;  ///< cxxopts, whose header costs every file that reads it 9 seconds of compiling
  std::unique_ptr<Parser> parser_;
};

/// One of the things that a command such as `ablate data` does.
struct Action {
  std::string_view name;
  int (*run)(const std::vector<std::string>& arguments);
};
/// Runs the action that the first argument names, with the others; UserError with a suggestion if it names none.
int run_action(const std::string& command, const std::string& doc, const std::string& examples,
               std::span<const Action> actions, const std::vector<std::string>& arguments);

/// "a,b,,c" -> {"a", "b", "c"}
std::vector<std::string> split_list(std::string_view text);

/// What a number of lines, tokens or pieces on the command line may be at most.
inline constexpr std::int64_t largest_count = 1'000'000'000;

/// A whole number, all of the text; nothing if it is none or too large.
std::optional<std::int64_t> to_integer(std::string_view text);

}  // namespace ablate::cli
