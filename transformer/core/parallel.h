#pragma once
// Work shared among threads unit by unit: whoever is free takes the next. at::parallel_for gives every thread its part
// beforehand, and then all wait for the one whose core another program uses.
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace ablate {

/// The units that are left. To be asked by all threads.
class SharedUnits {
 public:
  explicit SharedUnits(std::int64_t count) : count_(count) {}
  /// The next unit, or -1 when none is left.
  std::int64_t take() {
    const std::int64_t unit = next_.fetch_add(1, std::memory_order_relaxed);
    return unit < count_ ? unit : -1;
  }

 private:
  std::atomic<std::int64_t> next_ = 0;
  std::int64_t count_;
};

/// In each of the threads: worker(units), which takes units until none is left. Which thread gets which is not known,
/// so a unit's result may not depend on what the same thread did before.
template <class Worker>
void share_units(std::int64_t count, const Worker& worker) {
  SharedUnits units(count);
  const std::int64_t threads = std::min<std::int64_t>(at::get_num_threads(), count);
  at::parallel_for(0, threads, /*grain_size=*/1, [&](std::int64_t, std::int64_t) { worker(units); });
}

/// body(unit) for every unit.
template <class Body>
void for_each_unit(std::int64_t count, const Body& body) {
  share_units(count, [&](SharedUnits& units) {
    for (std::int64_t unit; (unit = units.take()) >= 0;) body(unit);
  });
}

}  // namespace ablate
