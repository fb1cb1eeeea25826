#include "data/windows.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "transformer/core/error.h"
#include "transformer/core/random.h"

namespace ablate::data {
namespace {

std::int64_t rows_of_batch(const BatchConfig& config, std::int64_t length) {
  const std::int64_t fit = std::max<std::int64_t>(1, config.tokens / length);
  return std::min(fit, config.sentences.value_or(fit));
}

std::string windows_of(std::int64_t length) { return "windows of " + std::to_string(length) + " tokens"; }

/// Rows that read `length` tokens from their place on, or up to the last but one; only what stands behind
/// `said_before` is to be said.
struct Row {
  std::int64_t place;
  std::int64_t said_before;
};

Batch make_batch(const TokenStream& stream, std::int64_t length, const std::vector<Row>& rows) {
  const auto count = static_cast<std::int64_t>(rows.size());
  Batch batch;
  batch.target_input = at::full({count, length}, stream.pad(), at::kLong);
  batch.target_output = at::full({count, length}, no_target, at::kLong);
  auto* input = batch.target_input.mutable_data_ptr<std::int64_t>();
  auto* output = batch.target_output.mutable_data_ptr<std::int64_t>();
  for (const Row& row : rows) {
    const std::int64_t here = std::min(length, stream.size() - 1 - row.place);
    stream.copy(row.place, here, input);
    const std::int64_t context = std::max<std::int64_t>(0, row.said_before - row.place);
    stream.copy(row.place + 1 + context, here - context, output + context);
    batch.target_tokens += here - context;
    batch.index.push_back(row.place);
    input += length;
    output += length;
  }
  return batch;
}

}  // namespace

TokenStream::TokenStream(const Corpus& corpus, const std::string& split, bool document_end)
    : name_(split), split_(&corpus.split(split)), document_end_(document_end) {
  const Specials specials = corpus.target_tokenizer().specials();
  end_ = specials.eos;
  pad_ = specials.pad;
  starts_.reserve(static_cast<std::size_t>(split_->size()) + 1);
  starts_.push_back(0);
  for (std::int64_t i = 0; i < split_->size(); ++i) {
    starts_.push_back(starts_.back() + split_->target_length(i) + (document_end ? 1 : 0));
  }
}

TokenStream::TokenStream(std::string name, std::vector<std::int64_t> tokens, std::int64_t pad)
    : name_(std::move(name)),
      tokens_(std::move(tokens)),
      pad_(pad),
      starts_{0, static_cast<std::int64_t>(tokens_.size())} {}

void TokenStream::copy(std::int64_t first, std::int64_t count, std::int64_t* to) const {
  if (first < 0 || count < 0 || first + count > size()) {
    throw std::out_of_range("tokens " + std::to_string(first) + " to " + std::to_string(first + count) +
                            " of a text of " + std::to_string(size()));
  }
  if (split_ == nullptr) {
    std::copy_n(tokens_.begin() + first, count, to);
    return;
  }
  // The last document that begins at or before `first`.
  auto document = std::ranges::upper_bound(starts_, first) - starts_.begin() - 1;
  for (std::int64_t place = first; place < first + count; ++document) {
    const std::int64_t start = starts_[static_cast<std::size_t>(document)];
    const auto tokens = split_->target(document);
    const auto length = static_cast<std::int64_t>(tokens.size());
    const std::int64_t from = place - start, until = std::min(length, first + count - start);
    if (from < until) to = std::copy(tokens.begin() + from, tokens.begin() + until, to);
    place = std::max(place, start + until);
    if (document_end_ && place == start + length && place < first + count) {
      *to++ = end_;
      ++place;
    }
  }
}

TrainingWindows::TrainingWindows(TokenStream stream, const BatchConfig& config, std::int64_t length, Windows windows,
                                 std::uint64_t seed)
    : stream_(std::move(stream)),
      length_(length),
      kind_(windows),
      seed_(seed),
      rows_(rows_of_batch(config, length)),
      windows_((stream_.size() - 1) / length_) {
  // So many follow one another wherever in the first window an epoch begins.
  if (kind_ == Windows::consecutive && windows_ > 1) --windows_;
  if (windows_ < 1) {
    throw UserError("the split '" + stream_.name() + "' has " + std::to_string(stream_.size()) +
                    " tokens: too few for a window of " + std::to_string(length_) +
                    " and the token behind it: lower training.max_length");
  }
  // Batches of one size: a small one would weigh as much in its update.
  rows_ = std::min(rows_, windows_);
  windows_ -= windows_ % rows_;
}

std::int64_t TrainingWindows::size() const { return windows_ / rows_; }
std::string TrainingWindows::unit() const { return windows_of(length_); }

void TrainingWindows::arrange(std::int64_t epoch) {
  if (epoch == epoch_) return;
  SplitMix64 random(seed_, static_cast<std::uint64_t>(epoch));
  // Room for the first place: what `windows_` windows and the token behind them leave.
  const std::int64_t room = stream_.size() - windows_ * length_;
  const auto phase = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(room)));
  order_.resize(static_cast<std::size_t>(windows_));
  for (std::size_t i = 0; i < order_.size(); ++i) order_[i] = phase + static_cast<std::int64_t>(i) * length_;
  random.shuffle(std::span(order_));
  epoch_ = epoch;
}

std::vector<std::int64_t> TrainingWindows::places(std::int64_t epoch, std::int64_t i) {
  if (epoch < 0 || i < 0 || i >= size()) {
    throw std::out_of_range("batch " + std::to_string(i) + " of epoch " + std::to_string(epoch));
  }
  const std::int64_t begin = i * rows_, end = begin + rows_;
  std::vector<std::int64_t> chosen;
  if (kind_ == Windows::consecutive) {
    arrange(epoch);
    chosen.assign(order_.begin() + begin, order_.begin() + end);
    return chosen;
  }
  SplitMix64 random(seed_, static_cast<std::uint64_t>(epoch * size() + i));
  const auto places = static_cast<std::uint64_t>(stream_.size() - length_);
  for (std::int64_t row = begin; row < end; ++row) chosen.push_back(static_cast<std::int64_t>(random.below(places)));
  return chosen;
}

Batch TrainingWindows::batch(std::int64_t epoch, std::int64_t i) {
  std::vector<Row> rows;
  for (const std::int64_t place : places(epoch, i)) rows.push_back({place, place});
  return make_batch(stream_, length_, rows);
}

EvaluationWindows::EvaluationWindows(TokenStream stream, const BatchConfig& config, std::int64_t length,
                                     std::int64_t stride)
    : stream_(std::move(stream)), length_(length), stride_(stride), rows_(rows_of_batch(config, length)) {
  if (stride < 1 || stride > length) {
    throw std::invalid_argument("windows of " + std::to_string(length) + " tokens every " + std::to_string(stride));
  }
  const std::int64_t said = stream_.size() - 1;
  if (said < 1) throw UserError("the split '" + stream_.name() + "' has no token that another stands before");
  windows_ = said <= length_ ? 1 : 1 + (said - length_ + stride_ - 1) / stride_;
}

std::int64_t EvaluationWindows::size() const { return (windows_ + rows_ - 1) / rows_; }
std::string EvaluationWindows::unit() const { return windows_of(length_); }

Batch EvaluationWindows::batch(std::int64_t epoch, std::int64_t i) {
  if (epoch != 0 || i < 0 || i >= size()) {
    throw std::out_of_range("batch " + std::to_string(i) + " of epoch " + std::to_string(epoch));
  }
  std::vector<Row> rows;
  for (std::int64_t w = i * rows_; w < std::min(windows_, (i + 1) * rows_); ++w) {
    // What the window before this one has said last.
    const std::int64_t said_before = w == 0 ? 0 : (w - 1) * stride_ + length_;
    rows.push_back({w * stride_, said_before});
  }
  return make_batch(stream_, length_, rows);
}

}  // namespace ablate::data
