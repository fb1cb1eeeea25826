#pragma once
// What decides the trained weights, as one hash: the name under which a run is found again, whichever experiment file
// asks for it. Decodings and scores have keys of their own.
#include "experiments/lab/config.h"

namespace ablate::lab {

/// Raised when a default or the mathematics changes, so that old runs no longer pass for new ones.
inline constexpr int mathematics_version = 1;
/// The same for the windows that text is cut into.
inline constexpr int windows_version = 1;

/// SHA-256 of model, training, content of the training data and tokenizers, and seed; 16 hexadecimal digits. Values
/// equal to their defaults are left out, so that a new option does not make old runs unknown; so is what changes no
/// weight, such as how often is logged. What a run begins from is in it by content, where `initialize_from` has that.
std::string run_hash(const RunConfig& config, const std::string& data_hash, std::int64_t seed);

/// The hash that a stored config.json comes to, to be compared with the one that it states. Nothing where that cannot
/// be told: it is of other mathematics, or has settings that this program does not know.
std::optional<std::string> stored_hash(const Json& stored);

/// The same of a way of decoding: which weights, how they are searched. 12 hexadecimal digits.
std::string decoding_hash(const RunConfig& config);

}  // namespace ablate::lab
