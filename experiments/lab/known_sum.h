#pragma once
// The SHA-256 of a large file that many commands ask for: taken once, and noted until the file changes.
#include <filesystem>
#include <string>

namespace ablate::lab {

/// data::sha256_file(), or what an earlier call noted in the folder `notes`, one JSON file for each file that was read.
/// A file is known by its canonical path and, so that a change is noticed, by its inode, size, and the times of the
/// last change of its content (mtime) and of anything about it (ctime), which writing moves on and no program can set
/// back. Nothing is noted of a file whose mtime is so recent that its times might not tell a second change from the
/// first, nor where `notes` is empty or cannot be written to: it is then read again the next time. UserError if it
/// cannot be read.
std::string known_sum(const std::filesystem::path& file, const std::filesystem::path& notes);

}  // namespace ablate::lab
