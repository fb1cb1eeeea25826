#include "transformer/training/safetensors.h"

#include "transformer/config/json.h"
#include "transformer/core/atomic_file.h"
#include "transformer/core/error.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <nlohmann/json.hpp>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian");

namespace ablate {
namespace {

constexpr std::array<std::pair<at::ScalarType, const char*>, 8> dtypes = {{{at::kFloat, "F32"},
                                                                           {at::kDouble, "F64"},
                                                                           {at::kHalf, "F16"},
                                                                           {at::kBFloat16, "BF16"},
                                                                           {at::kLong, "I64"},
                                                                           {at::kInt, "I32"},
                                                                           {at::kByte, "U8"},
                                                                           {at::kBool, "BOOL"}}};

std::string dtype_name(at::ScalarType dtype) {
  for (const auto& [type, name] : dtypes) {
    if (type == dtype) return name;
  }
  throw std::invalid_argument("no safetensors name for this dtype");
}

std::string_view bytes_of(const Tensor& tensor) {
  return {static_cast<const char*>(tensor.const_data_ptr()), static_cast<std::size_t>(tensor.nbytes())};
}

constexpr const char* metadata_key = "__metadata__";
constexpr const char* checksum_key = "ablate.crc32";

std::uint32_t checksum(std::uint32_t seed, std::string_view bytes) {
  if (bytes.empty()) return seed;  // an empty tensor has no address, and zlib takes none for "start again"
  return static_cast<std::uint32_t>(crc32_z(seed, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

/// The checksum covers all of the file but itself: the header without it, then the buffer.
std::uint32_t checksum_of_header(Json header) {
  header[metadata_key].erase(checksum_key);
  return checksum(0, header.dump());
}

/// The file's parts while it is read, and how its damage is reported.
class Input {
 public:
  explicit Input(const std::filesystem::path& file) : file_(file), in_(file, std::ios::binary) {
    std::error_code error;
    left_ = std::filesystem::file_size(file, error);
    if (!in_ || error) fail(std::filesystem::exists(file) ? "cannot be read" : "there is no such file");
  }
  [[noreturn]] void fail(const std::string& why) const { throw UserError(file_.string() + ": " + why); }
  void read(void* target, std::uint64_t size) {
    if (size <= left_) in_.read(static_cast<char*>(target), static_cast<std::streamsize>(size));
    if (size > left_ || !in_) fail("the checkpoint is cut off: delete it, or take an older one");
    left_ -= size;
  }
  std::uint64_t left() const { return left_; }

 private:
  std::filesystem::path file_;
  std::ifstream in_;
  std::uint64_t left_ = 0;
};

Json read_header(Input& in) {
  std::uint64_t length = 0;
  in.read(&length, sizeof length);
  if (length > in.left()) in.fail("not a safetensors file, or cut off: its header does not fit in it");
  std::string text(length, '\0');
  in.read(text.data(), length);
  Json header = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!header.is_object()) in.fail("not a safetensors file: its header is not JSON");
  return header;
}

struct Described {
  std::vector<std::int64_t> shape;
  at::ScalarType type;
};

/// What the header says of a tensor of so many bytes, if it can be true.
Described describe(const Input& in, const std::string& name, const Json& entry, std::uint64_t bytes) {
  const auto dtype = entry.at("dtype").get<std::string>();
  const auto shape = entry.at("shape").get<std::vector<std::int64_t>>();
  for (const auto& [type, label] : dtypes) {
    if (dtype != label) continue;
    std::uint64_t needed = c10::elementSize(type);
    for (const std::int64_t size : shape) {
      if (size < 0 || __builtin_mul_overflow(needed, static_cast<std::uint64_t>(size), &needed)) needed = bytes + 1;
    }
    if (needed != bytes) in.fail("tensor '" + name + "' has a wrong size");
    if (bytes > in.left()) in.fail("the checkpoint is cut off: delete it, or take an older one");
    return {shape, type};
  }
  in.fail("tensor '" + name + "' has the dtype " + dtype + ", which is not supported");
}

bool can_hold(const Tensor& tensor, const Described& described) {
  return tensor.is_cpu() && tensor.is_contiguous() && tensor.scalar_type() == described.type &&
         tensor.sizes() == at::IntArrayRef(described.shape);
}

/// Fills the tensors that the header names, those of `into` or new ones, front to back. Returns the checksum of what it
/// read after `crc`.
std::uint32_t read_buffer(Input& in, const Json& header, TensorFile& content, std::uint32_t crc,
                          const std::map<std::string, Tensor>& into) {
  std::map<std::uint64_t, std::pair<std::string, std::uint64_t>> by_offset;
  for (const auto& [name, entry] : header.items()) {
    if (name == metadata_key) continue;
    const auto offsets = entry.at("data_offsets").get<std::array<std::uint64_t, 2>>();
    const Described made = describe(in, name, entry, offsets[1] - offsets[0]);
    const auto given = into.find(name);
    const bool fits = given != into.end() && can_hold(given->second, made);
    content.tensors[name] = fits ? given->second : at::empty(made.shape, made.type);
    if (offsets[1] == offsets[0]) continue;
    if (!by_offset.try_emplace(offsets[0], name, offsets[1]).second) {
      in.fail("tensor '" + name + "' lies where another one does");
    }
  }
  std::uint64_t expected = 0;
  for (const auto& [offset, piece] : by_offset) {
    if (offset != expected) in.fail("its buffer has a hole before tensor '" + piece.first + "'");
    Tensor& tensor = content.tensors[piece.first];
    in.read(tensor.mutable_data_ptr(), tensor.nbytes());
    crc = checksum(crc, bytes_of(tensor));
    expected = piece.second;
  }
  if (in.left() > 0) in.fail("there are bytes behind its last tensor");
  return crc;
}

/// A file in memory for reading, as long as somebody holds it.
class Mapping {
 public:
  explicit Mapping(const std::filesystem::path& file) {
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    size_ = std::filesystem::file_size(file);
    // Private and writable, because a tensor may be: a write would change this process's copy alone.
    void* const found =
        descriptor < 0 ? MAP_FAILED : ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor, 0);
    const int error = errno;
    if (descriptor >= 0) ::close(descriptor);
    if (found == MAP_FAILED) throw RunError(file.string() + ": cannot be mapped into memory: " + std::strerror(error));
    data_ = static_cast<char*>(found);
  }
  ~Mapping() { ::munmap(data_, size_); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  char* at(std::uint64_t offset) const { return data_ + offset; }

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

Tensor mapped_tensor(const std::shared_ptr<Mapping>& mapping, std::uint64_t offset, const Described& described) {
  char* const bytes = mapping->at(offset);
  // Old files have headers of any length, and a number that lies across words cannot be read everywhere.
  if (reinterpret_cast<std::uintptr_t>(bytes) % c10::elementSize(described.type) != 0) {
    Tensor copy = at::empty(described.shape, described.type);
    std::memcpy(copy.mutable_data_ptr(), bytes, copy.nbytes());
    return copy;
  }
  return at::from_blob(
      bytes, described.shape, [mapping](void*) {}, at::TensorOptions().dtype(described.type));
}

}  // namespace

void write_tensors(const std::filesystem::path& file, const TensorFile& content) {
  Json header = Json::object();
  std::vector<Tensor> ordered;
  std::uint64_t offset = 0;
  for (const auto& [name, tensor] : content.tensors) {
    ordered.push_back(tensor.detach().cpu().contiguous());
    const Tensor& plain = ordered.back();
    header[name] = {{"dtype", dtype_name(plain.scalar_type())},
                    {"shape", plain.sizes().vec()},
                    {"data_offsets", {offset, offset + plain.nbytes()}}};
    offset += plain.nbytes();
  }
  Json& metadata = header[metadata_key] = content.metadata;
  metadata["format"] = "pt";
  std::uint32_t crc = checksum_of_header(header);
  for (const Tensor& tensor : ordered) crc = checksum(crc, bytes_of(tensor));
  metadata[checksum_key] = std::to_string(crc);
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  const std::uint64_t length = text.size();

  AtomicFile out(file);
  out.write({reinterpret_cast<const char*>(&length), sizeof length});
  out.write(text);
  for (const Tensor& tensor : ordered) out.write(bytes_of(tensor));
  out.commit();
}

TensorFile read_tensors(const std::filesystem::path& file, const std::map<std::string, Tensor>& into) {
  Input in(file);
  TensorFile content;
  std::uint32_t crc = 0;
  try {
    const Json header = read_header(in);
    if (const auto metadata = header.find(metadata_key); metadata != header.end()) {
      content.metadata = metadata->get<std::map<std::string, std::string>>();
      crc = checksum_of_header(header);
    }
    crc = read_buffer(in, header, content, crc, into);
  } catch (const nlohmann::json::exception& error) {
    in.fail(std::string("its header is damaged: ") + error.what());
  }
  const auto stored = content.metadata.find(checksum_key);
  if (stored != content.metadata.end() && stored->second != std::to_string(crc)) {
    in.fail("the checkpoint is damaged: its checksum does not match");
  }
  return content;
}

TensorFile map_tensors(const std::filesystem::path& file) {
  Input in(file);
  TensorFile content;
  try {
    const Json header = read_header(in);
    const std::uint64_t size = in.left(), start = std::filesystem::file_size(file) - size;
    const auto mapping = std::make_shared<Mapping>(file);
    for (const auto& [name, entry] : header.items()) {
      if (name == metadata_key) {
        content.metadata = entry.get<std::map<std::string, std::string>>();
        continue;
      }
      const auto offsets = entry.at("data_offsets").get<std::array<std::uint64_t, 2>>();
      if (offsets[0] > offsets[1] || offsets[1] > size) in.fail("cut off: tensor '" + name + "' lies behind its end");
      const Described described = describe(in, name, entry, offsets[1] - offsets[0]);
      content.tensors[name] = mapped_tensor(mapping, start + offsets[0], described);
    }
  } catch (const nlohmann::json::exception& error) {
    in.fail(std::string("its header is damaged: ") + error.what());
  }
  return content;
}

}  // namespace ablate
