#pragma once
// Files of named tensors in the safetensors format (Hugging Face, version 0.4 of the format): u64 length of
// the header, header in JSON, one buffer without holes. Python's `safetensors` package opens them. Nothing in
// them is executed.
#include "transformer/core/torch.h"

#include <filesystem>
#include <map>

namespace ablate {

struct TensorFile {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// Writes atomically: the whole file is there, on disk, or the old one stays and a RunError says why.
/// The metadata get a CRC-32 of everything else in the file, header included, as "ablate.crc32".
void write_tensors(const std::filesystem::path& file, const TensorFile& content);

/// Reads onto the CPU, files of other programs too. UserError `file: …` if it is missing, cut off or damaged. A tensor
/// of `into` that has the name, shape and dtype of one in the file, and lies on the CPU, is what that one is read into,
/// whatever comes of the rest: large weights are then in memory once.
TensorFile read_tensors(const std::filesystem::path& file, const std::map<std::string, Tensor>& into = {});

/// The same, but the tensors lie in the file as it is mapped into memory: a page is read when it is used, and what is
/// not used costs nothing. They must not be written to, and the checksum is not looked at. For large files that are
/// gone through once; the file must stay as it is while a tensor lives.
TensorFile map_tensors(const std::filesystem::path& file);

}  // namespace ablate
