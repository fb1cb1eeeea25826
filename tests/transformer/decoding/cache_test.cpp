// Decoding with keys and values kept against decoding that runs the whole prefix at every step.
#include "tests/transformer/decoding/support.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

void check_cache(const ModelConfig& config) {
  const auto model = tiny_model(config);
  const Tensor source = random_sources(6);
  for (const DecodingConfig& decoding : {greedy(), beam_of(4), sampling(3)}) {
    INFO("decoding " << decoding.kind);
    check_equal(decode(*model, source, symbols, decoding, 1),
                decode(*model, source, symbols, decoding, 1, {}, Caching::off));
  }
}

template <class Table>
std::vector<std::string> names(const Table& table) {
  return table.choices().names();
}

}  // namespace

TEST_CASE("cached and uncached decoding agree for every kind of position", "[decoding][cache]") {
  for (const std::string& name : names(position_table())) {
    INFO("position " << name);
    ModelConfig config = tiny_config();
    config.encoder.position.kind = config.decoder.position.kind = name;
    check_cache(config);
  }
}

TEST_CASE("cached and uncached decoding agree for every kind of attention", "[decoding][cache]") {
  for (const std::string& name : names(attention_table())) {
    INFO("attention " << name);
    ModelConfig config = tiny_config();
    for (AttentionConfig* attention :
         {&config.encoder.attention, &config.decoder.attention, &config.decoder.cross_attention}) {
      attention->kind = name;
      attention->heads = 4;
      attention->key_value_heads = 2;
    }
    check_cache(config);
  }
}

TEST_CASE("cached and uncached decoding agree for every residual wiring", "[decoding][cache]") {
  for (const std::string& name : names(residual_table())) {
    INFO("residual " << name);
    ModelConfig config = tiny_config();
    config.encoder.residual.kind = config.decoder.residual.kind = name;
    check_cache(config);
  }
}
