#include "data/files/new_folders.h"

#include <system_error>

#include "transformer/core/atomic_file.h"

namespace ablate::data {

NewFolders::NewFolders(const std::filesystem::path& folder) {
  std::error_code ignored;
  auto missing = folder;
  while (!missing.empty() && !std::filesystem::exists(missing, ignored)) {
    made_.push_back(missing);
    missing = missing.parent_path();
  }
  make_folders(folder);
}

NewFolders::~NewFolders() {
  std::error_code not_empty;
  for (const auto& folder : made_) std::filesystem::remove(folder, not_empty);
}

}  // namespace ablate::data
