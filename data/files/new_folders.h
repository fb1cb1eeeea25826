#pragma once
// Folders made on the way to something that may fail.
#include <filesystem>
#include <vector>

namespace ablate::data {

/// Makes a folder and those above it that are missing. When the object dies, those of them that still hold
/// nothing are removed; folders that were there before stay.
class NewFolders {
 public:
  /// Throws RunError if they cannot be made.
  explicit NewFolders(const std::filesystem::path& folder);
  ~NewFolders();
  NewFolders(const NewFolders&) = delete;
  NewFolders& operator=(const NewFolders&) = delete;

 private:
  std::vector<std::filesystem::path> made_;  ///< the innermost first
};

}  // namespace ablate::data
