#include "transformer/model/decoder.h"

#include "transformer/model/layer_states.h"

#include <algorithm>
#include <stdexcept>

namespace ablate {
namespace {

void select_rows(AttentionCache& cache, const Tensor& index) {
  if (!cache.key_BGSK.defined()) return;
  cache.key_BGSK = cache.key_BGSK.index_select(0, index);
  cache.value_BGSV = cache.value_BGSV.index_select(0, index);
}

}  // namespace

void DecoderCache::keep_history() {
  const auto steps_of = [](const Tensor& kept_BGSW) {
    // (B, G, S, W) -> S times (B, G * W)
    const Tensor by_step = kept_BGSW.permute({2, 0, 1, 3}).flatten(2).contiguous();
    return by_step.unbind(0);
  };
  history.emplace(layers.front().self_attention.key_BGSK.size(0));
  for (std::int64_t step = 0; step < length; ++step) history->advance();
  for (Layer& layer : layers) {
    AttentionCache& cache = layer.self_attention;
    cache.steps.keys = steps_of(cache.key_BGSK);
    cache.steps.values = steps_of(cache.value_BGSV);
    cache.key_BGSK = cache.value_BGSV = Tensor();
  }
}

void DecoderCache::select(const Tensor& index) {
  if (history) throw std::logic_error("rows of a cache with a history are selected by the history");
  select_within_sentences(index);
  for (Layer& layer : layers) select_rows(layer.cross_attention, index);
}

void DecoderCache::select_within_sentences(const Tensor& index) {
  if (history) throw std::logic_error("rows of a cache with a history are selected by the history");
  for (Layer& layer : layers) select_rows(layer.self_attention, index);
}

DecoderLayer::DecoderLayer(const DecoderConfig& config, const LayerPlace<DecoderLayer>& place,
                           const InitializationConfig& init, std::int64_t d_model, ParameterFactory& factory) {
  const auto residual = [&](bool is_first) {
    return std::make_shared<Residual>(config.residual, config.norm, config.dropout, d_model, is_first, factory);
  };
  const LayerSharing sharing = sharing_table().at(config.sharing);
  const DecoderLayer* const attends_as = sharing == LayerSharing::attention ? place.first : nullptr;
  const auto attention = [&](const char* name, const AttentionConfig& of) {
    return register_module(name, make_attention(of, d_model, attention_initialization(init), factory));
  };
  self_attention_ = attends_as != nullptr ? attends_as->self_attention_ : attention("self_attention", config.attention);
  self_attention_residual_ = register_module("self_attention_residual", residual(true));
  if (config.reads_memory) {
    cross_attention_ =
        attends_as != nullptr ? attends_as->cross_attention_ : attention("cross_attention", config.cross_attention);
    cross_attention_residual_ = register_module("cross_attention_residual", residual(false));
  }
  if (place.first != nullptr && sharing == LayerSharing::feed_forward) {
    feed_forward_ = place.first->feed_forward_;
  } else {
    feed_forward_ =
        register_module("feed_forward", make_feed_forward(config.feed_forward.of_layer(place.index), d_model,
                                                          feed_forward_initialization(init), factory));
  }
  feed_forward_residual_ = register_module("feed_forward_residual", residual(false));
}

Tensor DecoderLayer::forward(const Tensor& x, const Memory& memory, const AttentionMask& mask, Position& position,
                             DecoderCache* cache, std::size_t index, const std::string& name, AttentionTrace* trace,
                             const Tensor& real) {
  DecoderCache::Layer* const kept = cache != nullptr ? &cache->layers[index] : nullptr;
  const RowHistory* const history = cache != nullptr && cache->history ? &*cache->history : nullptr;
  const auto attend_to_past = [&](const Tensor& y) {
    if (trace != nullptr) trace->prefix = name + ".self_attention";
    return self_attention_->forward({.query_BTD = y,
                                     .memory_BSD = y,
                                     .mask = mask,
                                     .position = &position,
                                     .cache = kept != nullptr ? &kept->self_attention : nullptr,
                                     .trace = trace,
                                     .history = history});
  };
  const auto attend_to_memory = [&](const Tensor& y) {
    if (trace != nullptr) trace->prefix = name + ".cross_attention";
    return cross_attention_->forward({.query_BTD = y,
                                      .memory_BSD = memory.states,
                                      .mask = memory.mask,
                                      .cache = kept != nullptr ? &kept->cross_attention : nullptr,
                                      .cache_is_complete = cache != nullptr && cache->length > 0,
                                      .trace = trace,
                                      .history = history});
  };
  const auto feed = [&](const Tensor& y) { return feed_forward_->forward(y, real); };
  const SubLayer past{*self_attention_residual_, attend_to_past}, fed{*feed_forward_residual_, feed};
  if (!cross_attention_) return wire(x, {past, fed});
  return wire(x, {past, {*cross_attention_residual_, attend_to_memory}, fed});
}

Decoder::Decoder(const DecoderConfig& config, const EmbeddingConfig& embedding, std::shared_ptr<Linear> lift,
                 const InitializationConfig& init, std::int64_t d_model, std::int64_t max_length,
                 ParameterFactory& factory)
    : Stack(config, embedding, std::move(lift), init, d_model, max_length, factory),
      reads_prefix_(config.reads_prefix) {}

Tensor Decoder::forward(const Tensor& embedded, const Memory& memory, DecoderCache* cache, AttentionTrace* trace,
                        const Tensor& keys, const Tensor& real, const Tensor& prefix) {
  if (keys.defined() && cache != nullptr) throw std::logic_error("a cache knows nothing of padding: give it no keys");
  const std::int64_t first = cache != nullptr ? cache->length : 0;
  if (prefix.defined() && !reads_prefix_) {
    throw std::logic_error("the decoder was made to look back alone: give it no prefix");
  }
  if (prefix.defined() && first > 0) throw std::logic_error("a prefix is read at once, before anything else");
  if (cache != nullptr) cache->layers.resize(layers_.size());
  if (cache != nullptr && cache->history) cache->history->advance();
  AttentionMask mask = causal_mask();
  mask.keys = keys;
  mask.prefix = prefix;
  Tensor x = enter(embedded, first, keys);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const std::string name = trace != nullptr ? "decoder.layers." + std::to_string(i) : std::string();
    LayerStates::add("decoder", x);
    x = layers_[i]->forward(x, memory, mask, *positions_[i], cache, i, name, trace, real);
  }
  if (cache != nullptr) cache->length += embedded.size(1);
  const Tensor states = leave(x);
  LayerStates::add("decoder", states);
  return states;
}

bool Decoder::reads_history() const {
  return std::all_of(layers_.begin(), layers_.end(), [](const auto& layer) { return layer->reads_history(); }) &&
         !position_->reads_queries();
}

}  // namespace ablate
