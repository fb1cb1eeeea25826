#!/usr/bin/env python3
"""Ids and text of the library `tokenizers`, to hold the program's own reading of its files against.

    python scripts/reference/published_tokenizers.py              writes tests/golden/tokenizers/
    python scripts/reference/published_tokenizers.py --fuzz 20000 compares as many random lines with build/ablate

Needs `pip install tokenizers==0.23.3` and nothing else. Small tokenizers of the styles of published models are trained
on text that is made up here. Of each style there is NAME.json, the file of the tokenizer, and NAME.expected.json, what
the library makes of the lines in lines.json and of sequences of ids, without added special tokens. --fuzz runs the
program that --ablate names; exit status 1 means that a line differs.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

VERSION = "0.23.3"
ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "tokenizers"

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
GPT4 = (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)"
        r"|\s+")
GPT4O = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
         r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
         r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
BLOOM = r" ?[^(\s|[.,!?…。，、।۔،])]+"

HARD = [
    "",
    " ",
    "   ",
    "a",
    "The old ferry doesn't leave before seven o'clock.",
    "  two  spaces   and three ",
    "\ttabs\t\tand\t spaces \t",
    "one line\nand another\n\n\nafter two empty ones\n",
    "line ends\r\nof\rall\r\n\r\nkinds \r\n ",
    "no\u00a0break\u00a0\u00a0space and\u202fa narrow one",
    "all spaces:\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u205f\u3000end",
    "next\u0085line, vertical\u000btab, form\u000cfeed, \u001c\u001d\u001e\u001f separators, mongolian\u180evowel",
    "zero width:\u200b\u200c\u200d\u2060\ufeffend",
    "\u0000\u0001\u0007\u0008control\u007f\u0080\u009f characters\u0000",
    "I'm, you're, he's, it'd, we've, they'll, isn't, I'M, YOU'RE, HE'S, IT'D, WE'VE, THEY'LL, ISN'T",
    "I\u2019m you\u2019re he\u2019s 'tis 'twas o''clock ''s '\u017f 'S'T'RE x's'll",
    "do not, does n't, can 't, the dog 's tail ' s . , ? !",
    "1 12 123 1234 12345 1,234,567.89 3.14e-10 0x1F \u00bd \u00b2 \u2167 \u2460",
    "\u0661\u0662\u0663\u0664\u0665 \u0967\u0968\u0969\u096a \u0e51\u0e52\u0e53 \u4e00\u4e8c\u4e09 "
    "\uff11\uff12\uff13\uff14",
    "emoji \U0001f600\U0001f600 \U0001f44d\U0001f3fd \u2764\ufe0f 1\ufe0f\u20e3 "
    "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7",
    "family \U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 and \U0001f3f3\ufe0f\u200d\U0001f308 flag",
    "caf\u00e9 cafe\u0301 \u00c5ngstr\u00f6m A\u030angstro\u0308m \u212bngstrom na\u00efve nai\u0308ve",
    "a\u0323\u0302 a\u0302\u0323 \u1ead \u0344 \u0340 q\u0307\u0323 q\u0323\u0307 Z\u0351\u036b\u0343 \u1e9b\u0323 "
    "\ufb01 \u2460",
    "\u0130stanbul I\u0131i\u0130 STRASSE Stra\u00dfe \u1e9e \u01c5 \u01c4 \u039f\u0394\u039f\u03a3 \u03a3\u03a3",
    "\u6211\u4eec\u660e\u5929\u53bb\u56fe\u4e66\u9986\u3002\u4f60\u5462\uff1f "
    "\u65e5\u672c\u8a9e\u3068English\u3092\u6df7\u305c\u308b \u30ab\u30bf\u30ab\u30ca",
    "\u3400\u4dbf \U00020000\U0002a6df \U0002a700 \U0002b740 \U0002b820 \uf900 \U0002f800 \u4dc0 \u3105 \u2f00",
    "\uc624\ub298\uc740 \ub0a0\uc528\uac00 \uc88b\uc2b5\ub2c8\ub2e4. \u1112\u1161\u11ab\u1100\u1173\u11af \u3131\u314f",
    "\u0645\u0631\u062d\u0628\u0627\u060c \u0643\u064a\u0641 \u0627\u0644\u062d\u0627\u0644\u061f "
    "\u0645\u064f\u062d\u064e\u0645\u0651\u064e\u062f \u0651\u064e \u064e\u0651 \u200f\u200eabc",
    "\u05e9\u05dc\u05d5\u05dd, \u05e2\u05d5\u05dc\u05dd! \u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd \u05bc\u05b8 "
    "\u202bembedded\u202c",
    "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35\u0e0a\u0e32\u0e27\u0e42\u0e25\u0e01 \u0e33\u0e4d\u0e32 "
    "\u0928\u092e\u0938\u094d\u0924\u0947 \u0915\u094d\u0937\u093f\u0964 \u0baa\u0bca\u0bc6\u0bbe",
    "\u10d2\u10d0\u10db\u10d0\u10e0\u10ef\u10dd\u10d1\u10d0 \u1c92\u1c90 \u13a0\uab70 \U00010400\U00010428 "
    "\U0001e900\U0001e922 \u166d \u1734 \u1885\u1886 \ua9bd",
    "\u0300 starts with a mark\u0301, \u20dd, \u0903 and \u0488",
    "private \ue000\uf8ff\U000f0000 and no characters \ufdd0\ufffe\uffff\U0001fffe, replacement \ufffd",
    "tag\U000e0061\U000e007f soft\u00adhyphen \u0600 \u06dd \u070f \u08e2 \U000110bd \U0001d173 \u061c \u2066\u2069",
    "snake_case camelCase HTTPServer XMLHttpRequest2 x86_64 C++ a/b\\c e-mail@example.org "
    "https://example.org/?q=1&r=2#x",
    "punctuation!!! ...???\u2026 \u2014\u2013-- \u00ab\u201equoted\u201c\u00bb $5 \u20ac6 ^_^ `x` ~ | <b> {c} [d] "
    "(e) +=%*&#@ \u2e43 \U000111c9",
    "<s> <|endoftext|> </s><pad> [CLS] a [SEP][PAD] [UNK] [MASK] <mask> <unk> <|begin_of_text|><|end_of_text|>x",
    "a<|endoftext|>b <|endoftext|> c <|endoftext|>",
    "word <mask> word  <mask>word\t\n<mask>  ",
    "wordtoken word token TOKEN tokenize _token token. \u00e9token token\u0301 (token)  token  ",
    "left  <left>  right  <right>  both  <both>  <both><both> \u3000<left>\u3000",
    "Caf\u00e9Token CAF\u00c9TOKEN cafe\u0301token caf\u00e9token",
    "under_score __init__ \u203f\u2040 a_b",
    "\u00e9" * 70 + " " + "word" * 30 + " " + "x" * 101 + " " + "x" * 100 + " " + "\u00e9" * 100,
    "the harbour" * 300,
    "".join(chr(97 + (i * i + i // 7) % 26) for i in range(3000)),
    " " * 500 + "x" + " " * 300,
    "!?" * 400 + "7" * 500,
]


def training_text():
    """Sentences of a small grammar, in several scripts."""
    rng = random.Random(3)
    who = ["the harbour master", "a grey ferry", "my sister", "The old captain", "eine M\u00f6we", "\u6211\u4eec",
           "\u0645\u0631\u062d\u0628\u0627", "\uc624\ub298\uc740", "caf\u00e9 owners", "nobody", "WE", "she"]
    does = ["sees", "follows", "doesn't remember", "paints", "\u00fcberholt", "isn't waiting for", "\u53bb",
            "won't leave", "'ll board"]
    what = ["the river.", "a train!", "the lighthouse?", "seven ships,", "2,024 lanterns;", "nothing: nothing at all.",
            "\u56fe\u4e66\u9986\u3002", "its shadow...", "1999's winter", "\U0001f600 faces",
            "\u05e9\u05dc\u05d5\u05dd", "\n", "  indented words"]
    return [" ".join(rng.choice(part) for part in (who, does, what)) for _ in range(1500)]


def byte_level(name, vocabulary, pattern=None, normalizer=None, special=(), prefix=False, before=()):
    """Trains a byte-level BPE; `special` tokens take the first ids of its vocabulary."""
    tokenizer = Tokenizer(models.BPE())
    if normalizer:
        tokenizer.normalizer = normalizer
    last = pre_tokenizers.ByteLevel(add_prefix_space=prefix, use_regex=pattern is None)
    steps = list(before)
    if pattern:
        steps.append(pre_tokenizers.Split(Regex(pattern), "isolated"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps + [last]) if steps else last
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, special_tokens=list(special), show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(training_text(), trainer)
    return tokenizer


def changed(tokenizer, change):
    """The tokenizer after `change` of the JSON that stores it, and that JSON."""
    stored = json.loads(tokenizer.to_str())
    change(stored)
    return Tokenizer.from_str(json.dumps(stored)), stored


def gpt2():
    """As the oldest files have it: merges as texts, no type of the model."""
    def age(stored):
        stored["model"]["merges"] = [" ".join(pair) for pair in stored["model"]["merges"]]
        for key in ("type", "byte_fallback", "ignore_merges"):
            del stored["model"][key]
        del stored["pre_tokenizer"]["use_regex"]
    return changed(byte_level("gpt2", 420, special=["<|endoftext|>"]), age)


def roberta():
    tokenizer = byte_level("roberta", 420, special=["<s>", "<pad>", "</s>", "<unk>"], prefix=True)
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, normalized=False)])
    tokenizer.add_tokens([AddedToken("token", single_word=True), AddedToken("<left>", lstrip=True),
                          AddedToken("<right>", rstrip=True), AddedToken("<both>", lstrip=True, rstrip=True)])
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return changed(tokenizer, lambda stored: None)


def llama3():
    tokenizer = byte_level("llama3", 440, pattern=LLAMA3)
    tokenizer.add_special_tokens(["<|begin_of_text|>", "<|end_of_text|>", "<|reserved|>"])
    begin = tokenizer.token_to_id("<|begin_of_text|>")
    tokenizer.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=True),
        processors.TemplateProcessing(single="<|begin_of_text|> $A",
                                      pair="<|begin_of_text|> $A <|begin_of_text|>:1 $B:1",
                                      special_tokens=[("<|begin_of_text|>", begin)])])

    def keep_words(stored):
        """Words that no merge makes: they are found whole or not at all."""
        stored["model"]["ignore_merges"] = True
        del stored["model"]["merges"][-60:]
    return changed(tokenizer, keep_words)


def qwen2():
    tokenizer = byte_level("qwen2", 400, pattern=QWEN2, normalizer=normalizers.NFC())
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>"])
    tokenizer.add_tokens([AddedToken("cafe\u0301token", normalized=True), AddedToken("    ", normalized=False)])
    return changed(tokenizer, lambda stored: None)


def gpt4():
    """As converters write it: what no match covers is dropped, and matches cover everything."""
    def invert(stored):
        split = stored["pre_tokenizer"]["pretokenizers"][0]
        split.update(behavior="Removed", invert=True)
    return changed(byte_level("gpt4", 380, pattern=GPT4, special=["<|endoftext|>"]), invert)


def gpt4o():
    return changed(byte_level("gpt4o", 380, pattern=GPT4O, special=["<|endoftext|>"]), lambda stored: None)


def bloom():
    tokenizer = byte_level("bloom", 380, pattern=BLOOM, special=["<unk>", "<s>", "</s>", "<pad>"])
    return changed(tokenizer, lambda stored: None)


def falcon():
    """Digits and Split see bytes that are characters already."""
    tokenizer = byte_level("falcon", 380, special=["<|endoftext|>"])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.ByteLevel(add_prefix_space=False),
        pre_tokenizers.Digits(individual_digits=False), pre_tokenizers.Split(Regex("[0-9][0-9][0-9]"), "isolated")])
    return changed(tokenizer, lambda stored: None)


def merged(behavior):
    """Punctuation with one of the neighbours, and a letter that the vocabulary lacks: unknown."""
    tokenizer = byte_level("merged", 380, special=["<unk>"], prefix=True, before=[pre_tokenizers.Punctuation(behavior)])

    def forget(stored):
        stored["model"].update(unk_token="<unk>", fuse_unk=behavior == "merged_with_next")
        q = stored["model"]["vocab"].pop("q")
        stored["model"]["vocab"] = {piece: i - (i > q) for piece, i in stored["model"]["vocab"].items()}
    return changed(tokenizer, forget)


def bert(lowercase):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=420, show_progress=False,
                                        special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    tokenizer.train_from_iterator(training_text() + [" ".join("n ' t s d m do not re ve ll . , ! ?".split())], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    if lowercase:
        tokenizer.add_tokens([AddedToken("Caf\u00e9Token"), AddedToken("token", single_word=True),
                              AddedToken("HARBOUR", normalized=True, special=True)])
    return changed(tokenizer, lambda stored: None)


def steps():
    """BERT's work in steps of its own, of which StripAccents takes other marks, and text that is not tidied."""
    tokenizer, _ = bert(False)
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(),
                                                 normalizers.Lowercase()])
    tokenizer.decoder = decoders.WordPiece(cleanup=False)
    return changed(tokenizer, lambda stored: stored["model"].update(max_input_chars_per_word=12))


STYLES = {
    "gpt2": gpt2, "roberta": roberta, "llama3": llama3, "qwen2": qwen2, "gpt4": gpt4, "gpt4o": gpt4o, "bloom": bloom,
    "falcon": falcon, "merged_with_previous": lambda: merged("merged_with_previous"),
    "merged_with_next": lambda: merged("merged_with_next"), "bert_uncased": lambda: bert(True),
    "bert_cased": lambda: bert(False), "normalizer_steps": steps,
}


def assigned_characters(database):
    return [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000 and database.category(chr(c)) != "Cn"]


def random_line(rng, characters, atoms):
    length = rng.choice([1, 3, 8, 20, 60])
    return "".join(rng.choice(atoms) if rng.random() < 0.7 else rng.choice(characters) for _ in range(length))


def random_lines(count, seed, database):
    """Pieces of the hard lines and random characters that a version of Unicode knows, mixed."""
    rng = random.Random(seed)
    characters = assigned_characters(database)
    atoms = sorted(set("".join(HARD[:44])))
    atoms += [" ", " ", " ", "  ", "\r\n", "'", "'s", "'LL", "don't", "token", "<mask>", "<left>", "<both>", "<s>",
              "</s>", "<|endoftext|>", "[CLS]", "[MASK]", "the", "Harbour", "12", "e\u0301", "\u0323\u0302"]
    return [random_line(rng, characters, atoms) for _ in range(count)]


def random_ids(tokenizer, count, seed):
    rng = random.Random(seed)
    size = tokenizer.get_vocab_size()
    return [[rng.randrange(size) for _ in range(rng.randrange(1, 16))] for _ in range(count)]


def write(path, value):
    path.write_text(json.dumps(value, separators=(",", ":")) + "\n", encoding="ascii")


def write_golden():
    GOLDEN.mkdir(parents=True, exist_ok=True)
    # The one version that every Python has, so that the lines are the same in each.
    lines = HARD + random_lines(150, 11, unicodedata.ucd_3_2_0)
    write(GOLDEN / "lines.json", lines)
    for name, make in STYLES.items():
        tokenizer, stored = make()
        ids = [tokenizer.encode(line, add_special_tokens=False).ids for line in lines]
        sequences = random_ids(tokenizer, 40, 7)
        write(GOLDEN / f"{name}.json", stored)
        write(GOLDEN / f"{name}.expected.json", {
            "ids": ids,
            "texts": [tokenizer.decode(line) for line in ids],
            "sequences": [{"ids": ids, "text": tokenizer.decode(ids)} for ids in sequences]})
        print(f"{name}: {tokenizer.get_vocab_size()} pieces")


def run(program, action, file, lines):
    """Ids and pieces of text go through the program one a line."""
    done = subprocess.run([program, "tokenizer", action, "--model", str(file), "--ids"], input="\n".join(lines) + "\n",
                          capture_output=True, encoding="utf-8", check=True, errors="strict")
    return done.stdout.split("\n")[:-1]


def fuzz(program, count):
    # What ends a line cannot be in one, and a mark at the start of a file is none of its text.
    lines = [line.replace("\n", " ").replace("\r", " ") for line in ["first"] + random_lines(count, 5, unicodedata)]
    wrong = 0
    for name, make in STYLES.items():
        tokenizer, stored = make()
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "tokenizer.json"
            write(file, stored)
            ours = run(program, "encode", file, lines)
            theirs = [" ".join(map(str, e.ids)) for e in tokenizer.encode_batch(lines, add_special_tokens=False)]
            sequences = random_ids(tokenizer, count, 9)
            decoded = run(program, "decode", file, [" ".join(map(str, ids)) for ids in sequences])
            texts = [text.replace("\n", " ") for text in tokenizer.decode_batch(sequences)]
        different = [f"{a!r}: {c} instead of {b}" for a, b, c in zip(lines, theirs, ours, strict=True) if b != c]
        different += [f"{a}: {c!r} instead of {b!r}"
                      for a, b, c in zip(sequences, texts, decoded, strict=True) if b != c]
        print(f"{name}: {len(different)} of {len(lines) + len(sequences)} differ")
        print("\n".join(different[:5]), end="\n" if different else "")
        wrong += len(different)
    return wrong


def main():
    if tokenizers.__version__ != VERSION:
        sys.exit(f"tokenizers {tokenizers.__version__} is installed; the golden files are those of {VERSION}")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fuzz", type=int, metavar="N", help="compare N random lines for each style, write nothing")
    parser.add_argument("--ablate", default=str(ROOT / "build" / "ablate"), help="the program to compare with")
    arguments = parser.parse_args()
    if arguments.fuzz:
        sys.exit(1 if fuzz(arguments.ablate, arguments.fuzz) else 0)
    write_golden()


if __name__ == "__main__":
    main()
