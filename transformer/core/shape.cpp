#include "transformer/core/shape.h"

#include <sstream>

namespace ablate {
namespace {

template <class Sizes>
void print(std::ostream& out, const Sizes& sizes) {
  out << '(';
  const char* separator = "";
  for (const std::int64_t size : sizes) {
    out << separator;
    if (size == any) {
      out << '*';
    } else {
      out << size;
    }
    separator = ", ";
  }
  out << ')';
}

bool matches(const at::IntArrayRef actual, const std::initializer_list<std::int64_t>& expected) {
  if (actual.size() != expected.size()) return false;
  const std::int64_t* size = actual.begin();
  for (const std::int64_t wanted : expected) {
    if (wanted != any && wanted != *size) return false;
    ++size;
  }
  return true;
}

}  // namespace

void check_shape(const Tensor& tensor, std::initializer_list<std::int64_t> expected, const char* name) {
  if (tensor.defined() && matches(tensor.sizes(), expected)) return;
  std::ostringstream message;
  message << name << ": expected a tensor of shape ";
  print(message, expected);
  message << ", got ";
  if (tensor.defined()) {
    print(message, tensor.sizes());
  } else {
    message << "none";
  }
  throw std::invalid_argument(message.str());
}

}  // namespace ablate
