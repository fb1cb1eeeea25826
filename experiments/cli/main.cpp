// `ablate`: finds the subcommand, and turns errors into a sentence and an exit status.
#include "experiments/cli/command.h"
#include "experiments/lab/interrupt.h"
#include "transformer/config/suggest.h"
#include "transformer/core/error.h"
#include "transformer/core/memory.h"
#include "transformer/core/torch.h"

#include <c10/util/Exception.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <new>

namespace {

using namespace ablate;
using namespace ablate::cli;

constexpr Command commands[] = {
    {"run", "train and evaluate every row and seed of an experiment that is not finished, print its table",
     run_command},
    {"table", "print the table of an experiment or of a folder of runs", table_command},
    {"report", "write an experiment as one HTML file: table, curves, outputs, attention", report_command},
    {"compare", "put single runs beside each other", compare_command},
    {"inspect", "show one run: its curve, best step, outputs, attention", inspect_command},
    {"slurm", "write a Slurm script that trains an experiment on a cluster", slurm_command},
    {"describe", "show what an experiment file comes to: config, module tree, parameters, FLOPs", describe_command},
    {"variants", "list the catalogue of variants with formula and paper", variants_command},
    {"schema", "print the JSON Schema of experiment files, for editors", schema_command},
    {"translate", "translate lines with a trained run", translate_command},
    {"classify", "say the class, or the number, of texts with a trained run", classify_command},
    {"generate", "go on with text with a trained language model", generate_command},
    {"perplexity", "how likely a trained language model finds text", perplexity_command},
    {"import", "make a run of a published model", import_command},
    {"export", "write a run's model in a published form", export_command},
    {"score", "score hypotheses against references", score_command},
    {"tokenizer", "train a tokenizer, encode or decode lines", tokenizer_command},
    {"data", "list, show or get the corpora that experiments name", data_command},
};

constexpr const char* out_of_memory = "ablate: out of memory: make the model or training.batch.tokens smaller\n";

void print_help(std::ostream& out) {
  out << "ablate " ABLATE_VERSION
         ": Transformer ablations from one JSON file to the table of the paper\n\n"
         "usage: ablate COMMAND [arguments]\n\n";
  for (const Command& command : commands) {
    out << "  " << command.name << std::string(11 - command.name.size(), ' ') << command.summary << "\n";
  }
  out << "\n`ablate COMMAND --help` shows a command's options and examples.\n";
}

int dispatch(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    print_help(std::cerr);
    return wrong_usage;
  }
  const std::string& name = arguments.front();
  if (name == "--help" || name == "-h" || name == "help") {
    print_help(std::cout);
    return success;
  }
  if (name == "--version") {
    std::cout << "ablate " ABLATE_VERSION "\n";
    return success;
  }
  std::vector<std::string> names;
  for (const Command& command : commands) {
    if (command.name == name) return command.run({arguments.begin() + 1, arguments.end()});
    names.emplace_back(command.name);
  }
  throw UserError("unknown command '" + name + "'" + config::suggestion(name, names));
}

}  // namespace

int main(int argc, char* argv[]) {
  // A file beyond a limit of size is then an error of writing, with its message, as a full disk is.
  std::signal(SIGXFSZ, SIG_IGN);
  // What cuBLAS needs to sum in the same order each time; read when the device is first used.
  ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
  keep_freed_memory();
  lab::exit_on_interrupts();
  int status = failed;
  try {
    status = dispatch({argv + 1, argv + argc});
    // A full disk behind `ablate table > file` shows only when the stream is flushed.
    if (!(std::cout << std::flush)) {
      std::cerr << "ablate: standard output cannot be written\n";
      status = failed;
    }
  } catch (const lab::Interrupted& stop) {
    std::cerr << "ablate: " << stop.what() << "\n";
    status = stop.exit_status();
  } catch (const UserError& error) {
    std::cerr << "ablate: " << error.what() << "\n";
    status = wrong_usage;
  } catch (const nlohmann::json::exception& error) {
    std::cerr
        << "ablate: a JSON file that was read does not hold what it should: delete the folder that is damaged, or "
           "repair the file ("
        << error.what() << ")\n";
    status = wrong_usage;
  } catch (const std::bad_alloc&) {
    std::cerr << out_of_memory;
  } catch (const c10::OutOfMemoryError&) {
    std::cerr << out_of_memory;
  } catch (const c10::Error& error) {
    std::cerr << "ablate: " << error.what_without_backtrace() << "\n";
  } catch (const std::exception& error) {
    std::cerr << "ablate: " << error.what() << "\n";
  }
  return status;
}
