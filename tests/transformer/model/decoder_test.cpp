#include "transformer/model/decoder.h"

#include "tests/transformer/model/configs.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

constexpr std::int64_t pad = tiny_vocabulary.pad;
const Tensor source = tokens({{5, 6, 7, 8, 2}, {9, 10, 2, pad, pad}});
const Tensor target = tokens({{3, 4, 5, 6, 7, 8, 9}, {3, 9, 10, 11, 12, 5, 6}});

const std::vector<std::string> mixes{
    "{}",
    R"({"residual.kind": "pre_norm", "position.kind": "rotary", "attention.kind": "grouped_query"})",
    R"({"residual.kind": "sandwich", "position.kind": "learned",
        "attention": {"kind": "multi_query", "d_v": 5}})",
};

/// Decodes in pieces that end at the given positions.
Tensor in_pieces(Transformer& model, const Memory& memory, const std::vector<std::int64_t>& ends, DecoderCache& cache) {
  std::vector<Tensor> pieces;
  for (const std::int64_t end : ends) {
    pieces.push_back(model.decode(target.slice(1, cache.length, end), memory, &cache));
    REQUIRE(cache.length == end);
  }
  return at::cat(pieces, 1);
}

}  // namespace

TEST_CASE("decoding in pieces with a cache equals decoding at once", "[model][decoder]") {
  for (const std::string& mix : mixes) {
    INFO(mix);
    const auto model = make_tiny(tiny(mix));
    const Memory memory = model->encode(source);
    const Tensor whole = model->decode(target, memory);
    for (const std::vector<std::int64_t>& ends :
         {std::vector<std::int64_t>{7}, {1, 2, 3, 4, 5, 6, 7}, {3, 7}, {1, 5, 6, 7}}) {
      INFO(ends.size() << " pieces");
      DecoderCache cache;
      CHECK_CLOSE(in_pieces(*model, memory, ends, cache), whole, tolerance::same_in_double);
    }
  }
}

TEST_CASE("a cache keeps, repeats and reorders hypotheses", "[model][decoder]") {
  for (const std::string& mix : mixes) {
    INFO(mix);
    const auto model = make_tiny(tiny(mix));
    const Memory memory = model->encode(source);
    DecoderCache cache;
    in_pieces(*model, memory, {3}, cache);
    const Tensor index = at::tensor(std::vector<std::int64_t>{1, 0, 1}, at::kLong);
    cache.select(index);
    const Memory chosen{memory.states.index_select(0, index), {memory.mask.keys.index_select(0, index)}};
    const Tensor rows = target.index_select(0, index);
    CHECK_CLOSE(model->decode(rows.slice(1, 3), chosen, &cache), model->decode(rows, chosen).slice(1, 3),
                tolerance::same_in_double);
  }
}

TEST_CASE("hypotheses of one sentence change places without touching its memory", "[model][decoder]") {
  const auto model = make_tiny(tiny());
  const Tensor index = at::tensor(std::vector<std::int64_t>{1, 0}, at::kLong);
  const Memory memory = model->encode(tokens({{5, 6, 2}, {5, 6, 2}}));  // two hypotheses of one source
  DecoderCache cache;
  in_pieces(*model, memory, {3}, cache);
  const Tensor before = cache.layers[0].cross_attention.key_BGSK;
  cache.select_within_sentences(index);
  CHECK(cache.layers[0].cross_attention.key_BGSK.is_same(before));
  const Tensor rows = target.index_select(0, index);
  CHECK_CLOSE(model->decode(rows.slice(1, 3), memory, &cache), model->decode(rows, memory).slice(1, 3),
              tolerance::same_in_double);
}

TEST_CASE("without positions the decoder still knows order, by its mask", "[model][decoder]") {
  const auto model = make_tiny(tiny(R"({"position.kind": "none"})"));
  const Memory memory = model->encode(source);
  const Tensor swapped = target.index_select(1, at::tensor(std::vector<std::int64_t>{0, 2, 1, 3, 4, 5, 6}, at::kLong));
  const Tensor expected = model->decode(target, memory);
  const Tensor actual = model->decode(swapped, memory);
  // In one layer a later position would see a set; the second layer sees what each position had seen.
  CHECK(distance(actual.select(1, 6), expected.select(1, 6)) > 1e-6);
}
