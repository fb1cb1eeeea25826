#pragma once
// Batches that are made of other batches, row by row and with random numbers: what the objectives that hide or choose
// tokens have in common.
#include <cstdint>
#include <memory>
#include <string>

#include "data/batching.h"

namespace ablate::data {

/// What is drawn for a row is a function of (seed, epoch, its place in the corpus): something else in every epoch of
/// training, always the same in evaluation, which has but one epoch. Which batch the row came into decides nothing.
class ChangedBatches : public Batches {
 public:
  std::int64_t size() const final { return inner_->size(); }
  std::int64_t used() const final { return inner_->used(); }
  std::int64_t skipped() const final { return inner_->skipped(); }
  std::int64_t cut() const final { return inner_->cut(); }
  /// Of the rows as they were.
  double padding_share() const final { return inner_->padding_share(); }
  std::string unit() const final { return inner_->unit(); }

 protected:
  /// `stream` keeps the numbers of one kind of change from those of another, and from the rows' order.
  ChangedBatches(std::unique_ptr<Batches> inner, std::uint64_t seed, std::uint64_t stream)
      : inner_(std::move(inner)), seed_(SplitMix64(seed, stream).next()) {}

  /// The rows as a causal model would read them.
  Batch read(std::int64_t epoch, std::int64_t i) { return inner_->batch(epoch, i); }
  /// Real tokens of each row of such a batch, (B) int64.
  static Tensor lengths(const Batch& batch) { return batch.target_output.ne(no_target).sum(1); }
  SplitMix64 numbers_of(const Batch& batch, std::int64_t row, std::int64_t epoch) const {
    const std::uint64_t of_epoch = SplitMix64(seed_, static_cast<std::uint64_t>(epoch)).next();
    return SplitMix64(of_epoch, static_cast<std::uint64_t>(batch.index[static_cast<std::size_t>(row)]));
  }

 private:
  std::unique_ptr<Batches> inner_;
  std::uint64_t seed_;
};

}  // namespace ablate::data
