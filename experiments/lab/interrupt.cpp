#include "experiments/lab/interrupt.h"

#include <csignal>

namespace ablate::lab {
namespace {

volatile std::sig_atomic_t received = 0;

// Nothing is saved in here: hardly any function may be called in a signal handler.
extern "C" void remember_signal(int signal) { received = signal; }

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = remember_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupt_requested() { return received != 0; }
int interrupt_signal() { return received; }

}  // namespace ablate::lab
