#!/usr/bin/env python3
"""Figures of labels from scikit-learn and SciPy, to hold the program's own against.

    python scripts/reference/labels.py        writes tests/golden/labels.json

Needs `pip install scikit-learn==1.9.1 scipy==1.17.1` and nothing else. All labels are made up here.
"""

import json
import random
from pathlib import Path

from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef

GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "golden" / "labels.json"


def classes(generator, names, count, right):
    references = names + [generator.choice(names) for _ in range(count - len(names))]
    said = [name if generator.random() < right else generator.choice(names) for name in references]
    return {
        "hypotheses": said,
        "references": references,
        "label_accuracy": 100 * accuracy_score(references, said),
        "macro_f1": 100 * f1_score(references, said, average="macro", labels=names, zero_division=0),
        "matthews": 100 * matthews_corrcoef(references, said),
    }


def numbers(generator, count, noise, digits):
    references = [round(generator.uniform(1, 5), digits) for _ in range(count)]
    said = [round(value + generator.gauss(0, noise), digits) for value in references]
    return {
        "hypotheses": [str(value) for value in said],
        "references": [str(value) for value in references],
        "pearson": 100 * pearsonr(said, references).statistic,
        "spearman": 100 * spearmanr(said, references).statistic,
    }


def main():
    generator = random.Random(1)
    golden = {
        "classes": [
            classes(generator, ["yes", "no"], 40, 0.7),
            classes(generator, ["yes", "no"], 12, 0.0),
            classes(generator, ["a", "b", "c", "d"], 60, 0.5),
            classes(generator, ["one class with spaces", "another", "a third"], 9, 1.0),
        ],
        # One digit leaves many equal numbers, whose ranks are shared.
        "numbers": [numbers(generator, 30, 0.5, 3), numbers(generator, 50, 2.0, 0), numbers(generator, 5, 0.1, 1)],
    }
    GOLDEN.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
