#include "transformer/training/trainer_state.h"

#include "transformer/core/error.h"

#include <sstream>

namespace ablate {
namespace {

constexpr const char* key = "ablate.trainer_state.1";  // raised when the numbers or their order change

}  // namespace

std::map<std::string, std::string> state_metadata(const TrainerState& state) {
  std::ostringstream out;
  out << std::hexfloat;  // decimal digits would have to be counted; this form is exact by construction
  for (const std::int64_t number : state.integers) out << number << ' ';
  for (const double number : state.reals) out << number << ' ';
  out << state.kept.size();
  for (const KeptCheckpoint& checkpoint : state.kept) out << ' ' << checkpoint.step << ' ' << checkpoint.nll;
  return {{key, out.str()}};
}

TrainerState parse_state_metadata(const std::map<std::string, std::string>& metadata, const std::string& where) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) throw UserError(where + ": not a training state that this version can go on from");
  std::istringstream in(found->second);
  // operator>> does not read what std::hexfloat writes; strtod does.
  const auto real = [&in] {
    std::string word;
    in >> word;
    return std::strtod(word.c_str(), nullptr);
  };
  TrainerState state{};
  for (std::int64_t& number : state.integers) in >> number;
  for (double& number : state.reals) number = real();
  std::size_t count = 0;
  in >> count;
  for (std::size_t i = 0; in && i < count; ++i) {
    KeptCheckpoint checkpoint{};
    in >> checkpoint.step;
    checkpoint.nll = real();
    state.kept.push_back(checkpoint);
  }
  if (!in) throw UserError(where + ": its training state is damaged");
  return state;
}

}  // namespace ablate
