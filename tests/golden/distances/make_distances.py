"""Golden arrays for tests/evaluation/sample_distances.cpp.

Versions: Python 3.11, numpy 2.4.6, scipy 1.17.1.
Command: python tests/golden/distances/make_distances.py

Writes, beside this file:
  oracle.npy [30][points], unlearned.npy [50][points]   margins that a float32 holds exactly
  distances.npy [11][points]   KS, Welch's t and p, Wasserstein, Renyi(oracle || unlearned) of order
                               2, 5 and 10, the same of (unlearned || oracle), Jensen-Shannon
  student.npy [3][cases]       t, degrees of freedom, two-sided p

Welch's t is taken of the margins minus the first oracle margin of the point, so that scipy loses
nothing where a sample is nearly constant and far from 0.
"""

import pathlib

import numpy as np
from scipy import stats

HERE = pathlib.Path(__file__).parent
FLOOR = 1e-5


def points(oracles, unlearned):
    rng = np.random.default_rng(20250704)
    o, u = [], []

    def add(a, b):
        o.append(np.broadcast_to(np.asarray(a, float), oracles))
        u.append(np.broadcast_to(np.asarray(b, float), unlearned))

    for shift in (0, 0.1, 0.5, 1, 3, -2):
        for scale in (1, 0.3, 3):
            add(rng.normal(size=oracles), shift + scale * rng.normal(size=unlearned))
    i, j = np.arange(oracles), np.arange(unlearned)
    add(i % 21, j % 21)                                               # values on edges
    add((i % 21) / 10, (j % 21) / 10)
    add(rng.integers(0, 5, oracles), rng.integers(0, 5, unlearned))   # ties
    add(rng.integers(0, 2, oracles), rng.integers(0, 2, unlearned))
    add(np.round(rng.normal(size=oracles), 1), np.round(rng.normal(size=unlearned), 1))
    add(np.round(rng.normal(size=oracles), 1), np.round(1 + 2 * rng.normal(size=unlearned), 1))
    add(rng.random(oracles), 2 + rng.random(unlearned))               # disjoint
    add(5 + rng.random(oracles), -7 - rng.random(unlearned))
    add(np.where(i == 0, 1, 0), np.where(j == 0, 1, 0))               # nearly constant
    add(np.where(i == 0, 1, 0), np.where(j < 49, 0, -1))
    add(64 + i % 2 / 32, 64 + j % 3 / 32)
    add(8 + i % 2 * 1e-6, 8 + j % 3 * 1e-6)                           # a step of float32 wide
    add(rng.normal(size=oracles), 0.25)                               # one constant
    add(-0.5, rng.normal(size=unlearned))
    add(rng.normal(size=oracles), 90 + 20 * rng.random(unlearned))    # clipped at 100
    add(rng.normal(size=oracles) - 99, rng.normal(size=unlearned) - 100)
    add(1e-30 * rng.normal(size=oracles), 1e-30 * rng.normal(size=unlearned))
    add(np.exp(rng.normal(size=oracles)), np.exp(rng.normal(size=unlearned)))
    add(rng.standard_t(2, oracles), rng.standard_t(2, unlearned))
    add(rng.normal(size=oracles), np.where(j % 2, 3, -3) + 0.1 * rng.normal(size=unlearned))
    add(i % 5, j % 5)                                                 # equal distributions
    return [np.stack(x, 1).astype(np.float32).astype(np.float64) for x in (o, u)]


def renyi(p, q, order):
    q = np.maximum(q, FLOOR)
    has_mass = p > 0
    p, q = p[has_mass], q[has_mass]
    return max(np.log(np.sum(p**order * q ** (1 - order))) / (order - 1), 0)


def jensen_shannon(p, q):
    m = (p + q) / 2
    kl = [np.sum(x[x > 0] * np.log(x[x > 0] / m[x > 0])) for x in (p, q)]
    return sum(kl) / 2


def distances(o, u):
    o, u = np.clip(o, -100, 100), np.clip(u, -100, 100)
    edges = np.linspace(min(o.min(), u.min()), max(o.max(), u.max()), 21)
    p, q = (np.histogram(x, edges)[0] / len(x) for x in (o, u))
    welch = stats.ttest_ind(u - o[0], o - o[0], equal_var=False)
    return [
        stats.ks_2samp(o, u).statistic, welch.statistic, welch.pvalue,
        stats.wasserstein_distance(o, u),
        *(renyi(p, q, a) for a in (2, 5, 10)), *(renyi(q, p, a) for a in (2, 5, 10)),
        jensen_shannon(p, q),
    ]


if __name__ == "__main__":
    oracle, unlearned = points(30, 50)
    np.save(HERE / "oracle.npy", oracle)
    np.save(HERE / "unlearned.npy", unlearned)
    rows = [distances(o, u) for o, u in zip(oracle.T, unlearned.T)]
    np.save(HERE / "distances.npy", np.array(rows).T.copy())
    sizes = [0, 1e-4, 0.01, 0.9, -0.9, 1, 1.1, 2, -5, 30]
    t, freedom = (x.ravel() for x in np.meshgrid(sizes, [1, 1.5, 7.3, 78, 398.6, 1e4]))
    np.save(HERE / "student.npy", np.stack([t, freedom, 2 * stats.t.sf(np.abs(t), freedom)]))
