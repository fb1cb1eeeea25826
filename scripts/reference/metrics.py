#!/usr/bin/env python3
"""Figures of the sacreBLEU package, to hold the program's own BLEU and chrF against.

    python scripts/reference/metrics.py                     writes tests/golden/metrics.json
    python scripts/reference/metrics.py --compare HYP REF   prints both figures for real hypotheses

Needs `pip install sacrebleu` (2.x) and nothing else. All text in the golden file is written here. --compare
runs build/ablate, or the program that --ablate names; exit status 1 means that a figure differs.
"""

import argparse
import itertools
import json
import random
import re
import subprocess
import sys
from pathlib import Path

import sacrebleu
from sacrebleu.metrics import BLEU, CHRF

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "metrics.json"
TOKENIZATIONS = ["13a", "intl", "char", "none"]

# (hypothesis, first reference, second reference)
HARD = [
    ("The harbour was closed on Monday.",
     "The harbour was closed on Monday.", "On Monday the port was shut."),
    ("It costs 1,000.5 euros, not 1.000,5!",
     "It costs 1,000.50 euros, not 1.000,5 !", "The price: 1,000.5 euros"),
    ("Call 555-0199, ext. 12-b, at 7.30 a.m.",
     "Call 555-0199 ext. 12b at 7:30 a.m.", "Dial 555 - 0199 at 7.30 am."),
    ("a,b.c,1.d,2,e.,f..g,,,h...i", "a,b.c,1.d,2,e.,f..g,,,h.i", "a , b . c , 1.d , 2 , e . , f"),
    ("In 2019. In 1,5. 3.", "In 2019. In 1,5, 3.", "In 2019 . In 1,5 . 3 ."),
    ("&quot;Salt &amp; pepper&quot; &lt;b&gt; &amp;lt;i&amp;gt;",
     "\"Salt & pepper\" <b> &lt;i&gt;", "Salt & pepper"),
    ("&QUOT;loud&QUOT; &apos;quiet&apos; &nbsp;", "\"loud\" 'quiet' &nbsp;", "&quot;loud&quot; quiet"),
    ("before <skipped> after <SKIPPED> end", "before after end", "before <skipped>after end"),
    ("rock-'n'-roll isn't dead: it's \"asleep\"",
     "rock 'n' roll isn't dead; it's \"asleep\"", "It is asleep"),
    ("user@example.org/path?q=1&r=2#top {x} [y] ~z^2 `w`",
     "user@example.org/path?q=1&r=2 {x} [y] ~z `w`", "x y"),
    ("50% of $3.20 + 4*5 = 20 | a\\b_c", "50 % of $ 3.20 + 4 * 5 = 20 a\\b_c", "half of it"),
    ("我们 明天去图书馆。你呢?", "我们明天去图书馆。你呢?", "明天 我们 去 图书馆 。"),
    ("彼は「はい」と答えた、3.5キロ。", "彼は「いいえ」と答えた、3.5キロ。", "「はい」と彼は言った"),
    ("오늘은 날씨가 좋습니다.", "오늘은 날씨가 매우 좋습니다.", "오늘 날씨 좋다."),
    ("שלום, עולם! (כן)", "שלום עולם! (לא)", "עולם, שלום"),
    ("مرحبا، كيف الحال؟ ١٢٣٫٥", "مرحبا كيف الحال؟ ١٢٣٫٥", "كيف الحال"),
    ("abc \u200fאבג\u200e 12-13", "abc אבג 12-13", "abc 12"),
    ("ein Haus — „groß“ … und «schön» – ja", "ein Haus - \"groß\" ... und schön - ja", "ein großes Haus"),
    ("family \U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 and flag \U0001f1e9\U0001f1ea!",
     "family \U0001f468\u200d\U0001f469\u200d\U0001f467 and flag \U0001f1e9\U0001f1f0!", "\U0001f468 flag"),
    ("thumb \U0001f44d\U0001f3fd heart \u2764\ufe0f keycap 1\ufe0f\u20e3 ok",
     "thumb \U0001f44d heart \u2764 keycap 1 ok", "thumbs"),
    ("cafe\u0301 nai\u0308ve a\u0323\u0302 Z\u0351\u036b\u0343", "café naïve \u1ead Z", "cafe\u0301 naïve"),
    ("STRASSE Straße \u1e9e ß", "strasse straße ß \u1e9e", "Strasse"),
    ("\u0130stanbul I\u0131i\u0130 \u0130\u0307", "i\u0307stanbul ii\u0131 I\u0307", "Istanbul"),
    ("ΟΔΟΣ ΣΑΣ Σ. Σ ΑΣ' Α\u0301Σ ΣΣ-Σ", "οδος σας σ. σ ας' α\u0301ς σς-σ", "οδοσ"),
    ("\u01c5ungla \ufb01ne \u2126 \u212b \u212a \U00010400\U00010401",
     "\u01c6ungla fine ω å k \U00010428\U00010429",
     "k"),
    ("a\u00a0b\u2009c\u3000d\u200be\u2028f\u0085g\u001ch", "a b c d e f g h", "a\u00a0b c\u3000d"),
    ("  two  spaces\tand a tab  ", "two spaces and a tab", "\ttwo spaces"),
    ("ends in a mark .  ", "ends in a mark.", "ends"),
    ("", "an empty hypothesis", "nothing"),
    ("an empty reference", "", "an empty one"),
    ("", "", ""),
    (" \t\u00a0", "only spaces there", ""),
    ("x", "x", "y"),
    ("?", "!", "."),
    ("the the the the the the the", "the cat is on the mat", "there is a cat on the mat"),
    ("(hi) \"hi\" 'hi' -hi- ...hi... ! ?!", "(hi) hi 'hi' -hi- hi...", "hi"),
    ("½ cup, x² + y³ ≤ 5€, №7 Ⅷ.③", "1/2 cup, x² + y³ ≥ 5€, №7 Ⅷ,③", "half a cup"),
    ("10−5 10–5 10-5 -5 5- 5-a a-5 5--6", "10-5 10-5 10-5 -5 5 - 5-a a-5 5--6", "10 5"),
    ("hyphen-\nated line\nbreaks &amp;\n", "hyphenated line breaks &", "hyphen- ated"),
    ("carriage\r\nreturn\x0b\x0cfeed", "carriage return feed", "carriage"),
    ("नमस्ते दुनिया। १,००० रुपये", "नमस्ते, दुनिया। १,००० रुपए", "नमस्ते"),
    ("Привет, МИР! Ёж — это «ёж».", "привет, мир! Еж - это \"ёж\".", "Привет мир"),
    ("wait…what?!—yes;no:maybe", "wait... what?! - yes; no: maybe", "what"),
    ("A B C D E F G", "a b c d e f g", "A b C d E f G"),
]

WORDS = ("a the red small river bridge child reads walks sells near under morning market letter often never "
         "quietly two three old boat runs , . and but").split()


def disturb(line, draw):
    """A plausible bad translation of a line: words lost, doubled, swapped, capitalised."""
    words = line.split()
    for _ in range(draw.randint(0, 3)):
        i = draw.randrange(len(words))
        change = draw.choice(["drop", "double", "swap", "capital", "other"])
        if change == "drop" and len(words) > 1:
            del words[i]
        elif change == "double":
            words.insert(i, words[i])
        elif change == "swap":
            j = draw.randrange(len(words))
            words[i], words[j] = words[j], words[i]
        elif change == "capital":
            words[i] = words[i].capitalize()
        else:
            words[i] = draw.choice(WORDS)
    return " ".join(words)


def corpora():
    """Name -> (hypotheses, references), references[r][i] as sacreBLEU takes them."""
    hypotheses, first, second = map(list, zip(*HARD))
    draw = random.Random(20170612)
    drawn = [" ".join(draw.choices(WORDS, k=draw.randint(3, 25))) + "." for _ in range(60)]
    plain = first[0:3]
    return {
        "hard": (hypotheses, [first]),
        "hard_two_references": (hypotheses, [first, second]),
        "drawn": ([disturb(line, draw) for line in drawn], [drawn]),
        "drawn_three_references": (
            [disturb(line, draw) for line in drawn],
            [[disturb(line, draw) for line in drawn] for _ in range(3)]),
        "short": (["yes", "no way", "it is so", ""], [["yes", "no", "it was so", "well"]]),
        "too_short": (["yes", "no way"], [["yes", "no way"]]),
        "unigrams_only": (["b a d c", "h g f e"], [["a b c d", "e f g h"]]),
        "perfect": (plain, [plain]),
        "no_match": (["aaa bbb ccc ddd eee", "fff"], [["ggg hhh iii jjj kkk", "lll"]]),
        "empty_hypotheses": (["", "", ""], [plain]),
        "empty_references": (plain, [["", "", ""]]),
        "empty_both": (["", ""], [["", ""]]),
        "one_line": (hypotheses[1:2], [first[1:2]]),
    }


SMOOTHINGS = [("exp", None), ("none", None), ("floor", None), ("floor", 0.5), ("floor", 0), ("add-k", None),
              ("add-k", 0.25), ("add-k", 2)]


def bleu_options(full):
    for tokenize, lowercase in itertools.product(TOKENIZATIONS, [False, True]):
        for effective_order, (method, value) in itertools.product([False, True], SMOOTHINGS):
            if full or (method, effective_order) == ("exp", False):
                yield {"tokenize": tokenize, "lowercase": lowercase, "effective_order": effective_order,
                       "smooth_method": method, "smooth_value": value}


def chrf_options(full):
    choices = itertools.product([0, 1, 2], [False, True], [False, True], [False, True])
    for word_order, lowercase, whitespace, eps_smoothing in choices:
        if full or (word_order != 1 and not lowercase):
            yield {"char_order": 6, "word_order": word_order, "beta": 2, "lowercase": lowercase,
                   "whitespace": whitespace, "eps_smoothing": eps_smoothing}
    if full:
        default = {"char_order": 6, "word_order": 0, "beta": 2, "lowercase": False, "whitespace": False,
                   "eps_smoothing": False}
        for other in ({"beta": 1}, {"beta": 3, "word_order": 2}, {"char_order": 3},
                      {"char_order": 0, "word_order": 2}, {"char_order": 1, "word_order": 4}):
            yield {**default, **other}


FULL = {"hard", "hard_two_references", "short", "too_short"}


def bleu_case(name, texts, options):
    metric = BLEU(**options, force=True)
    score = metric.corpus_score(*texts)
    signature = str(metric.get_signature())
    return {"corpus": name, "options": options, "score": score.score, "precisions": score.precisions,
            "brevity_penalty": score.bp, "hyp_len": score.sys_len, "ref_len": score.ref_len,
            "signature": signature, "text": score.format(signature=signature)}


def chrf_case(name, texts, options):
    metric = CHRF(**options)
    score = metric.corpus_score(*texts)
    signature = str(metric.get_signature())
    return {"corpus": name, "options": options, "score": score.score, "signature": signature,
            "text": score.format(signature=signature)}


def sentence_cases(references_per_line):
    """Counts of single sentences (hyp_len, ref_len, correct, total; hyp, ref, match per order) and scores."""
    cases = []
    for hypothesis, *references in HARD:
        references = references[:references_per_line]
        bleu = BLEU(effective_order=True)
        chrf = CHRF(word_order=2)
        streams = [[reference] for reference in references]
        cases.append({
            "hypothesis": hypothesis, "references": references,
            "bleu_statistics": bleu._extract_corpus_statistics([hypothesis], streams)[0],
            "bleu": bleu.sentence_score(hypothesis, references).score,
            "chrf_statistics": chrf._extract_corpus_statistics([hypothesis], streams)[0],
            "chrf": chrf.sentence_score(hypothesis, references).score})
    return cases


def line_cases():
    """What happens to single lines: lower case, and the tokens joined by spaces."""
    lines = dict.fromkeys(line for row in HARD for line in row)
    tokenizers = {name: BLEU(tokenize=name).tokenizer for name in TOKENIZATIONS}

    def tokens(line):
        return {name: " ".join(tokenizer(line.rstrip()).split()) for name, tokenizer in tokenizers.items()}

    return [{"line": line, "lower": line.lower(), "tokens": tokens(line)} for line in lines]


def golden():
    texts = corpora()
    bleu = [bleu_case(name, texts[name], options) for name in texts for options in bleu_options(name in FULL)]
    chrf = [chrf_case(name, texts[name], options) for name in texts for options in chrf_options(name in FULL)]
    return {
        "sacrebleu": sacrebleu.__version__,
        "corpora": {name: {"hypotheses": h, "references": r} for name, (h, r) in texts.items()},
        "bleu": bleu, "chrf": chrf,
        "sentences": sentence_cases(1) + sentence_cases(2),
        "lines": line_cases(),
    }


def write_golden(path):
    """One case per line, so that a change shows in a diff."""
    def dump(value):
        return json.dumps(value, separators=(",", ":"))

    sections = []
    for key, value in golden().items():
        if isinstance(value, list):
            sections.append(f'"{key}":[\n' + ",\n".join(map(dump, value)) + "\n]")
        elif isinstance(value, dict):
            rows = ",\n".join(f"{dump(name)}:{dump(row)}" for name, row in value.items())
            sections.append(f'"{key}":{{\n{rows}\n}}')
        else:
            sections.append(f'"{key}":{dump(value)}')
    path.write_text("{\n" + ",\n".join(sections) + "\n}\n", encoding="utf-8")
    print(f"wrote {path}", file=sys.stderr)


def read_lines(path):
    """Lines as sacreBLEU's own command reads them."""
    with open(path, encoding="utf-8") as file:
        return [line.rstrip() for line in file]


def reference_figure(request, hypotheses, references):
    """sacreBLEU's figure for a request as `ablate score` takes it: bleu:tokenize=intl:lowercase=true."""
    name, *pairs = request.split(":")
    kinds = {"tokenize": str, "smooth_method": str, "smooth_value": float, "char_order": int,
             "word_order": int, "beta": int}
    options = {}
    for pair in pairs:
        key, value = pair.split("=")
        options[key] = kinds[key](value) if key in kinds else value == "true"
    if name == "chrf++":
        options = {"word_order": 2, **options}
    metric = BLEU(**options, force=True) if name == "bleu" else CHRF(**options)
    score = metric.corpus_score(hypotheses, [references])
    return score.name, str(metric.get_signature()), f"{score.score:.2f}"


def compare(arguments):
    hypotheses, references = read_lines(arguments.compare[0]), read_lines(arguments.compare[1])
    if len(hypotheses) != len(references):
        sys.exit(f"unequal line counts: {len(hypotheses)} hypotheses, {len(references)} references")
    command = [arguments.ablate, "score", "--hypothesis", arguments.compare[0],
               "--reference", arguments.compare[1], "--metrics", arguments.metrics]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    ours = re.findall(r"([^|\s]+)\|(\S+) = ([\d.]+)", output)
    requests = arguments.metrics.split(",")
    if len(ours) != len(requests):
        sys.exit(f"{' '.join(command)} printed {len(ours)} scores for {len(requests)} metrics:\n{output}")

    def without_version(name, signature, value):
        return name, re.sub(r"version:.*", "", signature), value

    all_equal = True
    for request, our in zip(requests, ours):
        theirs = reference_figure(request, hypotheses, references)
        equal = without_version(*theirs) == without_version(*our)
        all_equal = all_equal and equal
        print(f"{request}: {'equal' if equal else 'DIFFERENT'}")
        for who, (name, signature, value) in (("sacrebleu", theirs), ("ablate", our)):
            print(f"  {who:10s} {value:>6s}  {name}|{signature}")
    return 0 if all_equal else 1


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=GOLDEN, help="where the golden file goes")
    parser.add_argument("--compare", nargs=2, metavar=("HYP", "REF"),
                        help="compare figures instead of writing")
    parser.add_argument("--ablate", default=str(ROOT / "build" / "ablate"),
                        help="the program to compare with")
    parser.add_argument("--metrics", default="bleu,bleu:tokenize=intl,bleu:tokenize=char,bleu:tokenize=none,"
                        "bleu:lowercase=true,chrf,chrf++",
                        help="metrics to compare, as `ablate score` takes them")
    arguments = parser.parse_args()
    if arguments.compare:
        sys.exit(compare(arguments))
    write_golden(arguments.output)


if __name__ == "__main__":
    main()
