// Files of tensors: what is written, byte by byte, and that no damage goes unnoticed.
#include "transformer/training/safetensors.h"

#include <zlib.h>

#include <cstring>
#include <fstream>
#include <sstream>

#include "tests/file_size_limit.h"
#include "tests/temporary_folder.h"
#include "tests/tensors.h"
#include "transformer/core/error.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

namespace fs = std::filesystem;

std::string bytes_of_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

template <class Number>
std::string bytes_of(std::initializer_list<Number> numbers) {
  return {reinterpret_cast<const char*>(numbers.begin()), numbers.size() * sizeof(Number)};
}

/// A file with this header, made without the code under test.
std::string file_of(const std::string& header, const std::string& buffer) {
  return bytes_of({std::uint64_t{header.size()}}) + header + buffer;
}

/// What reading a file of these bytes says behind the name of the file, which must stand first; or "".
std::string complaint(const std::string& bytes) {
  const TemporaryFolder folder;
  const fs::path file = folder.write("bad.safetensors", bytes);
  try {
    read_tensors(file);
  } catch (const UserError& error) {
    const std::string message = error.what();
    CHECK(message.starts_with(file.string() + ": "));
    return message.substr(file.string().size() + 2);
  }
  return "";
}

void check_complaint(const std::string& header, const std::string& buffer, const std::string& expected) {
  INFO(header);
  const std::string message = complaint(file_of(header, buffer));
  INFO(message);
  CHECK(message.find(expected) != std::string::npos);
}

TensorFile example() {
  return {{{"a", at::tensor({1.5, -2.0}, at::kFloat)},
           {"b.weight", at::tensor({1, 2, 3, 4, 5, 6}, at::kLong).view({2, 3})}},
          {{"step", "12"}}};
}

bool same(const TensorFile& a, const TensorFile& b) {
  return std::equal(
      a.tensors.begin(), a.tensors.end(), b.tensors.begin(), b.tensors.end(), [](const auto& x, const auto& y) {
        return x.first == y.first && x.second.scalar_type() == y.second.scalar_type() && x.second.equal(y.second);
      });
}

}  // namespace

TEST_CASE("a tensor file has the layout of the format, byte by byte", "[training][safetensors]") {
  const TemporaryFolder folder;
  const fs::path file = folder / "x.safetensors";
  write_tensors(file, example());
  const std::string tensors = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                              R"("b.weight":{"dtype":"I64","shape":[2,3],"data_offsets":[8,56]},)"
                              R"("__metadata__":{"step":"12","format":"pt")";
  const std::string buffer = bytes_of({1.5F, -2.0F}) + bytes_of<std::int64_t>({1, 2, 3, 4, 5, 6});
  const std::string covered = tensors + "}}" + buffer;
  const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(covered.data()), covered.size());
  std::string header = tensors + R"(,"ablate.crc32":")" + std::to_string(crc) + "\"}}";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  CHECK(bytes_of_file(file) == file_of(header, buffer));
}

TEST_CASE("every dtype, shape and metadata text comes back", "[training][safetensors]") {
  const TemporaryFolder folder;
  const fs::path file = folder / "x.safetensors";
  TensorFile content;
  const Tensor numbers = at::tensor({0.0, 1.0, -2.5, 65504.0}, at::kDouble);
  for (const at::ScalarType dtype : {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16}) {
    content.tensors[at::toString(dtype)] = numbers.to(dtype);
  }
  for (const at::ScalarType dtype : {at::kLong, at::kInt, at::kByte, at::kBool}) {
    content.tensors[at::toString(dtype)] = at::tensor({0, 1, 2, 255}, at::kLong).to(dtype);
  }
  content.tensors["not finite"] = at::tensor({INFINITY, -INFINITY, -0.0F}, at::kFloat);
  content.tensors["scalar"] = at::full({}, 7, at::kLong);
  content.tensors["empty"] = at::empty({3, 0, 2}, at::kFloat);
  content.tensors["transposed"] = normal({3, 4, 5}, 1).permute({2, 0, 1}).slice(1, 1);
  content.tensors["\"quoted\" \\ \n ünï"] = at::ones({2}, at::kFloat);
  content.metadata = {{"key", "value \" \\ \n"}, {"ö", "語"}, {"", ""}};
  write_tensors(file, content);
  const TensorFile read = read_tensors(file);
  CHECK(same(read, content));
  for (const auto& [key, value] : content.metadata) CHECK(read.metadata.at(key) == value);
  CHECK(read.tensors.at("transposed").is_contiguous());

  SECTION("and what was read can be written again, to the same bytes") {
    const std::string first = bytes_of_file(file);
    write_tensors(file, read);
    CHECK(bytes_of_file(file).size() == first.size());
    CHECK(same(read_tensors(file), content));
  }
}

TEST_CASE("a tensor is read into the one that is given for it, where that can hold it", "[training][safetensors]") {
  const TemporaryFolder folder;
  const Tensor one = normal({2, 3}, 1, at::kFloat), two = normal({4}, 2, at::kFloat);
  write_tensors(folder / "two.safetensors", {{{"one", one}, {"two", two}}, {}});
  const Tensor fits = at::zeros({2, 3}), other = at::zeros({4}, at::kDouble);
  const TensorFile read = read_tensors(folder / "two.safetensors", {{"one", fits}, {"two", other}, {"three", two}});
  CHECK(read.tensors.at("one").const_data_ptr() == fits.const_data_ptr());
  CHECK(fits.equal(one));
  CHECK(read.tensors.at("two").equal(two));
  CHECK(read.tensors.at("two").scalar_type() == at::kFloat);
  CHECK(other.eq(0).all().item<bool>());
  CHECK(read.tensors.size() == 2);
  const Tensor strided = at::zeros({3, 2}).t();
  CHECK(read_tensors(folder / "two.safetensors", {{"one", strided}}).tensors.at("one").equal(one));
  CHECK(strided.eq(0).all().item<bool>());
}

TEST_CASE("a file without tensors is a file", "[training][safetensors]") {
  const TemporaryFolder folder;
  write_tensors(folder / "x.safetensors", {{}, {{"a", "b"}}});
  CHECK(read_tensors(folder / "x.safetensors").tensors.empty());
  CHECK(read_tensors(folder / "x.safetensors").metadata.at("a") == "b");
}

TEST_CASE("parameters are written by value, without their graph", "[training][safetensors]") {
  const TemporaryFolder folder;
  const Tensor parameter = at::ones({2}, at::kFloat).requires_grad_();
  write_tensors(folder / "x.safetensors", {{{"p", parameter}}, {}});
  const Tensor read = read_tensors(folder / "x.safetensors").tensors.at("p");
  CHECK(read.equal(parameter));
  CHECK_FALSE(read.requires_grad());
}

TEST_CASE("a dtype that the format has no name for is refused before anything is written", "[training][safetensors]") {
  const TemporaryFolder folder;
  CHECK_THROWS_AS(write_tensors(folder / "x.safetensors", {{{"c", at::ones({2}, at::kComplexFloat)}}, {}}),
                  std::invalid_argument);
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("files of other programs are read: any order, no metadata, no padding", "[training][safetensors]") {
  const TemporaryFolder folder;
  const std::string header = R"({"second":{"dtype":"I32","shape":[],"data_offsets":[2,6]},)"
                             R"("first":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})";
  const fs::path file = folder.write("x.safetensors", file_of(header, std::string("\x05\x07", 2) + bytes_of<int>({9})));
  const TensorFile read = read_tensors(file);
  CHECK(read.tensors.at("first").equal(at::tensor({5, 7}, at::kByte)));
  CHECK(read.tensors.at("second").equal(at::full({}, 9, at::kInt)));
  CHECK(read.metadata.empty());
}

TEST_CASE("a file that is cut off anywhere is refused", "[training][safetensors]") {
  const TemporaryFolder folder;
  write_tensors(folder / "x.safetensors", example());
  const std::string whole = bytes_of_file(folder / "x.safetensors");
  CHECK(complaint(whole).empty());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO(size << " of " << whole.size() << " bytes");
    const std::string message = complaint(whole.substr(0, size));
    CHECK(message.find("cut off") != std::string::npos);
  }
}

TEST_CASE("a file with one flipped bit is refused, or gives what was written", "[training][safetensors]") {
  const TemporaryFolder folder;
  write_tensors(folder / "x.safetensors", example());
  const TensorFile written = read_tensors(folder / "x.safetensors");
  const std::string whole = bytes_of_file(folder / "x.safetensors");
  int unnoticed = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      INFO("bit " << bit << " of byte " << i);
      std::string bytes = whole;
      bytes[i] = static_cast<char>(bytes[i] ^ (1 << bit));
      if (!complaint(bytes).empty()) continue;
      ++unnoticed;
      const TensorFile read = read_tensors(folder.write("y.safetensors", bytes));
      CHECK(same(read, written));
      CHECK(read.metadata.at("step") == "12");
      CHECK(read.metadata.at("format") == "pt");
    }
  }
  // The name of the checksum itself: without it the file is that of another program.
  CHECK(unnoticed < 8 * static_cast<int>(std::strlen("ablate.crc32")));
}

TEST_CASE("what is no tensor file is refused, with the reason", "[training][safetensors]") {
  CHECK(complaint("").find("cut off") != std::string::npos);
  CHECK(complaint("A text of some length that is no checkpoint").find("not a safetensors file") != std::string::npos);
  check_complaint("[1, 2]", "", "not a safetensors file: its header is not JSON");
  check_complaint("{\"a\": ", "", "not a safetensors file: its header is not JSON");
  check_complaint(R"({"a": 1})", "", "its header is damaged");
  check_complaint(R"({"__metadata__": {"a": 1}})", "", "its header is damaged");
  check_complaint(R"({"a":{"dtype":"F32","shape":"big","data_offsets":[0,4]}})", "1234", "its header is damaged");
  check_complaint(R"({"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}})", "1234", "F8_E4M3");
}

TEST_CASE("a header that does not fit its buffer is refused, with the tensor's name", "[training][safetensors]") {
  check_complaint(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})", "12345678", "'a' has a wrong size");
  check_complaint(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", "1234", "'a' has a wrong size");
  check_complaint(R"({"a":{"dtype":"F32","shape":[-1,-1],"data_offsets":[0,4]}})", "1234", "'a' has a wrong size");
  check_complaint(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", "",
                  "'a' has a wrong size");
  check_complaint(R"({"a":{"dtype":"F32","shape":[4611686018427387],"data_offsets":[0,18446744073709548]}})", "1234",
                  "cut off");
  check_complaint(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                  R"("b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})",
                  "123456789012", "a hole before tensor 'b'");
  check_complaint(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", "12345678", "a hole before tensor 'a'");
  check_complaint(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                  R"("b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
                  "1234", "'b' lies where another one does");
  check_complaint(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "12345", "bytes behind its last tensor");
}

TEST_CASE("a file that is not there, or is a folder, is named", "[training][safetensors]") {
  const TemporaryFolder folder;
  const std::string missing = (folder / "none.safetensors").string();
  CHECK_THROWS_AS(read_tensors(missing), UserError);
  CHECK_THROWS_MENTION(read_tensors(missing), missing + ": there is no such file");
  CHECK_THROWS_AS(read_tensors(folder.path()), UserError);
  CHECK_THROWS_MENTION(read_tensors(folder.path()), folder.path().string() + ": cannot be read");
}

TEST_CASE("a disk that fills while a file is written leaves the old one, readable", "[training][safetensors]") {
  const TemporaryFolder folder;
  const fs::path file = folder / "x.safetensors";
  write_tensors(file, example());
  const TensorFile large{{{"a", at::zeros({100'000}, at::kFloat)}}, {}};
  std::optional<std::string> message;
  {
    const FileSizeLimit limit(200'000);
    message = thrown_message([&] { write_tensors(file, large); });
  }
  CHECK(mentions(message, "x.safetensors"));
  CHECK(mentions(message, "File too large"));
  CHECK(same(read_tensors(file), example()));
  CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) == 1);
}

TEST_CASE("a file that cannot be made is a RunError with its path", "[training][safetensors]") {
  const TemporaryFolder folder;
  folder.write("taken", "a file where a folder is needed");
  const fs::path file = folder / "taken" / "x.safetensors";
  CHECK_THROWS_AS(write_tensors(file, example()), RunError);
  CHECK_THROWS_MENTION(write_tensors(file, example()), (folder / "taken").string());
}

TEST_CASE("a mapped file has the tensors of a read one, and of its damage what the header tells", "[training]") {
  const TemporaryFolder folder;
  const TensorFile content{{{"a", normal({3, 4}, 1)}, {"b", normal({5}, 2).to(at::kBFloat16)}, {"c", at::ones({0})}},
                           {{"made", "here"}}};
  const fs::path file = folder / "x.safetensors";
  write_tensors(file, content);
  TensorFile mapped = map_tensors(file);
  CHECK(mapped.metadata.at("made") == "here");
  REQUIRE(mapped.tensors.size() == 3);
  for (const auto& [name, tensor] : content.tensors) {
    CHECK(mapped.tensors.at(name).scalar_type() == tensor.scalar_type());
    CHECK(mapped.tensors.at(name).equal(tensor));
  }
  // A tensor keeps the file in memory, even when the rest is gone.
  const Tensor kept = mapped.tensors.at("a");
  mapped = {};
  CHECK(kept.equal(content.tensors.at("a")));
  const std::string whole = bytes_of_file(file);
  CHECK_THROWS_MENTION(map_tensors(folder.write("cut.safetensors", whole.substr(0, whole.size() - 9))), "cut");
  CHECK_THROWS_MENTION(map_tensors(folder / "nothing.safetensors"), "there is no such file");
}

TEST_CASE("numbers that lie across words in a mapped file are read all the same", "[training]") {
  const TemporaryFolder folder;
  const std::string header = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  for (std::size_t spaces = 0; spaces < 4; ++spaces) {
    const std::string text = header + std::string(spaces, ' ');
    const fs::path file = folder.write("x.safetensors", file_of(text, bytes_of({1.5f, -2.0f})));
    CHECK(map_tensors(file).tensors.at("a").equal(at::tensor({1.5f, -2.0f})));
  }
}
