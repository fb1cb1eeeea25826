#include "transformer/core/memory.h"

#include <fstream>
#include <string>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace ablate {

void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);  // never
#endif
}

std::int64_t peak_memory_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) * 1024;  // in kB
  }
  return 0;
}

void reset_peak_memory() {
#ifdef __GLIBC__
  malloc_trim(0);  // what keep_freed_memory() keeps of earlier work is no need of what comes
#endif
  std::ofstream("/proc/self/clear_refs") << 5;  // see proc(5)
}

}  // namespace ablate
