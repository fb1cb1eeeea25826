#pragma once
// How published models use their SentencePiece models: a row for each family that does not take ids and text as
// SentencePiece has them.
//   marian   Junczys-Dowmunt et al. 2018: `source.spm` and `target.spm` cut, `vocab.json` beside them has the ids (of
//            the target `target_vocab.json`, if `separate_vocabs`). A text may begin with a piece >>de<<.
//   pegasus  Zhang et al. 2020: the model's ids are raised by `offset` (103). Before them stand <pad>, </s>, <mask_1>,
//            <mask_2>, <unk_2> … <unk_102>.
//   t5       Raffel et al. 2020: behind the model's own stand `extra_ids` (100) sentinels, the last one first.
//   albert   Lan et al. 2020: the model's ids; text is put into small letters (`do_lower_case`) and loses its accents
//            (unless `keep_accents`), see albert_text.h.
// All four find their symbols in text. A symbol that the files lack gets the next id behind the others: <s> does, which
// only ALBERT has, as [CLS].
#include <filesystem>
#include <optional>

#include "data/tokenizers/numbered_pieces.h"

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace ablate::data {

/// The layout that the files beside `file`, a SentencePiece model, ask for; none if they ask for none. A Marian model
/// is known by its name, `source.spm` or `target.spm`, the others by the class that `tokenizer_config.json` or
/// `config.json` names, or by the latter's `model_type`. Throws UserError that names the file for what is damaged,
/// missing or not supported.
std::optional<PieceLayout> published_layout(const sentencepiece::SentencePieceProcessor& model,
                                            const std::filesystem::path& file);

}  // namespace ablate::data
