#pragma once
// --device and --threads.
#include "transformer/core/torch.h"

namespace ablate::cli {

/// "auto" (cuda:0 if there is one, else cpu), "cpu", "cuda" or "cuda:N"; UserError if it is not there.
at::Device choose_device(const std::string& text);

/// 0: as many as the machine has cores; UserError beyond 1024.
void set_threads(int threads);

}  // namespace ablate::cli
