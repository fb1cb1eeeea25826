#pragma once
// A model's output beside that of another program, which a file holds.
#include "transformer/model/transformer.h"

#include <filesystem>

namespace ablate::lab::hugging_face {

/// Over all positions that are not padding.
struct Difference {
  std::string name;            ///< the tensor of the file: see verify()
  double absolute = 0;         ///< the largest |ours - theirs|
  double relative = 0;         ///< the same as a share of the largest |theirs|
  std::int64_t positions = 0;  ///< that were compared
};

/// Runs `input_ids` (B, T), and with two stacks `decoder_input_ids`, with the masks `attention_mask` and
/// `decoder_attention_mask` and the `token_type_ids` of an encoder by itself where the file has them, in evaluation
/// mode without gradients. Compared is what the file has of
///   logits (B, T, V), of a text's class (B, C), last_hidden_state (B, T, D), pooler_output (B, D),
///   hidden_states.0 … N: what each of N layers reads and what the stack gives, of the decoder where there are two,
///   encoder_last_hidden_state and encoder_hidden_states.0 … N of the encoder then.
/// UserError for a file without input or output, of shapes that do not fit, or with input that the model does not read.
std::vector<Difference> verify(Transformer& model, const std::filesystem::path& file);

}  // namespace ablate::lab::hugging_face
