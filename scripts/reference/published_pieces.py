#!/usr/bin/env python3
"""Ids and text of the library `transformers`, to hold the program's reading of published SentencePiece models against.

    python -m pip install transformers==5.24.0 tokenizers==0.23.3 sentencepiece protobuf
    python scripts/reference/published_pieces.py

Writes tests/golden/tokenizers/pieces/NAME/: the files of a small tokenizer, as a published model would come with them,
and expected.json, what the library makes of lines. The SentencePiece models are trained on text that is made up here.

Marian's tokenizer runs SentencePiece itself. Those of Pegasus, T5 and ALBERT are rebuilt by the library from the
SentencePiece model, and read white space and rare characters in another way than SentencePiece does, which these models
were trained with: lines and texts on which the two disagree are left out, and counted.
"""
import io
import json
import os
import re
import sys
import unicodedata
import warnings
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import sentencepiece
import transformers

VERSION = "5.24.0"
GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "golden" / "tokenizers" / "pieces"
SPACE = "\u2581"
UNIGRAM = 64  # pieces of a unigram model; the text gives few more

LINES = [
    "The old ferry doesn't leave before seven o'clock.",
    "my sister follows the grey dog",
    "A train! A train? No: seven ships, 2,024 lanterns and 1,999 doors.",
    "she remembers the caf\u00e9 in the harbour",
    "eine M\u00f6we \u00fcberholt den Zug",
    "unknown letters: \u8a9e\u8a9e and \u05e9\u05dc\u05d5\u05dd",
    "\u8a9e",
    "K",
    "a",
    "",
    "``quoted'' \"twice\" 'once'",
    "DER HUND SIEHT DIE KATZE",
    "the ferry</s> the dog<pad>",
    "<unk> stands alone",
    "</s></s>",
    ">>de<< the old ferry leaves",
    ">>nowhere<< the old ferry leaves",
    ">>de<<",
    "the ferry >>de<< leaves",
    ">>de the ferry",
    "<mask_1> the harbour master <mask_2> a lantern <unk_2> and <unk_102>",
    "<extra_id_0> the dog <extra_id_1> sees <extra_id_99> nothing",
    "[CLS] the dog [SEP] sees a [MASK] dog [SEP]",
    "der Hund sieht die Katze, und die Katze sieht den Hund.",
    "meine Schwester malt 3,5 Schiffe",
]


def sentences(who, does, what):
    return [" ".join((a, b, c)) for a in who for b in does for c in what]


ENGLISH = sentences(
    ["the harbour master", "a grey dog", "my sister", "the old ferry", "nobody", "she", "The captain"],
    ["sees", "follows", "remembers", "paints", "doesn't leave", "counts"],
    ["the lantern.", "a train!", "the caf\u00e9?", "seven ships,", "2,024 doors.", "nothing: nothing.",
     "1,999 lanterns"])
GERMAN = sentences(
    ["der Hund", "die Katze", "meine Schwester", "eine M\u00f6we", "Karl"],
    ["sieht", "malt", "\u00fcberholt", "kennt"],
    ["den Zug.", "ein Haus!", "3,5 Schiffe,", "nichts", "den alten Hafen?"])


def train(lines, **settings):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(lines), model_writer=model, minloglevel=2,
                                             normalization_rule_name="identity", **settings)
    return model.getvalue()


def processor(file):
    return sentencepiece.SentencePieceProcessor(model_file=str(file))


def pieces_of(file):
    pieces = processor(file)
    return [pieces.id_to_piece(i) for i in range(pieces.get_piece_size())]


def write_json(file, value):
    file.write_text(json.dumps(value, separators=(",", ":")) + "\n", encoding="ascii")


def expected(line, ids, text):
    """`text` is what comes of the ids without special tokens; None where it is not to be compared."""
    return {"line": line, "ids": ids, "text": text}


def write_marian(folder, separate):
    # BPE: versions of SentencePiece differ in which of two equally likely segmentations a unigram model takes.
    (folder / "source.spm").write_bytes(train(ENGLISH, model_type="bpe", vocab_size=80))
    (folder / "target.spm").write_bytes(train(GERMAN, model_type="bpe", vocab_size=90))
    source, target = (pieces_of(folder / name)[3:] for name in ("source.spm", "target.spm"))
    # Some pieces are left out: SentencePiece finds them, and they have no id.
    source, target = ([p for i, p in enumerate(side) if i % 17 != 5 or p == SPACE] for side in (source, target))

    def vocabulary(pieces):
        return {piece: i for i, piece in enumerate(dict.fromkeys(["</s>", "<unk>"] + pieces + ["<pad>"]))}
    if separate:
        # As long as one another: the library knows one id of <pad>, that of the source.
        source += [f"filler {i}" for i in range(len(target) - len(source))]
        target += [f"filler {i}" for i in range(len(source) - len(target))]
        write_json(folder / "vocab.json", vocabulary(source[::-1]))
        write_json(folder / "target_vocab.json", vocabulary(target))
        write_json(folder / "tokenizer_config.json", {"separate_vocabs": True, "tokenizer_class": "MarianTokenizer"})
    else:
        write_json(folder / "vocab.json", vocabulary([">>de<<", ">>fr<<"] + (source + target)[::-1]))
        write_json(folder / "tokenizer_config.json", {"tokenizer_class": "MarianTokenizer"})
    tokenizer = transformers.MarianTokenizer.from_pretrained(str(folder))
    result = {"source.spm": [], "target.spm": []}
    for line in LINES:
        ids = tokenizer(line, add_special_tokens=False)["input_ids"]
        # With separate vocabularies the library decodes ids of the target alone.
        text = None if separate else tokenizer.decode(ids, skip_special_tokens=True)
        result["source.spm"].append(expected(line, ids, text))
        ids = tokenizer(text_target=line, add_special_tokens=False)["input_ids"]
        result["target.spm"].append(expected(line, ids, tokenizer.decode(ids, skip_special_tokens=True)))
    write_json(folder / "expected.json", result)


def albert_text(text):
    """What ALBERT's first release does before SentencePiece."""
    text = unicodedata.normalize("NFKD", text.replace("``", '"').replace("''", '"'))
    return "".join(c for c in text if not unicodedata.combining(c)).lower()


def write_rebuilt(folder, tokenizer_class, settings, symbols, raised_by=0, prepare=lambda text: text):
    """`symbols`: those that are found in text, with their ids, of which the model's own pieces are none."""
    write_json(folder / "tokenizer_config.json", dict(settings, tokenizer_class=tokenizer_class.__name__))
    tokenizer = tokenizer_class.from_pretrained(str(folder))
    pieces = processor(folder / "spiece.model")
    found = re.compile("(" + "|".join(re.escape(s) for s in sorted(symbols, key=len, reverse=True)) + ")")

    def by_sentencepiece(line):
        ids, known = [], []
        for part in found.split(line):
            if part in symbols:
                ids.append(symbols[part])
            else:
                own = pieces.encode(prepare(part))
                ids += [i + raised_by for i in own]
                known += [i for i in own if i != pieces.unk_id()]
        return ids, pieces.decode(known)
    kept = []
    for line in LINES:
        ids = tokenizer(line, add_special_tokens=False)["input_ids"]
        text = tokenizer.decode(ids, skip_special_tokens=True)
        own_ids, own_text = by_sentencepiece(line)
        if ids == own_ids:
            kept.append(expected(line, ids, text if text == own_text else None))
    if 10 * len(kept) < 7 * len(LINES):
        sys.exit(f"{folder.name}: SentencePiece and the library agree on {len(kept)} of {len(LINES)} lines only")
    write_json(folder / "expected.json", {"spiece.model": kept})
    print(f"{folder.name}: {len(kept)} of {len(LINES)} lines, {sum(e['text'] is not None for e in kept)} texts")


LIKE_T5 = dict(model_type="unigram", vocab_size=UNIGRAM, pad_id=0, eos_id=1, unk_id=2, bos_id=-1)


def write_pegasus(folder):
    (folder / "spiece.model").write_bytes(train(ENGLISH + GERMAN, **LIKE_T5))
    names = ["<pad>", "</s>", "<mask_1>", "<mask_2>"] + [f"<unk_{i}>" for i in range(2, 103)] + ["<unk>"]
    write_rebuilt(folder, transformers.PegasusTokenizer, {}, {name: i for i, name in enumerate(names)}, raised_by=103)


def write_t5(folder):
    (folder / "spiece.model").write_bytes(train(ENGLISH + GERMAN, **LIKE_T5))
    symbols = {"<pad>": 0, "</s>": 1, "<unk>": 2}
    symbols |= {f"<extra_id_{i}>": UNIGRAM + 99 - i for i in range(100)}
    write_rebuilt(folder, transformers.T5Tokenizer, {}, symbols)


def write_albert(folder):
    lines = [albert_text(line) for line in ENGLISH + GERMAN]
    (folder / "spiece.model").write_bytes(train(lines, model_type="unigram", vocab_size=UNIGRAM, pad_id=0, unk_id=1,
                                                bos_id=-1, eos_id=-1, control_symbols="[CLS],[SEP],[MASK]"))
    symbols = {"<pad>": 0, "<unk>": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4}
    write_rebuilt(folder, transformers.AlbertTokenizer, {}, symbols, prepare=albert_text)


CASES = {
    "marian": lambda folder: write_marian(folder, separate=False),
    "marian_separate": lambda folder: write_marian(folder, separate=True),
    "pegasus": write_pegasus,
    "t5": write_t5,
    "albert": write_albert,
}


def main():
    if transformers.__version__ != VERSION:
        sys.exit(f"transformers {transformers.__version__} is installed; the golden files are those of {VERSION}")
    warnings.filterwarnings("ignore")
    for name, write in CASES.items():
        folder = GOLDEN / name
        folder.mkdir(parents=True, exist_ok=True)
        write(folder)
        print(f"wrote {folder}")


if __name__ == "__main__":
    main()
