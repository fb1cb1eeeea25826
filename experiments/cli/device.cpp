#include "experiments/cli/device.h"

#include "transformer/core/error.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <thread>

namespace ablate::cli {

at::Device choose_device(const std::string& text) {
  const auto count = at::hasCUDA() ? static_cast<int>(at::detail::getCUDAHooks().deviceCount()) : 0;
  if (text == "auto") return count > 0 ? at::Device(at::kCUDA, 0) : at::Device(at::kCPU);
  if (text == "cpu") return at::kCPU;
  if (text != "cuda" && !text.starts_with("cuda:")) {
    throw UserError("--device: '" + text + "' is neither auto, cpu, cuda nor cuda:N");
  }
  int index = 0;
  if (text != "cuda") {
    try {
      index = std::stoi(text.substr(5));
    } catch (const std::exception&) {
      throw UserError("--device: '" + text + "' names no number of a GPU, such as cuda:0");
    }
  }
  if (count == 0)
    throw UserError("--device: " + text + " is asked for, but this LibTorch sees no CUDA device: use cpu");
  if (index < 0 || index >= count) {
    throw UserError("--device: " + text +
                    " is asked for, but there are only cuda:0 to cuda:" + std::to_string(count - 1));
  }
  return {at::kCUDA, static_cast<c10::DeviceIndex>(index)};
}

void add_device_options(Arguments& arguments) {
  arguments.add_value("device", "auto, cpu or cuda:N", "DEVICE", "auto");
  arguments.add_value("threads", "threads of the CPU; 0: all", "N", "0");
}

void set_threads(const Arguments& arguments) {
  const int threads = static_cast<int>(arguments.integer("threads", 0, 1024));
  at::set_num_threads(threads > 0 ? threads : static_cast<int>(std::max(1U, std::thread::hardware_concurrency())));
}

}  // namespace ablate::cli
