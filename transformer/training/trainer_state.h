#pragma once
// The numbers of a trainer's state as text in a checkpoint's metadata: exact, doubles included.
#include "transformer/training/checkpoint.h"

#include <array>

namespace ablate {

struct TrainerState {
  std::array<std::int64_t, 8> integers;
  std::array<double, 6> reals;
  std::vector<KeptCheckpoint> kept;
};

std::map<std::string, std::string> state_metadata(const TrainerState& state);
/// UserError `where: …` if the metadata is not that of a trainer's state.
TrainerState parse_state_metadata(const std::map<std::string, std::string>& metadata, const std::string& where);

}  // namespace ablate
