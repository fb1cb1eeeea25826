#include "transformer/core/memory.h"

#include <climits>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace ablate {

void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 1 << 25);  // the most that it takes
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
#endif
}

}  // namespace ablate
