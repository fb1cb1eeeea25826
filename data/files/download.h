#pragma once
// Downloads through the `curl` program: http, https and file addresses, proxies and certificates as the
// machine has them set up. No shell is involved.
#include <filesystem>
#include <string>

namespace ablate::data {

/// Fetches `address` into `file`, following redirects. Throws RunError with curl's own reason; `file` may
/// then be incomplete, so callers give a temporary name.
void download(const std::string& address, const std::filesystem::path& file);

}  // namespace ablate::data
