#pragma once
// A model's output beside that of another program, which a file holds.
#include "transformer/model/transformer.h"

#include <filesystem>

namespace ablate::lab::hugging_face {

/// Over all positions that are not padding.
struct Difference {
  std::string name;            ///< the tensor of the file: logits, last_hidden_state or encoder_last_hidden_state
  double absolute = 0;         ///< the largest |ours - theirs|
  double relative = 0;         ///< the same as a share of the largest |theirs|
  std::int64_t positions = 0;  ///< that were compared
};

/// Runs `input_ids` (B, T), and with an encoder `decoder_input_ids`, with the masks `attention_mask` and
/// `decoder_attention_mask` where the file has them, in evaluation mode without gradients. UserError for a file without
/// input or output, of shapes that do not fit, or with input that the model does not read.
std::vector<Difference> verify(Transformer& model, const std::filesystem::path& file);

}  // namespace ablate::lab::hugging_face
