// Layers that share parameters: the same network as without, with as many equal copies.
#include "experiments/lab/module_tree.h"
#include "tests/transformer/model/configs.h"
#include "transformer/training/checkpoint.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

const Tensor source_words = tokens({{5, 6, 7, 8, 2}, {9, 10, 2, 1, 1}});
const Tensor target_words = tokens({{3, 4, 5, 6}, {3, 9, 10, 11}});

Tensor scores_of(Transformer& model) {
  const Memory memory = model.has_encoder() ? model.encode(source_words) : Memory{};
  return model.logits(model.decode(target_words, memory));
}

/// The name of the parameter that stands for `name` of a model without sharing.
std::string name_with_sharing(std::string name, const std::string& sharing) {
  const std::size_t layers = name.find("layers.");
  if (layers == std::string::npos) return name;
  const std::string part = name.substr(layers + 9);  // behind layers.<i>.
  const bool is_shared =
      sharing == "all" ||
      (sharing == "attention" && (part.starts_with("self_attention.") || part.starts_with("cross_attention.") ||
                                  part.starts_with("position."))) ||
      (sharing == "feed_forward" && part.starts_with("feed_forward."));
  if (!is_shared) return name;
  if (part.starts_with("position.")) return name.substr(0, layers) + part;
  return name.replace(layers, 8, "layers.0");
}

std::string with(const std::string& sharing, const std::string& more) {
  return R"({"sharing": ")" + sharing + "\"" + more + "}";
}

}  // namespace

TEST_CASE("shared layers are equal layers, and their gradient the sum of all", "[model][sharing]") {
  for (const char* more : {"", R"(, "family": "decoder")", R"(, "position.kind": "shaw", "position.clip": 2)",
                           R"(, "feed_forward.experts": {"kind": "top_k_softmax", "number": 3})"}) {
    for (const std::string& sharing : sharing_table().choices().names()) {
      INFO(sharing << more);
      const auto shared = make_tiny(tiny(with(sharing, more)));
      const auto copies = make_tiny(tiny(with("none", more)));
      for (const auto& item : copies->named_parameters()) {
        const std::string name = name_with_sharing(item.key(), sharing);
        INFO(item.key() << " is " << name);
        REQUIRE(shared->named_parameters().contains(name));
        set_parameter(*copies, item.key(), shared->named_parameters()[name]);
      }
      const Tensor expected = scores_of(*copies), actual = scores_of(*shared);
      CHECK_CLOSE(actual, expected, tolerance::same_in_double);
      NamedTensors sums;
      for (const auto& [name, gradient] : gradients(*copies, weighted_sum(expected))) {
        Tensor& sum = sums[name_with_sharing(name, sharing)];
        sum = sum.defined() ? sum + gradient : gradient;
      }
      const auto found = gradients(*shared, weighted_sum(actual));
      CHECK(found.size() == sums.size());
      for (const auto& [name, gradient] : found) {
        INFO(name);
        CHECK_CLOSE(gradient, sums.at(name), 1e-11);
      }
    }
  }
}

TEST_CASE("a stack may share where the other does not", "[model][sharing]") {
  const auto names = [](const std::string& settings) {
    std::size_t encoder = 0, decoder = 0;
    const auto model = make_tiny(tiny(settings));
    for (const std::string& name : model->named_parameters().keys()) {
      encoder += name.starts_with("encoder.layers.1.");
      decoder += name.starts_with("decoder.layers.1.");
    }
    return std::pair{encoder > 0, decoder > 0};
  };
  CHECK(names("{}") == std::pair{true, true});
  CHECK(names(R"({"sharing": "all"})") == std::pair{false, false});
  CHECK(names(R"({"encoder.sharing": "all"})") == std::pair{false, true});
  CHECK(names(R"({"decoder.sharing": "all"})") == std::pair{true, false});
  CHECK(names(R"({"sharing": "all", "decoder.sharing": "none"})") == std::pair{false, true});
}

TEST_CASE("what is shared counts once, is saved once, and is seen to be shared", "[model][sharing]") {
  const auto one = make_tiny(tiny(R"({"encoder.layers": 1, "decoder.layers": 1})"));
  const auto six = make_tiny(tiny(R"({"encoder.layers": 6, "decoder.layers": 6, "sharing": "all"})"));
  CHECK(count_parameters(*six) == count_parameters(*one));
  CHECK(weights_of(*six).size() == weights_of(*one).size());
  CHECK_FALSE(scores_of(*six).equal(scores_of(*one)));
  const std::string tree = lab::module_tree(*six, "model");
  INFO(tree);
  CHECK(tree.find("one for all 6 layers") != std::string::npos);
  CHECK(lab::module_tree(*one, "model").find("one for all") == std::string::npos);
}

TEST_CASE("shared layers leave no layer without the experts that it is to have", "[model][sharing]") {
  const char* const experts = R"("feed_forward.experts": {"kind": "top_k_softmax", "every": 2})";
  CHECK_THROWS_MENTION(tiny("{" + std::string(experts) + R"(, "sharing": "all"})"), "feed_forward.experts.every");
  CHECK_THROWS_MENTION(tiny("{" + std::string(experts) + R"(, "decoder.layers": 1})"),
                       "feed_forward.experts.every: of 1 layers none is the last of 2");
  const auto model = make_tiny(tiny("{" + std::string(experts) + R"(, "encoder.layers": 4})"));
  std::vector<bool> has;
  for (const char* layer : {"0", "1", "2", "3"}) {
    has.push_back(
        model->named_parameters().contains(std::string("encoder.layers.") + layer + ".feed_forward.router.weight"));
  }
  CHECK(has == std::vector<bool>{false, true, false, true});
}
