#pragma once
// What is known of each published architecture of the `transformers` library, as rows that are read in both directions:
// from a published config.json and its tensors to ours, and back. A new architecture is one row of architectures().
#include "experiments/lab/hugging_face/published_config.h"
#include "experiments/lab/hugging_face/tensor_layout.h"

#include <string>
#include <utility>
#include <vector>

namespace ablate::lab::hugging_face {

/// Of models alone whose setting at `path` is among `values`; without a path of all.
struct Only {
  std::string path{};
  std::vector<std::string> values{};
};

/// A published tensor, and the one or more of ours that lie in it. "*" in names stands for the number of a layer, "#"
/// for that of an expert in it, the same in all of them. A row applies if the model has the parameters that it names:
/// then the file must have its tensor.
struct TensorRow {
  std::string published;
  std::vector<std::string> ours;
  Layout layout = Layout::same;
  Only only{};
  bool may_be_missing = false;  ///< zeros stand for it, as they do in the library
};

/// Several keys and settings that say something together.
struct Rule {
  void (*read)(PublishedConfig& published, Json& model);
  void (*write)(const Json& model, Json& published);
};

/// A key that the model has no setting for, with the values under which it changes nothing.
struct InertKey {
  std::string key;
  std::vector<Json> values;
};

/// A class of models that are encoders by themselves: what the head on top of the architecture says.
struct HeadClass {
  std::string model_class;
  std::vector<std::string> kinds;  ///< of heads that an export writes as this class
  Json settings;                   ///< beside those of the architecture
  std::vector<Rule> rules{};
};

/// How text begins for models that were trained on it.
enum class TextStart {
  bos,      ///< with <s>
  document  ///< with what ends the document before it
};

struct Architecture {
  std::string name;         ///< `model_type`
  std::string model_class;  ///< the class with the output layer, which an export names; or see `heads`
  std::string base_class;   ///< the class without
  std::string prefix;       ///< in front of the names of the base class, which its own files leave out
  TextStart text_start;
  std::vector<std::string> tokenizers;  ///< files whose ids are the model's, the first that is there
  Json settings;                        ///< what all such models have, as in the section `model`
  std::string target_tokenizer{};       ///< the file for what is written, if it is another one; it must be there, too
  std::vector<KeyRow> keys{};
  std::vector<Rule> rules{};
  std::vector<InertKey> inert{};
  std::vector<std::string> irrelevant{};  ///< keys that change no number of the model, beside those of all of them
  std::vector<TensorRow> tensors{};
  std::vector<std::string> buffers{};  ///< ends of names that are no weights: masks, tables of angles
  /// Names under which files repeat a tensor that the model shares: {name, the one that it repeats}. The values must be
  /// the same.
  std::vector<std::pair<std::string, std::string>> copies{};
  /// Ends of names, and what they are in files of the first releases.
  std::vector<std::pair<std::string, std::string>> old_endings{};
  /// Of encoders by themselves: the classes, of which config.json names one.
  std::vector<HeadClass> heads{};
  /// Beginnings of the names of other heads' tensors, which files that were trained for several tasks have beside the
  /// model's own. They are left out, and the import says so.
  std::vector<std::string> other_heads{};
  /// How many signs of its end stand between two texts that are read together.
  std::int64_t ends_between_texts = 1;
};

const std::vector<Architecture>& architectures();
/// UserError that names those there are, with a suggestion.
const Architecture& architecture(const std::string& name, const std::string& where);

/// The rows by family of models; architectures() puts them together.
std::vector<Architecture> gpt_architectures();         ///< GPT-2, GPT-J, GPT-NeoX, Phi
std::vector<Architecture> llama_architectures();       ///< LLaMA, Mistral, Mixtral, Qwen2, Gemma
std::vector<Architecture> bigscience_architectures();  ///< BLOOM, Falcon, OPT
std::vector<Architecture> t5_architectures();          ///< T5 1.0 and 1.1
std::vector<Architecture> bart_architectures();        ///< BART, Marian, Pegasus
std::vector<Architecture> bert_architectures();        ///< BERT, RoBERTa, ALBERT

/// The class of `heads` that says what a head of this kind does; UserError if there is none.
const HeadClass& head_class(const Architecture& architecture, const std::string& kind);

/// Rows that several architectures have.
KeyRow activation_row(const std::string& key);  ///< of a feed-forward unit without gate
KeyRow output_tying_row(bool fallback);         ///< `tie_word_embeddings` of a model without a source
/// What stands for the key where a file has none, of an architecture that is like another but for that.
void set_fallback(Architecture& row, const std::string& key, const Json& fallback);

}  // namespace ablate::lab::hugging_face
