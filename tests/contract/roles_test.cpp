// Laws of each role by itself, over every row of its table: what the docstring of the abstract class
// promises.
#include <cctype>
#include <set>

#include "tests/contract/variations.h"
#include "tests/transformer/layers/attention_cases.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

constexpr at::ScalarType dtypes[] = {at::kFloat, at::kDouble};

/// Shape and dtype are kept, and each vector is treated by itself: alone it gives the same as in a batch.
template <class Module>
void check_vectors_alone(Module& module, std::int64_t width) {
  randomize(module, 2);
  const Tensor x = normal({2, 3, width}, 1);
  const Tensor y = module.forward(x);
  CHECK(y.sizes() == x.sizes());
  CHECK(y.scalar_type() == at::kDouble);
  CHECK_CLOSE(module.forward(x.slice(0, 1).slice(1, 2)), y.slice(0, 1).slice(1, 2), tolerance::same_in_double);
  module.to(at::kFloat);
  CHECK_CLOSE(module.forward(x.to(at::kFloat)), y, 1e-5);
}

}  // namespace

TEST_CASE("every norm treats each vector by itself", "[contract]") {
  for (const auto& row : norm_table().rows()) {
    INFO(row.info.name);
    ParameterFactory factory(at::kCPU, at::kDouble);
    check_vectors_alone(*row.value({.kind = std::string(row.info.name)}, 6, factory), 6);
  }
}

TEST_CASE("every feed-forward unit treats each position by itself", "[contract]") {
  for (const auto& row : feed_forward_table().rows()) {
    INFO(row.info.name);
    ParameterFactory factory(at::kCPU, at::kDouble);
    check_vectors_alone(*row.value({.kind = std::string(row.info.name), .d_ff = 5}, 6, {}, factory), 6);
  }
}

TEST_CASE("every attention maps (B, T, D) and (B, S, D) to (B, T, D)", "[contract]") {
  const AttentionMask no_mask;
  for (const auto& row : attention_table().rows()) {
    for (const at::ScalarType dtype : dtypes) {
      INFO(row.info.name);
      const auto attention =
          make_test_attention({.kind = std::string(row.info.name), .heads = 4, .d_k = 3, .d_v = 5}, dtype);
      const Tensor query = normal({2, 3, d_model}, 1, dtype);
      const Tensor memory = normal({2, 7, d_model}, 2, dtype);
      const Tensor y = attention->forward({.query_BTD = query, .memory_BSD = memory, .mask = no_mask});
      CHECK(y.sizes() == query.sizes());
      CHECK(y.scalar_type() == dtype);
    }
  }
}

TEST_CASE("every position encoding keeps shapes and dtypes, and goes on from any position", "[contract]") {
  for (const auto& row : position_table().rows()) {
    INFO(row.info.name);
    ParameterFactory factory(at::kCPU, at::kDouble);
    const PositionContext context{.d_model = 8, .d_k = 4, .heads = 2, .max_length = 32, .d_v = 3};
    const auto position = row.value(PositionConfig{.kind = std::string(row.info.name)}, context, {}, factory);
    randomize(*position, 3);
    const Tensor x = normal({2, 9, 8}, 1);
    const Tensor heads = normal({2, 2, 9, 4}, 2);
    CHECK(position->embed(x, 0).sizes() == x.sizes());
    CHECK(position->rotate(heads, 0).sizes() == heads.sizes());
    CHECK_CLOSE(position->embed(x.slice(1, 4), 4), position->embed(x, 0).slice(1, 4), tolerance::same_in_double);
    CHECK_CLOSE(position->rotate(heads.slice(2, 4), 4), position->rotate(heads, 0).slice(2, 4),
                tolerance::same_in_double);
    if (const Tensor bias = position->bias(0, 9, 9); bias.defined()) {
      CHECK((bias.size(0) == 1 || bias.size(0) == 2));
      CHECK(bias.sizes().slice(1) == at::IntArrayRef({9, 9}));
      CHECK_CLOSE(position->bias(4, 5, 9), bias.slice(1, 4), tolerance::same_in_double);
    }
    const Tensor weights = at::softmax(normal({2, 2, 9, 9}, 3), -1);
    const Tensor more = position->scores(heads, heads, 0), beside = position->values(weights, 0);
    CHECK((more.defined() || beside.defined()) == position->reads_queries());
    if (more.defined()) {
      CHECK(more.expand({2, 2, 9, 9}).sizes() == weights.sizes());
      CHECK_CLOSE(position->scores(heads.slice(2, 4), heads, 4), more.slice(2, 4), tolerance::same_in_double);
    }
    if (beside.defined()) {
      CHECK(beside.sizes() == at::IntArrayRef({2, 2, 9, 3}));
      CHECK_CLOSE(position->values(weights.slice(2, 4), 4), beside.slice(2, 4), tolerance::same_in_double);
    }
    position->to(at::kFloat);
    CHECK(position->embed(x.to(at::kFloat), 0).scalar_type() == at::kFloat);
    CHECK(position->rotate(heads.to(at::kFloat), 0).scalar_type() == at::kFloat);
  }
}

TEST_CASE("every wiring keeps the shape of the stream and passes the sub-layer's gradient", "[contract]") {
  for (const auto& row : residual_table().rows()) {
    INFO(row.info.name);
    ParameterFactory factory(at::kCPU, at::kDouble);
    Residual residual({std::string(row.info.name)}, {}, 0, 6, /*is_first=*/true, factory);
    randomize(residual, 1);
    const Tensor x = normal({2, 3, 6}, 1).requires_grad_();
    const Tensor weight = normal({6, 6}, 2).requires_grad_();
    const auto sub_layer = [&](const Tensor& z) { return at::matmul(z, weight); };
    const Tensor y = wire(x, {{residual, sub_layer}});
    CHECK(y.sizes() == x.sizes());
    weighted_sum(y).backward();
    for (const Tensor& gradient : {x.grad(), weight.grad()}) {
      CHECK(gradient.isfinite().all().item<bool>());
      CHECK(gradient.abs().max().item<double>() > 0);
    }
  }
}

TEST_CASE("every initialisation fills every element, finite, from its generator alone", "[contract]") {
  const auto check = [](auto fill) {
    const auto values = [&](std::uint64_t seed, at::IntArrayRef shape) {
      at::Generator generator = at::detail::createCPUGenerator(seed);
      Tensor tensor = at::full(shape, NAN);
      fill(tensor, generator);
      return tensor;
    };
    const std::vector<std::int64_t> shape{7, 9};
    CHECK(values(1, shape).isfinite().all().template item<bool>());
    CHECK(values(1, shape).equal(values(1, shape)));
    at::manual_seed(1);
    const Tensor undisturbed = at::rand({3});
    at::manual_seed(1);
    values(1, shape);
    CHECK(at::rand({3}).equal(undisturbed));
  };
  for (const auto& row : initialization_table().rows()) {
    INFO(row.info.name);
    check(fill_weight({.kind = std::string(row.info.name)}));
  }
  for (const auto& row : bias_initialization_table().rows()) {
    INFO(row.info.name);
    check(fill_bias({.bias = std::string(row.info.name)}, 9));
  }
}

TEST_CASE("every embedding scale is a positive factor", "[contract]") {
  for (const auto& row : embedding_scale_table().rows()) {
    INFO(row.info.name);
    CHECK(row.value(512) > 0);
    CHECK(std::isfinite(row.value(512)));
  }
}

TEST_CASE("every row of every table can be told: a name, a doc, no name twice", "[contract]") {
  for (const ChoiceFinder::Found& key : ChoiceFinder::find()) {
    INFO(key.path);
    CHECK_FALSE(key.choices.axis().empty());
    std::set<std::string> names;
    for (std::size_t i = 0; i < key.choices.size(); ++i) {
      const config::VariantInfo& row = key.choices[i];
      INFO(row.name);
      CHECK(names.insert(std::string(row.name)).second);
      CHECK_FALSE(row.doc.empty());
      CHECK_FALSE(row.name.empty());
      CHECK(std::all_of(row.name.begin(), row.name.end(),
                        [](unsigned char c) { return std::islower(c) || std::isdigit(c) || c == '_'; }));
      CHECK(row.doc.find('\n') == std::string_view::npos);
    }
  }
}
