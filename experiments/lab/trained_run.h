#pragma once
// A finished run put to use: its model and tokenizers, loaded from its folder alone.
#include "data/objective_symbols.h"
#include "data/tokenizers/tokenizer.h"
#include "experiments/lab/attention_maps.h"
#include "experiments/lab/config.h"
#include "transformer/decoding/generate.h"

#include <filesystem>

namespace ablate::lab {

struct TranslatedHypothesis {
  std::string text;
  double score;
};

struct TranslatedLine {
  std::vector<TranslatedHypothesis> hypotheses;  ///< best first; none for an empty line
};

struct Translation {
  std::vector<TranslatedLine> lines;
  std::int64_t cut = 0;  ///< lines longer than the model's maximum
};

struct TranslationOptions {
  DecodingConfig decoding;
  std::int64_t batch_tokens = 4096;
  std::uint64_t seed = 1;
};

/// The laws of the `decoding` section for settings that come from a command line; UserError.
void check_decoding(const DecodingConfig& config);
/// The same for going on with text.
void check_generation(const GenerationConfig& config);

/// What a model says of a text as a whole.
struct LabelledLine {
  std::string label;                                          ///< the likeliest class, or the number
  std::vector<std::pair<std::string, double>> probabilities;  ///< of all classes, the likeliest first; none of a number
};

struct Labelling {
  std::vector<LabelledLine> lines;
  std::int64_t cut = 0;  ///< lines longer than the texts of training
};

/// How likely a model finds a text.
struct TextLikelihood {
  double nats = 0;          ///< -log P of all tokens that have one before them; behind a prefix where there is one
  std::int64_t tokens = 0;  ///< their number, the end of the text included where the model was trained with ends
  std::int64_t characters = 0, bytes = 0;  ///< of what the nats are of; 0 of a model that reads prefixes
};

class TrainedRun {
 public:
  /// UserError if the folder is no run, or one that has not finished, or if its files are damaged.
  TrainedRun(const std::filesystem::path& folder, at::Device device);

  const DecodingConfig& decoding() const { return config_.decoding; }
  const RunConfig& config() const { return config_; }
  const VocabularyInfo& vocabulary() const { return vocabulary_; }
  Transformer& model() { return *model_; }
  /// UserError for an imported model that came without one, as from everything that reads or writes text.
  const data::Tokenizer& target_tokenizer() const;
  const data::Tokenizer& source_tokenizer() const;
  /// Of a run that labels texts: its classes, which an imported model has without a tokenizer, too.
  const data::Tokenizer& label_names() const { return *target_; }
  /// Whether it writes a target for a source; else it goes on with text.
  bool translates() const { return config_.decodes(); }
  /// Whether it is an encoder by itself.
  bool reads_source_alone() const { return !config_.model.stacks().decoder; }
  /// Whether it says the class, or the number, of a text.
  bool labels() const { return config_.labels(); }

  /// As many lines out as in; each is a text, or two with a tab between. UserError for a run of another objective.
  Labelling classify(const std::vector<std::string>& lines, std::int64_t batch_tokens);

  /// As many lines out as in. Sorted by length into batches, put back in order. A run of span_corruption fills the gaps
  /// <extra_id_0>, <extra_id_1>, … of a line, one of denoising writes the text that a line, in which <mask> may stand,
  /// is left of.
  Translation translate(const std::vector<std::string>& lines, const TranslationOptions& options);

  /// Goes on with each prompt, `samples` times: what stands behind the prompt. UserError for a run of another family,
  /// and for a prompt without a token where texts have no sign that they begin with.
  std::vector<std::string> generate(const std::vector<std::string>& prompts, const GenerationConfig& config,
                                    std::uint64_t seed, std::size_t samples);

  /// Of each text by itself, however long, in windows as the run was evaluated: documents in windows of the model's
  /// max_length that do not overlap. A model that reads prefixes says what stands behind one in each window, drawn as a
  /// function of the number of the text and the window's place in it.
  /// UserError for a run of another family.
  std::vector<TextLikelihood> likelihood(const std::vector<std::string>& texts);

  /// The attention weights of a pair, or of a text as the source, see attention_maps().
  std::vector<AttentionMap> attention(const std::string& source, const std::string& target);

 private:
  void check_continues() const;
  std::vector<std::int64_t> text_ids(const std::string& text) const;

  RunConfig config_;
  VocabularyInfo vocabulary_;
  bool reads_pairs_ = true;  ///< two texts with one </s> between them, as ours are
  /// None of an imported model that came without; its classes have names in any case.
  std::shared_ptr<const data::Tokenizer> source_, target_;
  data::Marks marks_;  ///< that lines may hold beside text
  std::shared_ptr<Transformer> model_;
};

}  // namespace ablate::lab
