#pragma once
// Mixed precision for the time of a scope.
#include "transformer/training/config.h"

namespace ablate {

/// With bf16, matrix products and attention inside the scope run in bfloat16 on `device`; with fp32 nothing happens.
class Autocast {
 public:
  Autocast(Precision precision, at::Device device);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  bool active_;
  at::DeviceType device_;
};

}  // namespace ablate
