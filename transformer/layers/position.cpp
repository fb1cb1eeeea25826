// Shapes: B batch, H heads, T positions, K width of a head, D model width.
#include "transformer/layers/position.h"

#include "transformer/core/shape.h"
#include "transformer/layers/relative_position.h"

#include <array>
#include <cmath>

namespace ablate {

Tensor Position::embed(const Tensor& x, std::int64_t, const Tensor&) { return x; }
Tensor Position::rotate(const Tensor& x, std::int64_t) { return x; }
Tensor Position::bias(std::int64_t, std::int64_t, std::int64_t) { return {}; }
Tensor Position::scores(const Tensor&, const Tensor&, std::int64_t) { return {}; }
Tensor Position::values(const Tensor&, std::int64_t) { return {}; }

namespace {

/// The table is made for the longest sequence seen so far, once per device and dtype.
class GrowingTable {
 public:
  template <class Make>
  const Tensor& rows(std::int64_t length, const at::TensorOptions& options, Make make) {
    if (options.device().is_meta()) {
      meta_ = make(length).to(options.device()).to(options.dtype());
      return meta_;
    }
    const bool other = table_.defined() && (table_.device() != options.device() || table_.dtype() != options.dtype());
    if (!table_.defined() || other || table_.size(-2) < length) {
      table_ = make(std::max<std::int64_t>(64, 2 * length)).to(options.device()).to(options.dtype());
    }
    return table_;
  }

 private:
  Tensor table_, meta_;
};

struct NoPosition final : Position {
  NoPosition(const PositionConfig&, const PositionContext&, const WeightInitialization&, ParameterFactory&) {}
};

struct Sinusoidal final : Position {
  Sinusoidal(const PositionConfig& config, const PositionContext&, const WeightInitialization&, ParameterFactory&)
      : base(config.base), halves(config.layout == "halves") {}
  Tensor embed(const Tensor& x, std::int64_t first, const Tensor&) override {
    const std::int64_t last = first + x.size(1);
    const Tensor& rows = table.rows(last, x.options(), [this, d = x.size(2)](std::int64_t length) {
      return sinusoidal_table(length, d, base, halves);
    });
    return x + rows.slice(0, first, last);
  }
  double base;
  bool halves;
  GrowingTable table;
};

/// One trained vector per position (Gehring et al. 2017; Vaswani et al. 2017, table 3 row E). The first `offset` of
/// them are nobody's: weights that were published with so many keep them.
struct Learned final : Position {
  Learned(const PositionConfig& config, const PositionContext& context, const WeightInitialization& init,
          ParameterFactory& factory)
      : offset(config.offset), counts_real(config.count == "real_tokens") {
    weight = factory.create(*this, "weight",
                            {offset + context.max_length, context.embedding_width.value_or(context.d_model)},
                            fill_weight(init));
  }
  Tensor embed(const Tensor& x, std::int64_t first, const Tensor& keys) override {
    const std::int64_t begin = offset + first, end = begin + x.size(1);
    TORCH_CHECK(end <= weight.size(0), "learned positions end at ", weight.size(0) - offset);
    if (!counts_real || !keys.defined()) return x + weight.slice(0, begin, end);
    TORCH_CHECK(first == 0, "real tokens are counted from the beginning of a row, not from its cell ", first);
    // What is padding has the vector in front of the first position, or, where there is none, that of the first one.
    const Tensor real_BT = keys.view({x.size(0), x.size(1)});
    const Tensor counted = real_BT.cumsum(1).mul(real_BT).add(offset - 1).clamp_min(0);
    return x + at::embedding(weight, counted);
  }
  std::int64_t offset;
  bool counts_real;
  Tensor weight;
};

/// Rotates pairs of a head's first `fraction * K` coordinates by pos / base^(2i / width), so that the score of a query
/// and a key depends on their distance alone (Su et al. 2021, eqs. (15) and (34)). The paper pairs neighbours
/// (`interleaved`); `half` pairs coordinate i with i + width / 2, as most published weights do.
struct Rotary final : Position {
  Rotary(const PositionConfig& config, const PositionContext& context, const WeightInitialization&, ParameterFactory&)
      : config(config),
        width(static_cast<std::int64_t>(std::llround(config.fraction * static_cast<double>(context.d_k)))),
        interleaved(config.pairing == "interleaved") {
    TORCH_CHECK(width >= 2 && width % 2 == 0, "rotary positions turn an even number of coordinates, not ", width);
  }

  Tensor rotate(const Tensor& x_BHTK, std::int64_t first) override {
    const std::int64_t last = first + x_BHTK.size(2);
    // In bf16 a score would depend on more than the distance, so that the angles are turned in 32 bits at least.
    const Tensor x = x_BHTK.to(at::promote_types(x_BHTK.scalar_type(), at::kFloat));
    const Tensor& both = table.rows(last, x.options(), [this](std::int64_t length) {
      // In double, because float loses the phase of late positions.
      const Tensor angle =
          at::outer(at::arange(length, at::kDouble), rotary_frequencies(width, config.base, config.scaling));
      return at::stack({angle.cos(), angle.sin()}) * rotary_magnitude(config.scaling);  // (2, length, width / 2)
    });
    const Tensor cos = both[0].slice(0, first, last);
    const Tensor sin = both[1].slice(0, first, last);
    const Tensor turning = x.slice(3, 0, width);
    Tensor turned;
    if (interleaved) {
      const Tensor even = turning.slice(3, 0, width, 2);
      const Tensor odd = turning.slice(3, 1, width, 2);
      turned = at::stack({even * cos - odd * sin, odd * cos + even * sin}, -1).flatten(3);
    } else {
      const Tensor low = turning.slice(3, 0, width / 2);
      const Tensor high = turning.slice(3, width / 2, width);
      turned = at::cat({low * cos - high * sin, high * cos + low * sin}, 3);
    }
    const Tensor all = width == x.size(3) ? turned : at::cat({turned, x.slice(3, width)}, 3);
    return all.to(x_BHTK.scalar_type());
  }

  PositionConfig config;
  std::int64_t width;
  bool interleaved;
  GrowingTable table;
};

/// Far keys count less, each head in its own measure; nothing is trained (Press et al. 2022, section 3). The paper's
/// models look back alone; where a model looks both ways, distance counts both ways.
struct Alibi final : Position {
  Alibi(const PositionConfig&, const PositionContext& context, const WeightInitialization&, ParameterFactory& factory)
      : slopes(alibi_slopes(context.heads)), options(factory.options()) {}

  Tensor bias(std::int64_t first, std::int64_t queries, std::int64_t keys) override {
    // All layers of a stack ask for the same one.
    if (known.defined() && known_first == first && known.size(1) == queries && known.size(2) == keys) return known;
    const Tensor query = at::arange(first, first + queries, at::kDouble).unsqueeze(1);
    const Tensor distance = (query - at::arange(keys, at::kDouble)).abs();
    known = (slopes.neg().view({-1, 1, 1}) * distance).to(options);  // (H, T, S)
    known_first = first;
    return known;
  }

  Tensor slopes, known;
  at::TensorOptions options;
  std::int64_t known_first = 0;
};

/// A trained number for every head and bucket of distances, added to the scores (Raffel et al. 2020, section 2.1).
struct Buckets final : Position {
  Buckets(const PositionConfig& config, const PositionContext& context, const WeightInitialization&,
          ParameterFactory& factory)
      : buckets(config.buckets),
        max_distance(config.max_distance),
        causal(context.causal),
        per_layer(config.per_layer.value_or(false)) {
    // As the authors' code starts them; those of embeddings are of another size.
    WeightInitialization init;
    init.kind = "normal";
    init.std = 1 / std::sqrt(static_cast<double>(context.d_model));
    weight = factory.create(*this, "weight", {buckets, context.heads}, fill_weight(init));
  }

  Tensor bias(std::int64_t first, std::int64_t queries, std::int64_t keys) override {
    const std::array<std::int64_t, 3> asked{first, queries, keys};
    // All layers of a stack ask for the same ones, and so do batches of one length.
    if (!known.defined() || asked != known_for || known.device() != weight.device()) {
      const Tensor query = at::arange(first, first + queries, at::kLong).unsqueeze(1);
      const Tensor distance = at::arange(keys, at::kLong) - query;
      known = relative_buckets(distance, buckets, max_distance, causal).to(weight.device());
      known_for = asked;
    }
    return at::embedding(weight, known).permute({2, 0, 1});  // (H, T, S)
  }
  bool is_per_layer() const override { return per_layer; }

  std::int64_t buckets, max_distance;
  bool causal, per_layer;
  Tensor weight, known;  ///< known: (T, S)
  std::array<std::int64_t, 3> known_for{};
};

template <class Kind>
std::shared_ptr<Position> make(const PositionConfig& config, const PositionContext& context,
                               const WeightInitialization& init, ParameterFactory& factory) {
  return std::make_shared<Kind>(config, context, init, factory);
}

constexpr config::Variant<MakePosition> position_rows[] = {
    {{"none", "the model sees a bag of tokens, but for the causal mask", "", ""}, make<NoPosition>},
    {{"sinusoidal", "sin and cos of pos / base^(2i / d_model), added to the embeddings",
      "Vaswani et al. 2017, section 3.5", "base layout"},
     make<Sinusoidal>},
    {{"learned", "one trained vector per position, added to the embeddings", "Gehring et al. 2017", "offset count"},
     make<Learned>},
    {{"rotary", "queries and keys turned by an angle that grows with the position", "Su et al. 2021, eq. (34)",
      "base fraction pairing scaling"},
     make<Rotary>},
    {{"alibi", "scores lowered by the distance times a slope of each head's own; nothing is trained",
      "Press et al. 2022, section 3", ""},
     make<Alibi>},
    {{"t5_buckets", "a trained number for every head and bucket of distances, added to the scores",
      "Raffel et al. 2020, section 2.1", "buckets max_distance per_layer"},
     make<Buckets>},
    {{"shaw", "trained vectors of distances, which queries meet beside keys, and which are summed beside values",
      "Shaw et al. 2018, section 3.2", "clip vectors per_layer per_head"},
     make_shaw},
    {{"transformer_xl", "queries meet sinusoids of distances beside keys, with a bias of each head for either",
      "Dai et al. 2019, section 3.3", "base layout per_layer"},
     make_transformer_xl},
};
constexpr config::VariantTable<MakePosition> positions{"position", position_rows};

struct Pairing {};
constexpr config::Variant<Pairing> pairing_rows[] = {
    {{"interleaved", "coordinates 2i and 2i + 1", "Su et al. 2021", ""}, {}},
    {{"half", "coordinates i and i + width / 2", "", ""}, {}},
};
constexpr config::VariantTable<Pairing> pairing_table{"pairing", pairing_rows};

struct SinusoidLayout {};
constexpr config::Variant<SinusoidLayout> sinusoid_rows[] = {
    {{"interleaved", "sine and cosine of a frequency are neighbours", "Vaswani et al. 2017, section 3.5", ""}, {}},
    {{"halves", "all sines, then all cosines", "", ""}, {}},
};
constexpr config::VariantTable<SinusoidLayout> sinusoid_layouts{"sinusoid layout", sinusoid_rows};

struct Counted {};
constexpr config::Variant<Counted> counted_rows[] = {
    {{"all", "the cells of a row, from its first one", "", ""}, {}},
    {{"real_tokens", "real tokens alone: the same where padding is on the right", "Zhang et al. 2022 (code)", ""}, {}},
};
constexpr config::VariantTable<Counted> counted_table{"position count", counted_rows};

}  // namespace

void PositionConfig::describe(config::Fields& f) {
  f.variant(kind, positions.choices(), "how the model knows where a token stands");
  f.field("base", base, "longest wavelength over 2 pi", config::positive);
  f.field("fraction", fraction, "part of each head that turns", config::Range{0, 1, true});
  f.choice("pairing", pairing, pairing_table.choices(), "which coordinates turn together");
  f.object("scaling", scaling, "frequencies for sequences longer than those trained on");
  f.choice("layout", layout, sinusoid_layouts.choices(), "where sines and cosines stand");
  f.field("offset", offset, "vectors in front of that of the first position, which nobody reads", config::not_negative);
  f.choice("count", count, counted_table.choices(), "what positions count");
  f.field("buckets", buckets, "number of buckets", config::Range{4, 1 << 16});
  f.field("max_distance", max_distance, "distance from which on all share the last bucket", config::at_least_one);
  f.field("per_layer", per_layer,
          "every layer learns its own (transformer_xl: biases of its own, as W_R always is); false: all share those of "
          "the stack; null: as the paper has it, true for shaw alone");
  f.field("clip", clip, "distance from which on all are one", config::at_least_one);
  f.choice("vectors", vectors, shaw_vectors_table().choices(), "where vectors of distances stand");
  f.field("per_head", per_head, "every head has vectors of its own; false: all heads share them");
  f.check(kind != "t5_buckets" || buckets % 4 == 0, "buckets",
          "must be a multiple of 4: half of them for each direction, half of those for single distances");
  f.check(kind != "t5_buckets" || max_distance > buckets / 2, "max_distance",
          "must be above half of the buckets, " + std::to_string(buckets / 2) + ": nearer distances have one each");
}

const config::VariantTable<MakePosition>& position_table() { return positions; }

std::shared_ptr<Position> make_position(const PositionConfig& config, const PositionContext& context,
                                        const WeightInitialization& init, ParameterFactory& factory) {
  return positions.at(config.kind)(config, context, init, factory);
}

Tensor alibi_slopes(std::int64_t heads) {
  std::int64_t power = 1;
  while (2 * power <= heads) power *= 2;
  const auto slopes = [](std::int64_t count, std::int64_t first, std::int64_t step) {
    return at::pow(2.0, -8.0 / static_cast<double>(count) * at::arange(first, count + 1, step, at::kDouble));
  };
  return at::cat({slopes(power, 1, 1), slopes(2 * power, 1, 2).slice(0, 0, heads - power)});
}

Tensor relative_buckets(const Tensor& distance, std::int64_t buckets, std::int64_t max_distance, bool causal) {
  const std::int64_t count = causal ? buckets : buckets / 2;
  const std::int64_t exact = count / 2;
  const Tensor length = causal ? distance.neg().clamp_min(0) : distance.abs();
  // In 32 bits, as the published weights were trained: a border may lie on a power.
  const Tensor steps = at::log(length.to(at::kFloat) / exact) /
                       std::log(static_cast<double>(max_distance) / static_cast<double>(exact)) * (count - exact);
  const Tensor far = (exact + steps.clamp_min(0).to(at::kLong)).clamp_max(count - 1);
  const Tensor bucket = at::where(length < exact, length, far);
  return causal ? bucket : bucket + distance.gt(0).to(at::kLong) * count;
}

Tensor sinusoidal_table(std::int64_t length, std::int64_t d, double base, bool halves) {
  return sinusoids(at::arange(length, at::kDouble), d, base, halves);
}

Tensor sinusoids(const Tensor& positions, std::int64_t d, double base, bool halves) {
  const Tensor angle = at::outer(positions, rotary_frequencies(d + d % 2, base, {}));
  if (halves) return at::cat({angle.sin(), angle.cos()}, 1).slice(1, 0, d);
  return at::stack({angle.sin(), angle.cos()}, -1).flatten(1).slice(1, 0, d);
}

}  // namespace ablate
