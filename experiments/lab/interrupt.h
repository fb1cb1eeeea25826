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

/// Before anything is to be saved, SIGINT and SIGTERM end the program at once, with 130 and 143. What is half made has
/// a temporary name, and is removed by the next process that works there.
void exit_on_interrupts();
/// From now on the first SIGINT or SIGTERM sets the flag; a second one ends the program at once.
void catch_interrupts();
bool interrupt_requested();
int interrupt_signal();
/// Throws Interrupted with that message if a signal came.
void stop_if_interrupted(const std::string& message);

}  // namespace ablate::lab
