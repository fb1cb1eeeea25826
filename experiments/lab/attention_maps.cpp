#include "experiments/lab/attention_maps.h"

#include "experiments/lab/evaluation.h"

namespace ablate::lab {
namespace {

std::vector<std::int64_t> ids_of(const data::Tokenizer& tokenizer, const std::string& line, std::int64_t most) {
  const std::vector<std::int32_t> found = tokenizer.encode(line);
  std::vector<std::int64_t> ids(found.begin(), found.end());
  if (static_cast<std::int64_t>(ids.size()) > most) ids.resize(static_cast<std::size_t>(most));
  return ids;
}

std::vector<std::string> pieces_of(const data::Tokenizer& tokenizer, const std::vector<std::int64_t>& ids) {
  std::vector<std::string> pieces;
  for (const std::int64_t id : ids) pieces.push_back(as_line(tokenizer.piece(static_cast<std::int32_t>(id))));
  return pieces;
}

/// "decoder.layers.3.cross_attention" -> 3
std::int64_t layer_in(const std::string& name) {
  const std::string marker = ".layers.";
  return std::stoll(name.substr(name.find(marker) + marker.size()));
}

}  // namespace

std::vector<AttentionMap> attention_maps(Transformer& model, const data::Tokenizer& source_tokenizer,
                                         const data::Tokenizer& target_tokenizer, const std::string& source,
                                         const std::string& target) {
  const at::NoGradGuard no_grad;
  const std::int64_t most = model.max_length() - 1;
  std::vector<std::int64_t> source_ids = ids_of(source_tokenizer, source, most);
  source_ids.push_back(source_tokenizer.specials().eos);
  std::vector<std::int64_t> target_ids = ids_of(target_tokenizer, target, most);
  target_ids.insert(target_ids.begin(), target_tokenizer.specials().bos);

  model.eval();
  AttentionTrace trace;
  const auto row = [&](const std::vector<std::int64_t>& ids) {
    return at::tensor(ids, at::kLong).unsqueeze(0).to(model.device());
  };
  const Memory memory = model.encode(row(source_ids), &trace);
  model.decode(row(target_ids), memory, nullptr, &trace);

  const std::vector<std::string> source_pieces = pieces_of(source_tokenizer, source_ids);
  const std::vector<std::string> target_pieces = pieces_of(target_tokenizer, target_ids);
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
