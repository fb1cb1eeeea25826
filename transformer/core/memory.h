#pragma once
#include <cstdint>

namespace ablate {

/// Asks the C library to keep memory that is freed for what is allocated next, however large. By default it gives tensors
/// of some megabytes back at once, and the kernel clears every page when the next one is written: a tenth of a training
/// step, of a small model as of GPT-2. Nothing where the library is not glibc. For programs, at their start, and for what
/// the thread that they begin with holds: in other threads the C library goes on as before.
void keep_freed_memory();

/// The most memory that the process has held at once since reset_peak_memory(), or since its start, in bytes; 0 where
/// the system does not tell. Memory of a GPU is not in it.
std::int64_t peak_memory_bytes();
/// Begins to count anew, where the system can (Linux).
void reset_peak_memory();

}  // namespace ablate
