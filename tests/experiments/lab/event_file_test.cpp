#include "experiments/lab/event_file.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "tests/catch.h"
#include "tests/data/support.h"
#include "tests/file_size_limit.h"
#include "transformer/core/error.h"

using namespace ablate;
using ablate::testing::TemporaryFolder;
using data::testing::read_text;

namespace {

using Scalars = std::vector<std::pair<std::string, double>>;

/// What a record holds; of the messages in it only the fields that are written here.
struct EventRead {
  double wall_time = 0;
  std::int64_t step = 0;
  std::string version;
  std::vector<std::pair<std::string, float>> scalars;
};

template <class Number>
Number take_number(std::string_view& bytes) {
  Number number{};
  if (bytes.size() < sizeof number) throw std::runtime_error("the bytes end in a number");
  std::memcpy(&number, bytes.data(), sizeof number);  // the tests run on little-endian machines, as LibTorch does
  bytes.remove_prefix(sizeof number);
  return number;
}

std::string_view take_some(std::string_view& bytes, std::uint64_t count) {
  if (bytes.size() < count) throw std::runtime_error("the bytes end in a field");
  const std::string_view taken = bytes.substr(0, count);
  bytes.remove_prefix(count);
  return taken;
}

std::uint64_t take_base_128(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = take_number<unsigned char>(bytes);
    value |= std::uint64_t{byte & 0x7Fu} << shift;
    if ((byte & 0x80) == 0) return value;
  }
}

std::pair<std::string, float> read_scalar(std::string_view bytes) {
  std::pair<std::string, float> scalar;
  while (!bytes.empty()) {
    switch (take_number<unsigned char>(bytes)) {
      case 1 << 3 | 2:
        scalar.first = take_some(bytes, take_base_128(bytes));
        break;
      case 2 << 3 | 5:
        scalar.second = take_number<float>(bytes);
        break;
      default:
        throw std::runtime_error("an unknown field of a value");
    }
  }
  return scalar;
}

EventRead read_event(std::string_view bytes) {
  EventRead event;
  while (!bytes.empty()) {
    switch (take_number<unsigned char>(bytes)) {
      case 1 << 3 | 1:
        event.wall_time = take_number<double>(bytes);
        break;
      case 2 << 3 | 0:
        event.step = static_cast<std::int64_t>(take_base_128(bytes));
        break;
      case 3 << 3 | 2:
        event.version = take_some(bytes, take_base_128(bytes));
        break;
      case 5 << 3 | 2:
        for (std::string_view summary = take_some(bytes, take_base_128(bytes)); !summary.empty();) {
          if (take_number<unsigned char>(summary) != (1 << 3 | 2)) throw std::runtime_error("not a value");
          event.scalars.push_back(read_scalar(take_some(summary, take_base_128(summary))));
        }
        break;
      default:
        throw std::runtime_error("an unknown field of an event");
    }
  }
  return event;
}

std::uint32_t expected_crc(std::string_view bytes) {
  const std::uint32_t crc = lab::crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8u;
}

/// All records of a file; throws if one is not whole.
std::vector<EventRead> read_events(const std::filesystem::path& file) {
  const std::string text = read_text(file);
  std::vector<EventRead> events;
  for (std::string_view bytes = text; !bytes.empty();) {
    const std::string_view length_bytes = bytes.substr(0, 8);
    const auto length = take_number<std::uint64_t>(bytes);
    if (take_number<std::uint32_t>(bytes) != expected_crc(length_bytes))
      throw std::runtime_error("checksum of a length");
    const std::string_view payload = take_some(bytes, length);
    if (take_number<std::uint32_t>(bytes) != expected_crc(payload)) throw std::runtime_error("checksum of a payload");
    events.push_back(read_event(payload));
  }
  return events;
}

std::vector<std::int64_t> steps_in(const std::filesystem::path& file) {
  std::vector<std::int64_t> steps;
  for (const EventRead& event : read_events(file)) {
    if (event.version.empty()) steps.push_back(event.step);
  }
  return steps;
}

const std::string event_file = lab::EventFile::name;

}  // namespace

TEST_CASE("event file: CRC-32C of known bytes", "[lab]") {
  CHECK(lab::crc32c("") == 0);
  CHECK(lab::crc32c("123456789") == 0xE3069283);
  // RFC 3720, appendix B.4
  CHECK(lab::crc32c(std::string(32, '\0')) == 0x8A9136AA);
  CHECK(lab::crc32c(std::string(32, '\xFF')) == 0x62A8AB43);
  std::string ascending(32, '\0');
  std::iota(ascending.begin(), ascending.end(), '\0');
  CHECK(lab::crc32c(ascending) == 0x46DD794E);
}

TEST_CASE("event file: what is written is read back, and there as soon as written", "[lab]") {
  const TemporaryFolder folder;
  lab::EventFile events(folder.path(), 0);
  events.write(1, 1497290254.5, {{"train/loss", 2.5}, {"train/learning_rate", 1e-9}});
  REQUIRE(read_events(folder / event_file).size() == 2);
  events.write(300, 1497290255, {{"dev/nll", -0.1}});
  events.write(std::int64_t{1} << 40, 1497290256, {});

  const std::vector<EventRead> read = read_events(folder / event_file);
  REQUIRE(read.size() == 4);
  CHECK(read[0].version == "brain.Event:2");
  CHECK(read[0].wall_time == 1497290254.5);
  CHECK(read[0].scalars.empty());
  CHECK(read[1].version.empty());
  CHECK(read[1].wall_time == 1497290254.5);
  CHECK(read[1].step == 1);
  CHECK(read[1].scalars ==
        std::vector<std::pair<std::string, float>>{{"train/loss", 2.5F}, {"train/learning_rate", 1e-9F}});
  CHECK(read[2].step == 300);
  CHECK(read[2].scalars == std::vector<std::pair<std::string, float>>{{"dev/nll", -0.1F}});
  CHECK(read[3].step == std::int64_t{1} << 40);
  // As the files of TensorFlow begin: 24 bytes, and the masked checksum of that length.
  CHECK(read_text(folder / event_file).substr(0, 12) == std::string("\x18\0\0\0\0\0\0\0\xA3\x7F\x4B\x22", 12));
}

TEST_CASE("event file: values that are not finite, and long names", "[lab]") {
  const TemporaryFolder folder;
  const std::string long_name(300, 'x');
  constexpr double infinity = std::numeric_limits<double>::infinity();
  lab::EventFile(folder.path(), 0).write(1, 1, {{long_name, std::nan("")}, {"up", infinity}, {"down", -infinity}});
  const EventRead read = read_events(folder / event_file).at(1);
  REQUIRE(read.scalars.size() == 3);
  CHECK(read.scalars[0].first == long_name);
  CHECK(std::isnan(read.scalars[0].second));
  CHECK(read.scalars[1].second == std::numeric_limits<float>::infinity());
  CHECK(read.scalars[2].second == -std::numeric_limits<float>::infinity());
}

TEST_CASE("event file: a run that goes on cuts off what will be written again", "[lab]") {
  const TemporaryFolder folder;
  {
    lab::EventFile events(folder.path(), 0);
    for (const std::int64_t step : {10, 20, 20, 30, 40}) events.write(step, 1, {{"train/loss", 1.0}});
  }
  const std::string whole = read_text(folder / event_file);
  const auto after = [&](const std::string& bytes, std::int64_t step) {
    folder.write(event_file, bytes);
    lab::EventFile(folder.path(), step).write(50, 2, {{"train/loss", 0.5}});
    CHECK(read_events(folder / event_file).at(0).version == "brain.Event:2");
    return steps_in(folder / event_file);
  };
  using Steps = std::vector<std::int64_t>;
  CHECK(after(whole, 40) == Steps{10, 20, 20, 30, 40, 50});
  CHECK(after(whole, 39) == Steps{10, 20, 20, 30, 50});
  CHECK(after(whole, 20) == Steps{10, 20, 20, 50});
  CHECK(after(whole, 0) == Steps{50});
  CHECK(after("", 40) == Steps{50});
}

TEST_CASE("event file: records that are not whole are cut off with all that follows", "[lab]") {
  const TemporaryFolder folder;
  std::size_t two_steps = 0;
  {
    lab::EventFile events(folder.path(), 0);
    for (const std::int64_t step : {10, 20}) events.write(step, 1, {{"train/loss", 1.0}});
    two_steps = read_text(folder / event_file).size();
    for (const std::int64_t step : {30, 40}) events.write(step, 1, {{"train/loss", 1.0}});
  }
  const std::string whole = read_text(folder / event_file);
  const auto steps_after = [&](const std::string& bytes) {
    folder.write(event_file, bytes);
    lab::EventFile(folder.path(), 40).write(50, 2, {});
    return steps_in(folder / event_file);
  };
  using Steps = std::vector<std::int64_t>;
  const std::size_t record = (whole.size() - two_steps) / 2;
  for (std::size_t size = two_steps; size < two_steps + record; ++size) {
    INFO("bytes: " << size);
    CHECK(steps_after(whole.substr(0, size)) == Steps{10, 20, 50});
  }
  for (std::size_t damaged = two_steps; damaged < two_steps + record; ++damaged) {
    INFO("damaged byte: " << damaged);
    std::string bytes = whole;
    bytes[damaged] = static_cast<char>(bytes[damaged] ^ 1);
    CHECK(steps_after(bytes) == Steps{10, 20, 50});
  }
  CHECK(steps_after(whole.substr(0, two_steps) + std::string(100, '\0')) == Steps{10, 20, 50});
  CHECK(steps_after(whole.substr(0, two_steps) + std::string(100, '\xFF')) == Steps{10, 20, 50});
  CHECK(steps_after("this was never a file of events") == Steps{50});
}

TEST_CASE("event file: places where nothing can be written", "[lab]") {
  const TemporaryFolder folder;
  CHECK_THROWS_AS(lab::EventFile(folder / "none", 0), RunError);
  lab::EventFile events(folder.path(), 0);
  const ablate::testing::FileSizeLimit full(20);
  CHECK_THROWS_AS(events.write(1, 1, {{"train/loss", 1.0}}), RunError);
  CHECK_THROWS_MENTION(events.write(1, 1, {{"train/loss", 1.0}}), "tfevents");
}
