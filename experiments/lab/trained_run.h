#pragma once
// A finished run put to use: its model and tokenizers, loaded from its folder alone.
#include "data/tokenizers/tokenizer.h"
#include "experiments/lab/attention_maps.h"
#include "experiments/lab/config.h"
#include "transformer/decoding/decode.h"

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

class TrainedRun {
 public:
  /// UserError if the folder is no run, or one that has not finished, or if its files are damaged.
  TrainedRun(const std::filesystem::path& folder, at::Device device);

  const DecodingConfig& decoding() const { return config_.decoding; }

  /// As many lines out as in. Sorted by length into batches, put back in order.
  Translation translate(const std::vector<std::string>& lines, const TranslationOptions& options);

  /// The attention weights of a pair, see attention_maps().
  std::vector<AttentionMap> attention(const std::string& source, const std::string& target);

 private:
  RunConfig config_;
  std::shared_ptr<const data::Tokenizer> source_, target_;
  std::shared_ptr<Transformer> model_;
};

}  // namespace ablate::lab
