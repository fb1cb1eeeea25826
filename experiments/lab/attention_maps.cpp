#include "experiments/lab/attention_maps.h"

#include "data/labelled.h"
#include "data/labelled_ids.h"
#include "experiments/lab/evaluation.h"

#include <algorithm>

namespace ablate::lab {
namespace {

std::vector<std::int64_t> ids_of(const data::Tokenizer& tokenizer, const data::Marks& marks, const std::string& line,
                                 std::int64_t most) {
  const std::vector<std::int32_t> found = data::encode_marked(tokenizer, marks, line);
  std::vector<std::int64_t> ids(found.begin(), found.end());
  if (static_cast<std::int64_t>(ids.size()) > most) ids.resize(static_cast<std::size_t>(most));
  return ids;
}

std::vector<std::string> pieces_of(const data::Tokenizer& tokenizer, const data::Marks& marks,
                                   const std::vector<std::int64_t>& ids) {
  std::vector<std::string> pieces;
  for (const std::int64_t id : ids) {
    pieces.push_back(as_line(data::marked_piece(tokenizer, marks, static_cast<std::int32_t>(id))));
  }
  return pieces;
}

/// "decoder.layers.3.cross_attention" -> 3
std::int64_t layer_in(const std::string& name) {
  const std::string marker = ".layers.";
  return std::stoll(name.substr(name.find(marker) + marker.size()));
}

}  // namespace

std::vector<AttentionMap> attention_maps(Transformer& model, const data::Tokenizer& source_tokenizer,
                                         const data::Tokenizer& target_tokenizer, const AttendedSentence& sentence) {
  const at::NoGradGuard no_grad;
  const std::int64_t most = std::min(model.max_length() - 1, sentence.most);
  std::vector<std::int64_t> source_ids;
  if (!model.has_decoder()) {
    const auto eos = static_cast<std::int32_t>(source_tokenizer.specials().eos);
    const std::vector<std::int32_t> ids =
        data::cut_texts(data::labelled_ids(source_tokenizer, sentence.source), eos, most - 1);
    if (sentence.first) source_ids.push_back(*sentence.first);
    source_ids.insert(source_ids.end(), ids.begin(), ids.end());
    if (sentence.ends) source_ids.push_back(eos);
  } else if (model.has_encoder()) {
    source_ids = ids_of(source_tokenizer, sentence.marks, sentence.source, most);
    source_ids.push_back(source_tokenizer.specials().eos);
  }
  std::vector<std::int64_t> target_ids;
  if (model.has_decoder()) {
    target_ids = ids_of(target_tokenizer, sentence.marks, sentence.target, most);
    const std::optional<std::int64_t> first =
        model.has_encoder() ? std::optional(target_tokenizer.specials().bos) : sentence.first;
    if (first) target_ids.insert(target_ids.begin(), *first);
  }

  model.eval();
  AttentionTrace trace;
  const auto row = [&](const std::vector<std::int64_t>& ids) {
    return at::tensor(ids, at::kLong).unsqueeze(0).to(model.device());
  };
  Batch batch;
  if (model.has_encoder()) batch.source = row(source_ids);
  if (model.has_decoder()) batch.target_input = row(target_ids);
  if (model.reads_prefix()) {
    batch.prefix = at::full({1}, batch.target_input.size(1), at::kLong).to(model.device());
  }
  model.forward(batch, &trace);

  const std::vector<std::string> source_pieces = pieces_of(source_tokenizer, sentence.marks, source_ids);
  const std::vector<std::string> target_pieces = pieces_of(target_tokenizer, sentence.marks, target_ids);
  std::vector<AttentionMap> maps;
  for (const auto& [name, weights_BHTS] : trace.weights_BHTS) {
    const bool in_encoder = name.starts_with("encoder.");
    const bool is_cross = name.ends_with(".cross_attention");
    maps.push_back({in_encoder ? "encoder"
                    : is_cross ? "cross"
                               : "decoder",
                    layer_in(name), in_encoder ? source_pieces : target_pieces,
                    in_encoder || is_cross ? source_pieces : target_pieces, weights_BHTS[0].to(at::kCPU, at::kFloat)});
  }
  return maps;
}

}  // namespace ablate::lab
