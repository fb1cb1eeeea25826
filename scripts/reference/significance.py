#!/usr/bin/env python3
"""p-values of sacreBLEU, SciPy and statsmodels, to hold the program's own tests of significance against.

    python scripts/reference/significance.py                writes tests/golden/significance.json

Needs `pip install sacrebleu scipy statsmodels` and nothing else. All text in the golden file is made here.
"""

import json
import random
from pathlib import Path
from unittest import mock

import numpy
import sacrebleu
import scipy
import statsmodels
from sacrebleu import significance
from sacrebleu.metrics import BLEU, CHRF
from scipy import special, stats
from statsmodels.stats.multitest import multipletests

from metrics import WORDS, disturb

GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "golden" / "significance.json"
SENTENCES, RESAMPLES, MANY = 40, 200, 10_000


class GivenDraws:
    """In the place of NumPy's generator: draws that the golden file holds."""

    def __init__(self, indices, exchanged):
        self.indices, self.exchanged = indices, exchanged

    def choice(self, *_, **__):
        return self.indices

    def integers(self, *_, **__):
        return ~self.exchanged  # True keeps a sentence with its own system


def p_values(systems, references, metric, samples, draws=None):
    baseline, system = systems
    counts = metric._extract_corpus_statistics(baseline, references)
    score = metric._aggregate_and_compute(counts)
    information = {"metric": (counts, significance.Result(score.score))}
    found = {}
    for name, test in (("bootstrap", significance._paired_bs_test), ("randomization", significance._paired_ar_test)):
        arguments = (information, "system", system, references, {"metric": metric}, samples, -1, 12345)
        if draws is None:
            result = test(*arguments)
        else:
            with mock.patch.object(numpy.random, "default_rng", lambda _: draws):
                result = test(*arguments)
        found[name] = result[1]["metric"].p_value
    return found


def sentence_level():
    draw = random.Random(20041031)
    references = [" ".join(draw.choices(WORDS, k=draw.randint(4, 20))) + "." for _ in range(SENTENCES)]
    baseline = [disturb(line, draw) for line in references]
    # Better on every third sentence, on every second, and not at all.
    systems = [[reference if i % every == 0 else disturb(reference, draw) for i, reference in enumerate(references)]
               for every in (3, 2)] + [[disturb(line, draw) for line in references], baseline]
    numbers = numpy.random.default_rng(7)
    indices = numbers.integers(SENTENCES, size=(RESAMPLES, SENTENCES))
    exchanged = numbers.integers(2, size=(RESAMPLES, SENTENCES), dtype=bool)
    cases = []
    for system in range(len(systems)):
        for name, metric in (("bleu", BLEU()), ("chrf", CHRF()), ("chrf++", CHRF(word_order=2))):
            pair = (baseline, systems[system])
            given = p_values(pair, [references], metric, RESAMPLES, GivenDraws(indices, exchanged))
            many = p_values(pair, [references], metric, MANY)
            cases.append({"system": system, "metric": name, "given": given, "many": many})
    return {"references": references, "baseline": baseline, "systems": systems, "indices": indices.tolist(),
            "exchanged": exchanged.astype(int).tolist(), "samples": MANY, "cases": cases}


def seeds():
    draw = random.Random(1908)
    welch = []
    for n_a, n_b, shift in ((2, 2, 0.1), (3, 3, 0.5), (3, 5, 0.0), (10, 4, 2.0), (2, 30, 1.0)):
        a = [draw.gauss(30, 0.4) for _ in range(n_a)]
        b = [draw.gauss(30 + shift, 1.1) for _ in range(n_b)]
        result = stats.ttest_ind(a, b, equal_var=False)
        welch.append({"a": a, "b": b, "t": result.statistic, "df": result.df, "p": result.pvalue})
    degrees = (1, 1.5, 2, 4, 7.3, 30, 1000)
    families = [[0.01, 0.04, 0.03, 0.005], [0.2], [0.5, 0.5, 0.6], [0.001, 0.9, 0.03, 0.03, 0.011]]
    intervals = []
    for row in welch:
        low, high = stats.t.interval(0.95, len(row["a"]) - 1, numpy.mean(row["a"]), stats.sem(row["a"]))
        intervals.append({"values": row["a"], "half_width": (high - low) / 2})
    return {
        "welch": welch,
        "intervals": intervals,
        "two_sided": [{"t": t, "df": df, "p": 2 * stats.t.sf(t, df)} for df in degrees for t in (0, 0.3, 1, 2.7, 12, 80)],
        "quantiles": [{"probability": p, "df": df, "t": stats.t.ppf(p, df)}
                      for df in degrees for p in (0.001, 0.2, 0.5, 0.8, 0.975, 0.9999)],
        "incomplete_beta": [{"a": a, "b": b, "x": x, "value": special.betainc(a, b, x)}
                            for a in (0.5, 1, 3.2, 50) for b in (0.5, 2, 17) for x in (0.01, 0.3, 0.5, 0.9, 0.999)],
        "families": [{"p": p, "holm": multipletests(p, method="holm")[1].tolist(),
                      "bonferroni": multipletests(p, method="bonferroni")[1].tolist()} for p in families],
    }


def main():
    golden = {"sacrebleu": sacrebleu.__version__, "scipy": scipy.__version__, "statsmodels": statsmodels.__version__,
              "sentence_level": sentence_level(), "seeds": seeds()}
    GOLDEN.write_text(json.dumps(golden, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
