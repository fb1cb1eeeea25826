#pragma once
// Running text as windows of one length: all documents of a split behind one another are one stream of tokens, and a
// window of L tokens predicts each token that follows one of its own: it reads the tokens o … o + L - 1 and says
// o + 1 … o + L.
#include <cstdint>
#include <string>
#include <vector>

#include "data/batching.h"
#include "data/objective.h"

namespace ablate::data {

/// The tokens of a split, documents behind one another, each with </s> behind it if `document_end`. Nothing is copied
/// but what is asked for. The corpus must outlive it.
class TokenStream {
 public:
  TokenStream(const Corpus& corpus, const std::string& split, bool document_end);
  /// These tokens, of a text that is called `name` in errors.
  TokenStream(std::string name, std::vector<std::int64_t> tokens, std::int64_t pad);

  std::int64_t size() const { return starts_.back(); }
  /// The tokens first … first + count - 1. std::out_of_range beyond the end.
  void copy(std::int64_t first, std::int64_t count, std::int64_t* to) const;
  std::int64_t pad() const { return pad_; }
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  const Split* split_ = nullptr;      ///< or
  std::vector<std::int64_t> tokens_;  ///< all of them
  std::int64_t end_ = 0, pad_ = 0;
  bool document_end_ = false;
  std::vector<std::int64_t> starts_;  ///< of every document, and at last the size
};

/// Windows to learn from, in an order that (seed, epoch) decides alone: as many as follow one another in the text, less
/// the rest that would not fill a batch. UserError if the text has no window.
class TrainingWindows final : public Batches {
 public:
  TrainingWindows(TokenStream stream, const BatchConfig& config, std::int64_t length, Windows windows,
                  std::uint64_t seed);

  std::int64_t size() const override;
  Batch batch(std::int64_t epoch, std::int64_t i) override;
  std::int64_t used() const override { return windows_; }
  std::string unit() const override;

 private:
  std::vector<std::int64_t> places(std::int64_t epoch, std::int64_t i);
  void arrange(std::int64_t epoch);

  TokenStream stream_;
  std::int64_t length_;
  Windows kind_;
  std::uint64_t seed_;
  std::int64_t rows_;     ///< windows of a batch
  std::int64_t windows_;  ///< of an epoch
  std::int64_t epoch_ = -1;
  std::vector<std::int64_t> order_;  ///< consecutive: where the windows of `epoch_` begin
};

/// Every token of the text but the first, said once: windows begin every `stride` tokens, and a window counts what
/// those before it have not said, with at least length - stride tokens of context (but for the beginning). UserError if
/// there is nothing to say; std::invalid_argument unless 1 <= stride <= length.
class EvaluationWindows final : public Batches {
 public:
  EvaluationWindows(TokenStream stream, const BatchConfig& config, std::int64_t length, std::int64_t stride);

  std::int64_t size() const override;
  Batch batch(std::int64_t epoch, std::int64_t i) override;
  std::int64_t used() const override { return windows_; }
  std::string unit() const override;

 private:
  TokenStream stream_;
  std::int64_t length_, stride_;
  std::int64_t rows_, windows_;
};

}  // namespace ablate::data
