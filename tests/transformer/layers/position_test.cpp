#include "transformer/layers/position.h"

#include <cmath>
#include <complex>

#include "tests/tensors.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

constexpr PositionContext context{.d_model = 8, .d_k = 8, .heads = 2, .max_length = 32};

std::shared_ptr<Position> make(const PositionConfig& config, const PositionContext& where = context) {
  ParameterFactory factory(at::kCPU, at::kDouble);
  std::shared_ptr<Position> position = make_position(config, where, {.kind = "normal", .std = 1}, factory);
  factory.initialize(1);
  return position;
}

/// Score of a query at position i and a key at position j, for one query and one key: (length, length).
Tensor rotary_scores(Position& position, const Tensor& query, const Tensor& key, std::int64_t length) {
  const auto everywhere = [&](const Tensor& vector) {
    return position.rotate(vector.view({1, 1, 1, -1}).repeat({1, 1, length, 1}), 0)[0][0];
  };
  return at::matmul(everywhere(query), everywhere(key).t());
}

}  // namespace

TEST_CASE("sinusoidal encodings start as the paper's formula says", "[layers][position]") {
  const Tensor table = sinusoidal_table(3, 4, 10000);
  const std::vector<double> expected{0,
                                     1,
                                     0,
                                     1,  //
                                     std::sin(1),
                                     std::cos(1),
                                     std::sin(0.01),
                                     std::cos(0.01),  //
                                     std::sin(2),
                                     std::cos(2),
                                     std::sin(0.02),
                                     std::cos(0.02)};
  CHECK_CLOSE(table, at::tensor(expected, at::kDouble).view({3, 4}), tolerance::same_in_double);
}

TEST_CASE("sinusoidal wavelengths grow from 2 pi to base * 2 pi", "[layers][position]") {
  const Tensor table = sinusoidal_table(2, 512, 10000);
  CHECK(table[1][0].item<double>() == Approx(std::sin(1.0)));
  CHECK(table[1][510].item<double>() == Approx(std::sin(std::pow(10000.0, -510.0 / 512))));
  CHECK(sinusoidal_table(2, 4, 100)[1][2].item<double>() == Approx(std::sin(0.1)));
}

TEST_CASE("ALiBi's slopes are the paper's for eight heads, and the authors' code's for twelve", "[layers][position]") {
  for (std::int64_t head = 0; head < 8; ++head) {
    CHECK(alibi_slopes(8)[head].item<double>() == Approx(std::pow(0.5, static_cast<double>(head + 1))));
  }
  // The first eight of twelve are those of eight, the others 2^-0.5, 2^-1.5, 2^-2.5, 2^-3.5.
  CHECK_CLOSE(alibi_slopes(12).slice(0, 0, 8), alibi_slopes(8), tolerance::same_in_double);
  for (std::int64_t i = 0; i < 4; ++i) {
    CHECK(alibi_slopes(12)[8 + i].item<double>() == Approx(std::pow(2.0, -0.5 - static_cast<double>(i))));
  }
  CHECK(alibi_slopes(1)[0].item<double>() == Approx(std::pow(2.0, -8.0)));
}

TEST_CASE("ALiBi lowers scores by slope times distance, wherever a call begins", "[layers][position]") {
  const auto position = make({.kind = "alibi"});  // two heads: 2^-4 and 2^-8
  const Tensor whole = position->bias(0, 6, 6);
  REQUIRE(whole.sizes() == at::IntArrayRef({2, 6, 6}));
  CHECK(whole[0][5][2].item<double>() == Approx(-3.0 / 16));
  CHECK(whole[1][2][5].item<double>() == Approx(-3.0 / 256));
  CHECK_CLOSE(position->bias(4, 2, 6), whole.slice(1, 4, 6), tolerance::same_in_double);
  CHECK_CLOSE(position->bias(0, 6, 6), whole, tolerance::same_in_double);
}

TEST_CASE("an odd width has one sine more than cosines", "[layers][position]") {
  CHECK_CLOSE(sinusoidal_table(5, 5, 10000), sinusoidal_table(5, 6, 10000).slice(1, 0, 5), tolerance::same_in_double);
}

TEST_CASE("the inner product of two sinusoidal encodings k apart depends on k alone", "[layers][position]") {
  constexpr std::int64_t length = 50;
  constexpr std::int64_t d = 32;
  const Tensor table = sinusoidal_table(length, d, 10000);
  const Tensor products = at::matmul(table, table.t());
  for (std::int64_t k = 0; k < length; ++k) {
    INFO(k << " apart");
    double expected = 0;  // sum over the frequencies of cos(k * frequency)
    for (std::int64_t i = 0; i < d; i += 2) {
      expected += std::cos(static_cast<double>(k) * std::pow(10000, -static_cast<double>(i) / d));
    }
    const Tensor diagonal = products.diagonal(k);
    CHECK_CLOSE(diagonal, at::full({length - k}, expected, at::kDouble), tolerance::same_in_double);
  }
}

TEST_CASE("sinusoidal positions are added to the embeddings, from any position on", "[layers][position]") {
  const auto position = make({.kind = "sinusoidal"});
  const Tensor x = normal({2, 6, 8}, 1);
  CHECK_CLOSE(position->embed(x, 0), x + sinusoidal_table(6, 8, 10000), tolerance::same_in_double);
  CHECK_CLOSE(position->embed(x, 200), x + sinusoidal_table(206, 8, 10000).slice(0, 200), tolerance::same_in_double);
  CHECK_CLOSE(position->embed(x.slice(1, 4), 4), position->embed(x, 0).slice(1, 4), tolerance::same_in_double);
  CHECK(position->parameters().empty());
}

TEST_CASE("a late sinusoidal position keeps its phase in float", "[layers][position]") {
  const auto position = make({.kind = "sinusoidal"});
  const Tensor late = position->embed(at::zeros({1, 1, 8}), 4000);
  CHECK(late[0][0][0].item<double>() == Approx(std::sin(4000.0)).margin(1e-6));
}

TEST_CASE("one module serves several dtypes", "[layers][position]") {
  for (const char* kind : {"sinusoidal", "rotary"}) {
    INFO(kind);
    const auto position = make({.kind = kind});
    for (const at::ScalarType dtype : {at::kFloat, at::kDouble, at::kBFloat16, at::kFloat}) {
      CHECK(position->embed(at::zeros({1, 3, 8}, dtype), 0).scalar_type() == dtype);
      CHECK(position->rotate(at::zeros({1, 2, 3, 8}, dtype), 0).scalar_type() == dtype);
    }
  }
}

TEST_CASE("learned positions are rows of a trained matrix, as many as the model is long", "[layers][position]") {
  const auto position = make({.kind = "learned"});
  const Tensor weight = position->named_parameters()["weight"];
  CHECK(weight.sizes() == at::IntArrayRef({32, 8}));
  const Tensor x = normal({2, 5, 8}, 1);
  CHECK(position->embed(x, 3).equal(x + weight.slice(0, 3, 8)));
  CHECK_NOTHROW(position->embed(x, 27));
  CHECK_THROWS_MENTION(position->embed(x, 28), "learned positions end at 32");
}

TEST_CASE("rotary positions multiply pairs by exp(i * pos * frequency)", "[layers][position]") {
  constexpr std::int64_t length = 7;
  const Tensor x = normal({1, 1, length, 8}, 1);
  for (const bool interleaved : {true, false}) {
    INFO((interleaved ? "interleaved" : "half"));
    const auto position = make({.kind = "rotary", .base = 100, .pairing = interleaved ? "interleaved" : "half"});
    Tensor expected = at::empty_like(x);
    for (std::int64_t pos = 0; pos < length; ++pos) {
      for (std::int64_t i = 0; i < 4; ++i) {
        const std::int64_t real = interleaved ? 2 * i : i;
        const std::int64_t imaginary = interleaved ? 2 * i + 1 : i + 4;
        const Tensor vector = x[0][0][pos];
        const std::complex<double> pair{vector[real].item<double>(), vector[imaginary].item<double>()};
        const double angle = static_cast<double>(pos) * std::pow(100, -2.0 * static_cast<double>(i) / 8);
        const std::complex<double> turned = pair * std::polar(1.0, angle);
        expected[0][0][pos][real] = turned.real();
        expected[0][0][pos][imaginary] = turned.imag();
      }
    }
    CHECK_CLOSE(position->rotate(x, 0), expected, tolerance::same_in_double);
  }
}

TEST_CASE("rotary scores depend on the distance alone", "[layers][position]") {
  constexpr std::int64_t length = 20;
  for (const char* pairing : {"interleaved", "half"}) {
    for (const double fraction : {1.0, 0.5}) {
      INFO(pairing << ", fraction " << fraction);
      const auto position = make({.kind = "rotary", .fraction = fraction, .pairing = pairing});
      const Tensor scores = rotary_scores(*position, normal({8}, 1), normal({8}, 2), length);
      for (std::int64_t distance = 1 - length; distance < length; ++distance) {
        const Tensor diagonal = scores.diagonal(distance);
        CHECK_CLOSE(diagonal, diagonal.slice(0, 0, 1).expand_as(diagonal), tolerance::same_in_double);
      }
      CHECK((scores.diagonal(1)[0] - scores.diagonal(2)[0]).abs().item<double>() > 1e-3);
    }
  }
}

TEST_CASE("rotary positions keep lengths, and position 0 as it is", "[layers][position]") {
  const auto position = make({.kind = "rotary"});
  const Tensor x = normal({2, 3, 5, 8}, 1);
  const Tensor y = position->rotate(x, 0);
  CHECK_CLOSE(y.norm(2, -1), x.norm(2, -1), tolerance::same_in_double);
  CHECK_CLOSE(y.select(2, 0), x.select(2, 0), tolerance::same_in_double);
  CHECK(position->embed(x[0], 3).equal(x[0]));
}

TEST_CASE("rotary positions go on from any position", "[layers][position]") {
  const auto position = make({.kind = "rotary"});
  const Tensor x = normal({2, 3, 9, 8}, 1);
  const Tensor whole = position->rotate(x, 0);
  CHECK_CLOSE(position->rotate(x.slice(2, 4), 4), whole.slice(2, 4), tolerance::same_in_double);
  CHECK_CLOSE(position->rotate(x, 300), make({.kind = "rotary"})->rotate(x, 300), tolerance::same_in_double);
}

TEST_CASE("a fraction of the coordinates turns, the rest stays", "[layers][position]") {
  const Tensor x = normal({1, 2, 5, 8}, 1);
  for (const char* pairing : {"interleaved", "half"}) {
    INFO(pairing);
    const auto half = make({.kind = "rotary", .fraction = 0.5, .pairing = pairing});
    const auto narrow =
        make({.kind = "rotary", .pairing = pairing}, {.d_model = 8, .d_k = 4, .heads = 2, .max_length = 32});
    const Tensor y = half->rotate(x, 0);
    CHECK(y.slice(3, 4).equal(x.slice(3, 4)));
    CHECK_CLOSE(y.slice(3, 0, 4), narrow->rotate(x.slice(3, 0, 4), 0), tolerance::same_in_double);
  }
}

TEST_CASE("the two pairings are one rotation with the coordinates reordered", "[layers][position]") {
  const Tensor x = normal({1, 1, 5, 8}, 1);
  const Tensor order = at::tensor({0, 2, 4, 6, 1, 3, 5, 7}, at::kLong);
  const Tensor half = make({.kind = "rotary", .pairing = "half"})->rotate(x.index_select(3, order), 0);
  const Tensor interleaved = make({.kind = "rotary"})->rotate(x, 0);
  CHECK_CLOSE(half, interleaved.index_select(3, order), tolerance::same_in_double);
}

TEST_CASE("scaled rotary frequencies are those of the formulas", "[layers][position]") {
  // Written out pair by pair, from the papers' text.
  constexpr std::int64_t width = 16;
  constexpr double base = 500, factor = 4, length = 256;
  const auto frequency = [](double i, double b) { return std::pow(b, -2 * i / width); };
  const auto ramp = [&](double plain, double low, double high) {
    const double wavelength = 2 * 3.14159265358979323846 / plain;
    if (wavelength < length / high) return plain;
    if (wavelength > length / low) return plain / factor;
    const double smooth = (length / wavelength - low) / (high - low);
    return (1 - smooth) * plain / factor + smooth * plain;
  };
  for (const std::string kind : {"none", "linear", "ntk", "yarn", "llama3"}) {
    INFO(kind);
    const Tensor found = rotary_frequencies(width, base, {.kind = kind, .factor = factor, .original_length = 256});
    CHECK(found.sizes() == at::IntArrayRef({width / 2}));
    for (std::int64_t i = 0; i < width / 2; ++i) {
      const double pair = static_cast<double>(i);
      const double plain = frequency(pair, base);
      double expected = plain;
      if (kind == "linear") expected = plain / factor;
      if (kind == "ntk") expected = frequency(pair, base * std::pow(factor, 16.0 / 14.0));
      if (kind == "yarn") expected = ramp(plain, 1, 32);
      if (kind == "llama3") expected = ramp(plain, 1, 4);
      CHECK(found[i].item<double>() == Approx(expected).epsilon(1e-12));
    }
  }
  CHECK(rotary_magnitude({.kind = "yarn", .factor = factor}) == Approx(1.1386294361).epsilon(1e-9));
  CHECK(rotary_magnitude({.kind = "llama3", .factor = factor}) == 1);
}

TEST_CASE("linear scaling by two puts position 2 n where n was", "[layers][position]") {
  const Tensor x = normal({1, 1, 1, 8}, 1);
  PositionConfig stretched;
  stretched.kind = "rotary";
  stretched.scaling.kind = "linear";
  CHECK_CLOSE(make(stretched)->rotate(x, 10), make({.kind = "rotary"})->rotate(x, 5), tolerance::same_in_double);
  stretched.scaling.kind = "yarn";
  CHECK_CLOSE(make(stretched)->rotate(x, 0), x * (0.1 * std::log(2.0) + 1), tolerance::same_in_double);
}

TEST_CASE("no positions change nothing", "[layers][position]") {
  const auto position = make({.kind = "none"});
  const Tensor x = normal({2, 3, 4, 8}, 1);
  CHECK(position->embed(x[0], 2).equal(x[0]));
  CHECK(position->rotate(x, 2).equal(x));
  CHECK_FALSE(position->bias(0, 3, 4).defined());
}

TEST_CASE("sinusoids in halves are the same numbers, sines first", "[layers][position]") {
  const Tensor neighbours = sinusoidal_table(5, 6, 10000), halves = sinusoidal_table(5, 6, 10000, /*halves=*/true);
  CHECK(halves.slice(1, 0, 3).equal(neighbours.slice(1, 0, 6, 2)));
  CHECK(halves.slice(1, 3, 6).equal(neighbours.slice(1, 1, 6, 2)));
  const auto position = make({.kind = "sinusoidal", .layout = "halves"});
  CHECK_CLOSE(position->embed(at::zeros({1, 2, 8}, at::kDouble), 3)[0],
              sinusoidal_table(5, 8, 10000, true).slice(0, 3, 5), tolerance::same_in_double);
}

TEST_CASE("learned positions begin behind those that are nobody's", "[layers][position]") {
  const auto position = make({.kind = "learned", .offset = 2});
  const Tensor weight = position->named_parameters()["weight"];
  CHECK(weight.size(0) == 34);
  CHECK(position->embed(at::zeros({1, 3, 8}, at::kDouble), 1)[0].equal(weight.slice(0, 3, 6)));
  CHECK_NOTHROW(position->embed(at::zeros({1, 32, 8}, at::kDouble), 0));
  CHECK_THROWS_AS(position->embed(at::zeros({1, 1, 8}, at::kDouble), 32), c10::Error);
}

TEST_CASE("learned positions count real tokens alone where they are told to", "[layers][position]") {
  const auto position = make({.kind = "learned", .offset = 2, .count = "real_tokens"});
  const Tensor weight = position->named_parameters()["weight"];
  const Tensor x = at::zeros({3, 4, 8}, at::kDouble);
  const Tensor real = tokens({{1, 1, 1, 1}, {0, 0, 1, 1}, {1, 1, 0, 0}}).to(at::kBool);
  const Tensor placed = position->embed(x, 0, real.unsqueeze(1).unsqueeze(2));
  // What is padding has the vector in front of the first position.
  CHECK(placed.equal(at::embedding(weight, tokens({{2, 3, 4, 5}, {1, 1, 2, 3}, {2, 3, 1, 1}}))));
  // Without padding, and with a cache, they count as the others do.
  CHECK(position->embed(x, 0)[1].equal(weight.slice(0, 2, 6)));
  CHECK(position->embed(x, 3)[0].equal(weight.slice(0, 5, 9)));
  CHECK_THROWS_AS(position->embed(x, 3, real.unsqueeze(1).unsqueeze(2)), c10::Error);
}

TEST_CASE("buckets: near distances one each, far ones as their logarithm, the farthest together",
          "[layers][position]") {
  const auto bucket = [](std::int64_t distance, bool causal) {
    return relative_buckets(at::tensor(distance, at::kLong), 32, 128, causal).item<std::int64_t>();
  };
  for (std::int64_t back = 0; back < 16; ++back) CHECK(bucket(-back, true) == back);
  // 16 + floor(16 * log(d / 16) / log(128 / 16))
  CHECK(bucket(-16, true) == 16);
  CHECK(bucket(-20, true) == 17);
  CHECK(bucket(-31, true) == 21);
  CHECK(bucket(-64, true) == 26);
  CHECK(bucket(-127, true) == 31);
  CHECK(bucket(-100000, true) == 31);
  CHECK(bucket(5, true) == 0);
  // Both ways each side has sixteen, of which eight are exact.
  for (std::int64_t back = 0; back < 8; ++back) CHECK(bucket(-back, false) == back);
  CHECK(bucket(-9, false) == 8);
  CHECK(bucket(-1000, false) == 15);
  CHECK(bucket(1, false) == 17);
  CHECK(bucket(7, false) == 23);
  CHECK(bucket(1000, false) == 31);
}

TEST_CASE("a bucket's number is added to the scores of its head", "[layers][position]") {
  PositionContext where = context;
  where.causal = true;
  const auto position = make({.kind = "t5_buckets", .buckets = 8, .max_distance = 20}, where);
  const Tensor weight = position->named_parameters()["weight"];
  const Tensor bias = position->bias(3, 2, 5);
  CHECK(bias.sizes() == at::IntArrayRef({2, 2, 5}));
  for (std::int64_t h = 0; h < 2; ++h) {
    for (std::int64_t t = 0; t < 2; ++t) {
      for (std::int64_t s = 0; s < 5; ++s) {
        const Tensor bucket = relative_buckets(at::tensor(s - (3 + t), at::kLong), 8, 20, true);
        CHECK(bias[h][t][s].item<double>() == weight[bucket.item<std::int64_t>()][h].item<double>());
      }
    }
  }
}
