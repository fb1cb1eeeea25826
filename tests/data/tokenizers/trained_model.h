#pragma once
// SentencePiece models trained by its own library, with settings of its own: what other programs publish.
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include "tests/catch.h"
#include "tests/data/tokenizers/support.h"

namespace ablate::data::testing {

class SentenceList final : public sentencepiece::SentenceIterator {
 public:
  explicit SentenceList(std::vector<std::string> lines) : lines_(std::move(lines)) {}
  bool done() const override { return next_ == lines_.size(); }
  void Next() override { ++next_; }
  const std::string& value() const override { return lines_[next_]; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  std::vector<std::string> lines_;
  std::size_t next_ = 0;
};

/// The serialized model.
inline std::string trained_model(std::unordered_map<std::string, std::string> settings,
                                 std::vector<std::string> lines = sentences()) {
  settings["minloglevel"] = "3";
  SentenceList list(std::move(lines));
  std::string model;
  const auto status = sentencepiece::SentencePieceTrainer::Train(settings, &list, &model);
  INFO(status.ToString());
  REQUIRE(status.ok());
  return model;
}

}  // namespace ablate::data::testing
