#pragma once
// Ctrl-C and SIGTERM: a flag is set, and whoever works asks for it between two steps.
#include "transformer/core/error.h"

namespace ablate::lab {

/// Thrown where work stops on request, after everything was saved.
class Interrupted : public Error {
 public:
  Interrupted(const std::string& message, int signal) : Error(message), signal_(signal) {}
  int exit_status() const { return 128 + signal_; }  ///< 130 after SIGINT, 143 after SIGTERM

 private:
  int signal_;
};

/// From now on the first SIGINT or SIGTERM sets the flag; a second one ends the program at once.
void catch_interrupts();
bool interrupt_requested();
int interrupt_signal();

}  // namespace ablate::lab
