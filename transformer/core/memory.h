#pragma once

namespace ablate {

/// Asks the C library to keep memory that is freed for what is allocated next. By default it gives tensors of some
/// megabytes back at once, and the kernel clears every page when the next one is written: a tenth of a small model's
/// training step. Nothing where the library is not glibc. For programs, at their start.
void keep_freed_memory();

}  // namespace ablate
