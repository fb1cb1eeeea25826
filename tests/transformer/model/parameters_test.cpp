// What the model has of parameters: their number, as papers print it, and their names and shapes, which
// checkpoints rely on.
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "tests/catch.h"
#include "tests/transformer/model/configs.h"

using namespace ablate;
using testing::read_model;

namespace {

std::shared_ptr<Transformer> on_meta(const ModelConfig& config, const VocabularyInfo& vocabulary) {
  return make_transformer(config, vocabulary, at::kMeta, 1);
}

std::int64_t count(const std::string& model, std::int64_t vocabulary) {
  return count_parameters(*on_meta(read_model(model), {vocabulary, vocabulary, 0}));
}

/// Millions at the joint vocabulary with which the counts of Vaswani et al. 2017, table 3 come out.
std::int64_t table_3(const std::string& model) { return std::llround(static_cast<double>(count(model, 41000)) / 1e6); }

}  // namespace

TEST_CASE("parameter counts are those of Vaswani et al. 2017, table 3", "[model][parameters]") {
  CHECK(table_3("{}") == 65);
  CHECK(table_3(R"({"attention.d_k": 16})") == 58);
  CHECK(table_3(R"({"attention.d_k": 32})") == 60);
  CHECK(table_3(R"({"encoder.layers": 2, "decoder.layers": 2})") == 36);
  CHECK(table_3(R"({"encoder.layers": 4, "decoder.layers": 4})") == 50);
  CHECK(table_3(R"({"encoder.layers": 8, "decoder.layers": 8})") == 80);
  CHECK(table_3(R"({"d_model": 256, "attention": {"d_k": 32, "d_v": 32}})") == 28);
  CHECK(table_3(R"({"d_model": 1024, "attention": {"d_k": 128, "d_v": 128}})") == 168);
  CHECK(table_3(R"({"feed_forward.d_ff": 1024})") == 53);
  CHECK(table_3(R"({"feed_forward.d_ff": 4096})") == 90);
}

TEST_CASE("the number of heads does not change the count, nor does dropout", "[model][parameters]") {
  for (const int heads : {1, 4, 16, 32}) {
    INFO(heads << " heads");
    // Only the widths matter: heads * d_k stays d_model.
    CHECK(count(R"({"attention.heads": )" + std::to_string(heads) + "}", 41000) == count("{}", 41000));
  }
  CHECK(count(R"({"dropout": 0.2})", 41000) == count("{}", 41000));
}

TEST_CASE("the big model has 218 million parameters at the vocabulary that fits the others", "[model][parameters]") {
  // The paper prints 213: no joint vocabulary near 41,000 gives both its base and its big row.
  const char* big = R"({"d_model": 1024, "feed_forward.d_ff": 4096, "attention.heads": 16})";
  CHECK(table_3(big) == 218);
  CHECK(std::llround(static_cast<double>(count(big, 37000)) / 1e6) == 214);
}

TEST_CASE("the vocabulary of 37,000 of the paper's text gives a smaller base model than its table",
          "[model][parameters]") {
  CHECK(std::llround(static_cast<double>(count("{}", 37000)) / 1e6) == 63);
}

namespace {

/// Millions of the T5-base shape of Narang et al. 2021, table 1, with learned positions left out.
double table_1(const std::string& settings) {
  const std::string base = R"({"d_model": 768, "norm": {"kind": "rms_norm"}, "residual.kind": "pre_norm",
      "attention": {"heads": 12, "bias": false}, "feed_forward": {"d_ff": 3072, "bias": false},
      "encoder.layers": 12, "decoder.layers": 12})";
  const auto model = on_meta(read_model(settings, base), {32128, 32128, 0});
  return static_cast<double>(count_parameters(*model)) / 1e6;
}

}  // namespace

TEST_CASE("shared and factorised parameters are those that Narang et al. 2021, table 1 counts", "[model][parameters]") {
  const auto is = [](double published) { return Approx(published).margin(1); };
  CHECK(table_1("{}") == is(223));
  // The rows with shared blocks have an output layer of its own.
  const std::string shared = R"("sharing": "all", "embedding.tying": ")";
  CHECK(table_1("{" + shared + "source_target\"}") == is(65));
  CHECK(table_1("{" + shared + R"(source_target", "embedding.factorization.kind": "words"})") == is(45));
  CHECK(table_1("{" + shared + R"(all", "embedding.factorization.kind": "words"})") == is(20));
  CHECK(table_1(R"({"encoder.sharing": "all", "embedding.tying": "source_target"})") == is(170));
  CHECK(table_1(R"({"decoder.sharing": "all", "embedding.tying": "source_target"})") == is(144));
  CHECK(table_1(R"({"embedding": {"tying": "source_target", "factorization.kind": "words"}})") == is(227));
  CHECK(table_1(R"({"embedding.factorization.kind": "words"})") == is(202));
  // 32 experts in one layer of four: the published counts fit no other number of layers. Two experts of a token have
  // half of the width each.
  CHECK(table_1(R"({"feed_forward.experts": {"kind": "top_k_softmax", "number": 32, "d_ff": 1536, "every": 4}})") ==
        is(648));
  CHECK(table_1(R"({"feed_forward.experts": {"kind": "softmax_top_k", "number": 32, "per_token": 1, "every": 4}})") ==
        is(1100));
}

TEST_CASE("Mixtral 8x7B has the parameters that it is published with", "[model][parameters]") {
  const char* const mixtral = R"({"family": "decoder", "d_model": 4096, "norm.kind": "rms_norm",
      "residual.kind": "pre_norm",
      "attention": {"kind": "grouped_query", "heads": 32, "key_value_heads": 8, "bias": false},
      "feed_forward": {"kind": "swiglu", "d_ff": 14336, "bias": false,
                       "experts": {"kind": "top_k_softmax", "number": 8, "per_token": 2}},
      "position.kind": "rotary", "embedding": {"tying": "none", "scale": "one"}, "decoder.layers": 32})";
  CHECK(count(mixtral, 32000) == 46702792704);
}

TEST_CASE("a small translation model has the parameters that a peer counts", "[model][parameters]") {
  CHECK(count(R"({"d_model": 128, "attention.heads": 4, "feed_forward.d_ff": 256, "encoder.layers": 4,
                  "decoder.layers": 4})",
              10001) == 2605184);
}

TEST_CASE("a gated unit at two thirds of d_ff has the count of a plain one", "[model][parameters]") {
  const std::string plain = R"({"feed_forward": {"kind": "relu", "d_ff": 768, "bias": false}})";
  const std::string gated = R"({"feed_forward": {"kind": "swiglu", "d_ff": 512, "bias": false}})";
  CHECK(count(plain, 1000) == count(gated, 1000));
}

namespace {

using Tree = std::map<std::string, std::string>;

Tree parameter_tree(const torch::nn::Module& model) {
  Tree tree;
  for (const auto& item : model.named_parameters()) {
    std::ostringstream shape;
    shape << item.value().sizes();
    tree[item.key()] = shape.str();
  }
  return tree;
}

std::string golden_path(const std::string& preset) {
  return std::string(ABLATE_SOURCE_DIR) + "/tests/golden/parameters_" + preset + ".json";
}

Tree read_tree(const std::string& path) {
  std::ifstream file(path);
  if (!file) return {};
  return Json::parse(file).get<Tree>();
}

/// The lines of a diff: what the file has (-) and what the model has (+).
std::string difference(const Tree& golden, const Tree& actual) {
  std::ostringstream text;
  for (const auto& [name, shape] : golden) {
    const auto found = actual.find(name);
    if (found == actual.end() || found->second != shape) text << "- " << name << " " << shape << "\n";
    if (found != actual.end() && found->second != shape) text << "+ " << name << " " << found->second << "\n";
  }
  for (const auto& [name, shape] : actual) {
    if (!golden.contains(name)) text << "+ " << name << " " << shape << "\n";
  }
  return text.str();
}

/// Fails with a diff unless the model has the names and shapes of tests/golden/parameters_<preset>.json. With
/// ABLATE_WRITE_GOLDEN=1 in the environment it writes that file: a change that breaks every saved checkpoint.
void check_tree(const std::string& preset, const torch::nn::Module& model) {
  const std::string path = golden_path(preset);
  const Tree actual = parameter_tree(model);
  if (const char* write = std::getenv("ABLATE_WRITE_GOLDEN"); write != nullptr && std::string(write) == "1") {
    std::ofstream(path) << Json(actual).dump(1) << "\n";
  }
  const Tree golden = read_tree(path);
  INFO(path << " (-) and the model (+) differ:\n" << difference(golden, actual));
  CHECK(golden == actual);
}

}  // namespace

TEST_CASE("a changed tree is told as a diff", "[model][parameters]") {
  CHECK(difference({{"a", "[1]"}, {"b", "[2]"}, {"c", "[3]"}}, {{"a", "[1]"}, {"b", "[4]"}, {"d", "[5]"}}) ==
        "- b [2]\n+ b [4]\n- c [3]\n+ d [5]\n");
  CHECK(difference({{"a", "[1]"}}, {{"a", "[1]"}}).empty());
}

TEST_CASE("names and shapes of the parameters stay as they are", "[model][parameters]") {
  SECTION("the base model of 2017") { check_tree("vaswani2017_base", *on_meta(read_model("{}"), {41000, 41000, 0})); }
  SECTION("pre-norm, RMS norm, SwiGLU, rotary, grouped queries, untied") {
    check_tree("modern", *on_meta(read_model(R"({"d_model": 64, "norm.kind": "rms_norm", "residual.kind": "pre_norm",
        "feed_forward": {"kind": "swiglu", "d_ff": 96, "bias": false}, "position.kind": "rotary",
        "attention": {"kind": "grouped_query", "heads": 4, "key_value_heads": 2, "bias": false},
        "embedding": {"tying": "none", "output_bias": true}, "encoder.layers": 2, "decoder.layers": 2})"),
                                  {1000, 1200, 0}));
  }
  SECTION("sandwich, learned positions, multi-query cross-attention, two stacks that differ") {
    check_tree("mixed", *on_meta(read_model(R"({"d_model": 64, "max_length": 100, "residual.kind": "sandwich",
        "position.kind": "learned", "attention": {"heads": 4, "d_k": 8, "d_v": 24}, "feed_forward.d_ff": 128,
        "embedding.tying": "target_output", "encoder": {"layers": 2, "residual.kind": "post_norm"},
        "decoder": {"layers": 1, "norm.bias": false, "cross_attention": {"kind": "multi_query"}}})"),
                                 {1000, 1200, 0}));
  }
}
