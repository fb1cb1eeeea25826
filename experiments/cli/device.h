#pragma once
// --device and --threads.
#include "experiments/cli/command.h"
#include "transformer/core/torch.h"

namespace ablate::cli {

/// "auto" (cuda:0 if there is one, else cpu), "cpu", "cuda" or "cuda:N"; UserError if it is not there.
at::Device choose_device(const std::string& text);

void add_device_options(Arguments& arguments);

/// --threads; 0: as many as the machine has cores.
void set_threads(const Arguments& arguments);

}  // namespace ablate::cli
