// Commands as a user calls them, but in this process: arguments in, exit status and output back.
#pragma once

#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "experiments/cli/command.h"
#include "tests/catch.h"
#include "tests/temporary_folder.h"

namespace ablate::testing {

/// Puts another buffer behind a stream for the time of a scope.
class Redirect {
 public:
  Redirect(std::ios& stream, std::streambuf* buffer) : stream_(stream), before_(stream.rdbuf(buffer)) {
    stream_.clear();
  }
  ~Redirect() {
    stream_.rdbuf(before_);
    stream_.clear();
  }
  Redirect(const Redirect&) = delete;
  Redirect& operator=(const Redirect&) = delete;

 private:
  std::ios& stream_;
  std::streambuf* before_;
};

using CommandFunction = int (*)(const std::vector<std::string>& arguments);

/// What the command prints to standard output. It must succeed; what it throws passes.
inline std::string output_of(CommandFunction command, const std::vector<std::string>& arguments,
                             const std::string& input = "") {
  std::istringstream in(input);
  std::ostringstream out, messages;
  int status = cli::failed;
  {
    const Redirect cin(std::cin, in.rdbuf()), cout(std::cout, out.rdbuf()), cerr(std::cerr, messages.rdbuf());
    status = command(arguments);
  }
  CHECK(status == cli::success);
  return out.str();
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace ablate::testing

// Checks that standard output of a command has `part` in it.
#define CHECK_CONTAINS(text, part)                     \
  do {                                                 \
    const std::string text_ = (text);                  \
    INFO("is to contain: " << (part));                 \
    INFO("text: " << text_);                           \
    CHECK(::ablate::testing::contains(text_, (part))); \
  } while (false)
