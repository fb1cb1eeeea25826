// Gives LibTorch back its number of threads when a test that changes it ends.
#pragma once

#include <ATen/Parallel.h>

namespace ablate::testing {

class RestoreThreads {
 public:
  RestoreThreads() : before_(at::get_num_threads()) {}
  ~RestoreThreads() { at::set_num_threads(before_); }
  RestoreThreads(const RestoreThreads&) = delete;
  RestoreThreads& operator=(const RestoreThreads&) = delete;

 private:
  int before_;
};

}  // namespace ablate::testing
