#include "experiments/lab/hugging_face/architecture.h"

#include "transformer/config/suggest.h"
#include "transformer/core/error.h"

#include <algorithm>

namespace ablate::lab::hugging_face {

const std::vector<Architecture>& architectures() {
  static const std::vector<Architecture> all = [] {
    std::vector<Architecture> rows;
    for (auto family : {gpt_architectures, llama_architectures, bigscience_architectures, t5_architectures,
                        bart_architectures, bert_architectures}) {
      for (Architecture& row : family()) rows.push_back(std::move(row));
    }
    return rows;
  }();
  return all;
}

const Architecture& architecture(const std::string& name, const std::string& where) {
  std::vector<std::string> names;
  std::string listed;
  for (const Architecture& row : architectures()) {
    if (row.name == name) return row;
    names.push_back(row.name);
    listed += (listed.empty() ? "" : ", ") + row.name;
  }
  throw UserError(where + ": the architecture '" + name + "' is not supported" + config::suggestion(name, names) +
                  "; there are " + listed);
}

const HeadClass& head_class(const Architecture& architecture, const std::string& kind) {
  for (const HeadClass& row : architecture.heads) {
    if (std::ranges::find(row.kinds, kind) != row.kinds.end()) return row;
  }
  throw UserError("model.head.kind: '" + kind + "' has no class among those of the architecture '" + architecture.name +
                  "'");
}

KeyRow activation_row(const std::string& key) {
  return {.key = key,
          .paths = {"feed_forward.kind"},
          .values = {{"gelu_new", "gelu_tanh"},
                     {"gelu_pytorch_tanh", "gelu_tanh"},
                     {"gelu_fast", "gelu_tanh"},
                     {"gelu", "gelu"},
                     {"relu", "relu"},
                     {"silu", "swish"},
                     {"swish", "swish"},
                     {"tanh", "tanh"}}};
}

void set_fallback(Architecture& row, const std::string& key, const Json& fallback) {
  for (KeyRow& one : row.keys) {
    if (one.key == key) one.fallback = fallback;
  }
}

KeyRow output_tying_row(bool fallback) {
  return {.key = "tie_word_embeddings",
          .paths = {"embedding.tying"},
          .fallback = fallback,
          .values = {{true, "all"}, {false, "none"}}};
}

}  // namespace ablate::lab::hugging_face
