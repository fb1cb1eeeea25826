// Positions that meet queries, inside of attention, against the papers' formulas pair by pair.
#include "transformer/layers/relative_position.h"

#include <cmath>
#include <map>

#include "tests/transformer/layers/attention_cases.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

constexpr std::int64_t heads = 4, d_k = 3, d_v = 5;
const Tensor seen_by_all;

struct Setting {
  PositionConfig position;
  bool causal;
  std::string kind = "scaled_dot_product";
};

std::shared_ptr<Position> random_position(const PositionConfig& config, bool causal,
                                          at::ScalarType dtype = at::kDouble) {
  ParameterFactory factory(at::kCPU, dtype);
  const PositionContext context{
      .d_model = d_model, .d_k = d_k, .heads = heads, .max_length = 8, .causal = causal, .d_v = d_v};
  std::shared_ptr<Position> position = make_position(config, context, {}, factory);
  randomize(*position, 11);
  return position;
}

std::shared_ptr<Attention> random_attention(const std::string& kind, at::ScalarType dtype = at::kDouble) {
  return make_test_attention({.kind = kind, .heads = heads, .key_value_heads = 2, .d_k = d_k, .d_v = d_v}, dtype);
}

/// a_{d} of Shaw et al. for query i and key j and a head.
Tensor shaw_vector(const Tensor& vectors, const PositionConfig& config, bool causal, std::int64_t head, std::int64_t i,
                   std::int64_t j) {
  const std::int64_t count = (causal ? 1 : 2) * config.clip + 1;
  const std::int64_t place = std::max(-config.clip, std::min(config.clip, j - i)) + config.clip;
  return vectors[(config.per_head ? head * count : 0) + place];
}

/// R_{distance} of Dai et al.: sines and cosines of one frequency are neighbours.
Tensor distance_sinusoid(std::int64_t distance) {
  std::vector<double> all;
  for (std::int64_t c = 0; c < d_model; c += 2) {
    const double angle = static_cast<double>(distance) * std::pow(10000.0, -static_cast<double>(c) / d_model);
    all.push_back(std::sin(angle));
    all.push_back(std::cos(angle));
  }
  return at::tensor(all, at::kDouble);
}

/// One sentence x (T, D): score after score, sum after sum.
Tensor by_pairs(Attention& attention, Position& position, const Setting& s, const Tensor& x) {
  const auto weights = attention.named_parameters();
  const auto own = position.named_parameters();
  const auto project = [&](const char* name) {
    return at::matmul(x, weights[std::string(name) + ".weight"].t()) + weights[std::string(name) + ".bias"];
  };
  const Tensor q = project("query"), k = project("key"), v = project("value");
  const std::int64_t length = x.size(0), groups = k.size(1) / d_k;
  std::vector<Tensor> rows;
  for (std::int64_t i = 0; i < length; ++i) {
    std::vector<Tensor> of_heads;
    for (std::int64_t h = 0; h < heads; ++h) {
      const std::int64_t group = h * groups / heads;
      const auto part = [](const Tensor& y, std::int64_t row, std::int64_t head, std::int64_t width) {
        return y[row].slice(0, head * width, (head + 1) * width);
      };
      const auto head_of = [&](const Tensor& y, std::int64_t width) { return y.slice(0, h * width, (h + 1) * width); };
      std::vector<Tensor> scores, values;
      for (std::int64_t j = 0; j < (s.causal ? i + 1 : length); ++j) {
        const Tensor query = part(q, i, h, d_k), key = part(k, j, group, d_k);
        Tensor score = at::dot(query, key), value = part(v, j, group, d_v);
        if (s.position.kind == "shaw") {
          if (const Tensor* a = own.find("keys"))
            score = score + at::dot(query, shaw_vector(*a, s.position, s.causal, h, i, j));
          if (const Tensor* a = own.find("values")) value = value + shaw_vector(*a, s.position, s.causal, h, i, j);
        } else {
          const Tensor far = head_of(at::mv(own["relative.weight"], distance_sinusoid(i - j)), d_k);
          score = score + at::dot(query, far) + at::dot(head_of(own["content_bias"], d_k), key) +
                  at::dot(head_of(own["distance_bias"], d_k), far);
        }
        scores.push_back(score / std::sqrt(static_cast<double>(d_k)));
        values.push_back(value);
      }
      const Tensor exponentials = at::stack(scores).exp();
      of_heads.push_back(at::matmul(exponentials / exponentials.sum(), at::stack(values)));
    }
    rows.push_back(at::cat(of_heads));
  }
  return at::matmul(at::stack(rows), weights["output.weight"].t()) + weights["output.bias"];
}

Tensor attend(Attention& attention, Position& position, bool causal, const Tensor& x, AttentionCache* cache = nullptr) {
  const AttentionMask mask{seen_by_all, causal};
  return attention.forward({.query_BTD = x, .memory_BSD = x, .mask = mask, .position = &position, .cache = cache});
}

std::vector<Setting> settings() {
  std::vector<Setting> all;
  for (const bool causal : {false, true}) {
    for (const std::string& vectors : shaw_vectors_table().choices().names()) {
      for (const bool per_head : {false, true}) {
        all.push_back({{.kind = "shaw", .clip = 2, .vectors = vectors, .per_head = per_head}, causal});
      }
    }
    all.push_back({{.kind = "transformer_xl"}, causal});
    for (const char* kind : {"multi_query", "grouped_query"}) {
      all.push_back({{.kind = "shaw", .clip = 3}, causal, kind});
      all.push_back({{.kind = "transformer_xl"}, causal, kind});
    }
  }
  return all;
}

std::string text(const Setting& s) {
  return s.position.kind + " " + s.position.vectors + (s.position.per_head ? " per head" : "") +
         (s.causal ? " causal " : " both ways ") + s.kind;
}

}  // namespace

TEST_CASE("Shaw's and Transformer-XL's positions are the papers' sums, values and gradients", "[layers][position]") {
  for (const Setting& s : settings()) {
    INFO(text(s));
    const auto attention = random_attention(s.kind);
    const auto position = random_position(s.position, s.causal);
    const Tensor x = normal({7, d_model}, 1), y = x.clone();
    x.requires_grad_();
    y.requires_grad_();
    const Tensor actual = attend(*attention, *position, s.causal, x.unsqueeze(0))[0];
    const Tensor expected = by_pairs(*attention, *position, s, y);
    CHECK_CLOSE(actual, expected, tolerance::same_in_double);
    // One loss gives the gradients of both modules.
    const auto both = [&](const Tensor& z) {
      position->zero_grad();
      auto all = gradients(*attention, weighted_sum(z));
      for (const auto& item : position->named_parameters()) all.emplace_back(item.key(), item.value().grad().clone());
      return all;
    };
    const auto found = both(actual), wanted = both(expected);
    CHECK_CLOSE(x.grad(), y.grad(), 1e-11);
    for (std::size_t i = 0; i < found.size(); ++i) {
      INFO(found[i].first);
      CHECK_CLOSE(found[i].second, wanted[i].second, 1e-11);
    }
  }
}

TEST_CASE("Shaw's and Transformer-XL's positions go on with a cache, in pieces of any length", "[layers][position]") {
  for (const Setting& s : settings()) {
    if (!s.causal) continue;
    INFO(text(s));
    const auto attention = random_attention(s.kind);
    const auto position = random_position(s.position, true);
    const Tensor x = normal({2, 9, d_model}, 1);
    const Tensor whole = attend(*attention, *position, true, x);
    AttentionCache cache;
    std::vector<Tensor> pieces;
    for (const auto& [first, last] : {std::pair{0, 1}, std::pair{1, 4}, std::pair{4, 5}, std::pair{5, 9}}) {
      pieces.push_back(attend(*attention, *position, true, x.slice(1, first, last), &cache));
    }
    CHECK_CLOSE(at::cat(pieces, 1), whole, tolerance::same_in_double);
  }
}

TEST_CASE("Shaw's and Transformer-XL's positions know distances alone, at any length", "[layers][position]") {
  // The context's max_length is 8: neither cares.
  for (const char* kind : {"shaw", "transformer_xl"}) {
    INFO(kind);
    const auto position = random_position({.kind = kind, .clip = 4}, false);
    const Tensor q = normal({1, heads, 1, d_k}, 1).expand({1, heads, 40, d_k});
    const Tensor k = normal({1, heads, 1, d_k}, 2).expand({1, heads, 40, d_k});
    const Tensor scores = position->scores(q, k, 0).expand({1, heads, 40, 40});
    CHECK_CLOSE(scores.slice(2, 1).slice(3, 1), scores.slice(2, 0, 39).slice(3, 0, 39), tolerance::same_in_double);
    CHECK(distance(scores.select(3, 0).slice(2, 0, 4), scores.select(3, 0).slice(2, 1, 5)) > 1e-3);
  }
}

TEST_CASE("distances beyond Shaw's clip are one", "[layers][position]") {
  const auto position = random_position({.kind = "shaw", .clip = 2}, false);
  const Tensor q = normal({1, heads, 9, d_k}, 1);
  const Tensor scores = position->scores(q, q, 0);
  for (std::int64_t i = 4; i < 9; ++i)
    CHECK(scores.select(2, i).select(2, 0).equal(scores.select(2, i).select(2, i - 2)));
  CHECK(position->named_parameters()["keys"].sizes() == at::IntArrayRef({5, d_k}));
  CHECK(position->named_parameters()["values"].sizes() == at::IntArrayRef({5, d_v}));
  const auto backwards = random_position({.kind = "shaw", .clip = 2, .per_head = true}, true);
  CHECK(backwards->named_parameters()["keys"].sizes() == at::IntArrayRef({heads * 3, d_k}));
}

TEST_CASE("a later layer's Transformer-XL has the first one's biases unless told otherwise", "[layers][position]") {
  const auto names = [](std::optional<bool> per_layer) {
    ParameterFactory factory(at::kCPU);
    PositionContext context{.d_model = 8, .d_k = 2, .heads = 4, .max_length = 8};
    const PositionConfig config{.kind = "transformer_xl", .per_layer = per_layer};
    const auto first = make_position(config, context, {}, factory);
    context.first = first.get();
    const auto later = make_position(config, context, {}, factory);
    CHECK(first->named_parameters().size() == 3);
    return later->named_parameters().keys();
  };
  CHECK(names({}) == std::vector<std::string>{"relative.weight"});
  CHECK(names(false) == std::vector<std::string>{"relative.weight"});
  CHECK(names(true) == std::vector<std::string>{"content_bias", "distance_bias", "relative.weight"});
}

TEST_CASE("columns of distances become columns of keys", "[layers][position]") {
  const Tensor x = at::arange(2 * 3 * 6, at::kDouble).view({2, 3, 6});
  const Tensor y = columns_of_keys(x, 4);
  REQUIRE(y.sizes() == at::IntArrayRef({2, 3, 4}));
  for (std::int64_t b = 0; b < 2; ++b) {
    for (std::int64_t t = 0; t < 3; ++t) {
      CHECK(y[b][t].equal(x[b][t].slice(0, 2 - t, 6 - t)));
    }
  }
  CHECK(columns_of_keys(x.slice(1, 0, 1), 6).equal(x.slice(1, 0, 1)));
}
