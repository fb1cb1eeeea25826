#pragma once
// Downloads through the `curl` program: http, https and file addresses, proxies and certificates as the
// machine has them set up. No shell is involved.
#include <filesystem>
#include <functional>
#include <string>

namespace ablate::data {

/// Called several times a second while something long goes on; it may throw to stop it.
using StopCheck = std::function<void()>;

/// Fetches `address` into `file`, following redirects. Throws RunError with curl's own reason; `file` may
/// then be incomplete, so callers give a temporary name. curl is ended if `stop` throws.
void download(const std::string& address, const std::filesystem::path& file, const StopCheck& stop);

}  // namespace ablate::data
