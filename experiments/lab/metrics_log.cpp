#include "experiments/lab/metrics_log.h"

#include "transformer/core/error.h"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

namespace ablate::lab {
namespace {

/// Bytes of the leading lines that are whole and belong to steps up to `step`.
std::uintmax_t size_up_to(const std::filesystem::path& file, std::int64_t step) {
  std::ifstream in(file, std::ios::binary);
  std::uintmax_t size = 0;
  for (std::string line; std::getline(in, line) && !in.eof();) {
    const Json parsed = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!parsed.is_object() || parsed.value("step", step + 1) > step) break;
    size += line.size() + 1;
  }
  return size;
}

}  // namespace

MetricsLog::MetricsLog(std::filesystem::path file, std::int64_t step) : file_(std::move(file)) {
  if (std::filesystem::exists(file_)) std::filesystem::resize_file(file_, size_up_to(file_, step));
  out_ = std::fopen(file_.c_str(), "ab");
  if (out_ == nullptr) throw RunError(file_.string() + ": cannot be written: " + std::strerror(errno));
}

MetricsLog::~MetricsLog() { std::fclose(out_); }

void MetricsLog::write(const Json& line) {
  const std::string text = line.dump() + "\n";
  if (std::fwrite(text.data(), 1, text.size(), out_) != text.size() || std::fflush(out_) != 0) {
    throw RunError(file_.string() + ": cannot be written: " + std::strerror(errno));
  }
}

}  // namespace ablate::lab
