#!/usr/bin/env python3
"""Spearman's correlations of predictions with many ties, for tests/evaluation/lds.cpp.

Scores are tenths, so the true predictions are rational numbers, and SciPy ranks those: numerators
of exact fractions. Sums in floating point split most of these ties. Prints the numbers that the
test holds.

  python3 tests/golden/lds/make_ties.py        needs scipy
"""
from fractions import Fraction

from scipy.stats import spearmanr

EXAMPLES, MODELS, TARGETS, MEMBERS = 41, 60, 4, 20


def score(i, t):  # in tenths
    return (7 * i * i + 3 * i + 5 * t) % 5 + 1 if t < 3 else 3


def member(j, i):  # 41 is a prime: every model has exactly MEMBERS examples
    return ((j % 40 + 1) * i + 11 * j) % EXAMPLES < MEMBERS


def truth(j, t):
    return (37 * j * j + 11 * j + 17 * t) % 101


for t in range(TARGETS):
    sums = [sum(Fraction(score(i, t), 10) for i in range(EXAMPLES) if member(j, i)) for j in range(MODELS)]
    if len(set(sums)) == 1:
        print(t, "constant")
        continue
    ranks = sorted(set(sums))  # exact, so that no rounding decides about a tie
    result = spearmanr([ranks.index(s) for s in sums], [truth(j, t) for j in range(MODELS)])
    print(t, len(ranks), repr(float(result.statistic if hasattr(result, "statistic") else result[0])))
