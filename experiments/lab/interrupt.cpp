#include "experiments/lab/interrupt.h"

#include <unistd.h>

#include <csignal>
#include <string_view>

namespace ablate::lab {
namespace {

volatile std::sig_atomic_t received = 0;

// Nothing is saved in here: hardly any function may be called in a signal handler.
extern "C" void remember_signal(int signal) { received = signal; }

extern "C" void exit_on_signal(int signal) {
  constexpr std::string_view message = "\nablate: interrupted; there was nothing to save\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, message.data(), message.size());
  ::_exit(128 + signal);
}

void on_interrupts(void (*handler)(int), int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

void exit_on_interrupts() { on_interrupts(exit_on_signal, 0); }
void catch_interrupts() { on_interrupts(remember_signal, static_cast<int>(SA_RESETHAND) | SA_RESTART); }

bool interrupt_requested() { return received != 0; }
int interrupt_signal() { return received; }

void stop_if_interrupted(const std::string& message) {
  if (interrupt_requested()) throw Interrupted(message, interrupt_signal());
}

}  // namespace ablate::lab
