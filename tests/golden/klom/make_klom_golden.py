"""Golden arrays for tests/evaluation/klom_golden.cpp.

Versions: Python 3.11, numpy 2.4.6.   Command: python tests/golden/klom/make_klom_golden.py

Writes, beside this file and for each element type f2, f4, f8:
  oracle_{type}.npy [40][points], unlearned_{type}.npy [30][points]   margins
  {preset}_{type}.npy [points]                                        scores (f8)

The four formulas are written out here with numpy.linspace, numpy.digitize and numpy.histogram, as
the published definitions say. Rules of ours are added: two equal constants score 0; a point scores
the ceiling if a sample was dropped altogether, if two or more samples of an array were clipped to
the dropped last edge, or if the shares of the two arrays that it drops differ by more than 5 %.
"""

import pathlib

import numpy as np

HERE = pathlib.Path(__file__).parent
FLOOR = 1e-5


def points(oracles, unlearned):
    """Columns, ordinary ones first, then those made to sit on edges or to degenerate."""
    rng = np.random.default_rng(20240601)
    o, u = [], []

    def add(a, b):
        o.append(np.broadcast_to(np.asarray(a, float), oracles))
        u.append(np.broadcast_to(np.asarray(b, float), unlearned))

    for shift in (0, 0.25, 0.5, 1, 2, 3, 6):
        for scale in (1, 0.3, 3):
            add(rng.normal(size=oracles), shift + scale * rng.normal(size=unlearned))
    i, j = np.arange(oracles), np.arange(unlearned)
    add(i % 21, j % 21)                      # every value on an edge of 20 bins
    add(i % 20, j % 20)                      # every value on an edge of 19 bins
    add((i % 21) / 10, (j % 21) / 10)        # edges that binary fractions miss
    add(-7.3 + (i % 20) * 0.3, -7.3 + (j % 20) * 0.3)
    add(rng.integers(0, 5, oracles), rng.integers(0, 5, unlearned))  # ties
    add(np.round(rng.normal(size=oracles), 1), np.round(rng.normal(size=unlearned), 1))
    add(1.5, 1.5)                            # equal constants
    add(1.0, 2.0)                            # constants that differ, both ways
    add(2.0, 1.0)
    add(rng.normal(size=oracles), 0.25)      # one constant
    add(-0.5, rng.normal(size=unlearned))
    add(rng.normal(size=oracles), 90 + 20 * rng.random(unlearned))  # clipped at 100
    add(rng.normal(size=oracles) - 120, rng.normal(size=unlearned) - 120)
    add(rng.normal(size=oracles), 500.0)     # all diverged upwards
    add(np.where(i == 0, 1, 0), np.where(j == 0, 1, 0))             # nearly constant
    add(np.where(i < 20, 0, 1), 1.0)         # all unlearned at the largest sample
    add(1.0, np.where(j < 20, 0, 1))         # all oracles at the largest sample
    add(64 + i % 2 / 32, 64 + j % 3 / 32)    # few steps of half precision wide
    add(8 + i % 2 * 1e-6, 8 + j % 2 * 1e-6)  # about one step of single precision wide
    add(np.exp(rng.normal(size=oracles)), np.exp(rng.normal(size=unlearned)))
    add(rng.standard_t(2, oracles), rng.standard_t(2, unlearned))
    return np.stack(o, 1), np.stack(u, 1)


def counts_by_digitize(x, edges):
    where = np.digitize(x, edges)
    return np.array([np.sum(where == b) for b in range(1, len(edges))], dtype=float)


def loses_many(a, b, hi):
    lost = [np.sum(x == hi) for x in (a, b)]
    if max(lost) <= 1:
        return False
    return hi == 100 or 20 * abs(int(lost[0]) * len(b) - int(lost[1]) * len(a)) > len(a) * len(b)


def kl(p, q):
    has_mass = p > 0
    return np.sum(p[has_mass] * np.log(p[has_mass] / q[has_mass]))


def paper(o, u):
    """KL(oracle || unlearned), 20 bins, last closed, in double."""
    o, u = (np.clip(x.astype(np.float64), -100, 100) for x in (o, u))
    lo, hi = min(o.min(), u.min()), max(o.max(), u.max())
    if lo == hi:
        return 0.0
    edges = np.linspace(lo, hi, 21)
    p = np.histogram(o, edges)[0] / len(o)
    q = np.histogram(u, edges)[0] / len(u)
    return kl(p, np.maximum(q, FLOOR))


def digitized(first, second, bins, renormalised):
    lo, hi = min(first.min(), second.min()), max(first.max(), second.max())
    if lo == hi:
        return 0.0
    if loses_many(first, second, hi):
        return np.nan
    edges = np.linspace(lo, hi, bins + 1)
    p, q = counts_by_digitize(first, edges), counts_by_digitize(second, edges)
    if p.sum() == 0 or (renormalised and q.sum() == 0):
        return np.nan
    q = q / max(q.sum(), 1)
    q = np.where(p > 0, np.maximum(q, FLOOR), q)
    return kl(p / p.sum(), q / q.sum() if renormalised else q)


def easydub(o, u):
    return digitized(np.clip(u, -100.0, 100.0), np.clip(o, -100.0, 100.0), 20, False)


def unlearning_bench(o, u):
    return digitized(np.clip(o, -100, 100), np.clip(u, -100, 100), 20, True)


def paper_code(o, u):
    """KL(unlearned || oracle): 20 edges, counted from an empty bin below the first; q floored
    everywhere and renormalised; only the unlearned margins are clipped."""
    u = np.clip(u, -100, 100)
    lo, hi = min(o.min(), u.min()), max(o.max(), u.max())
    if lo == hi:
        return 0.0
    if loses_many(u, o, hi):
        return np.nan
    edges = np.linspace(lo, hi, 20)
    p, q = (np.concatenate([[0], counts_by_digitize(x, edges)]) for x in (u, o))
    if p.sum() == 0 or q.sum() == 0:
        return np.nan
    q = np.maximum(q / q.sum(), FLOOR)
    return kl(p / p.sum(), q / q.sum())


CEILING = {
    "paper": -np.log(FLOOR),
    "easydub": -np.log(FLOOR),
    "unlearning_bench": np.log((1 + 20 * FLOOR) / FLOOR),
    "paper_code": np.log((1 + 20 * FLOOR) / FLOOR),
}

if __name__ == "__main__":
    for kind in ("f2", "f4", "f8"):
        oracle, unlearned = (x.astype("<" + kind) for x in points(40, 30))
        np.save(HERE / f"oracle_{kind}.npy", oracle)
        np.save(HERE / f"unlearned_{kind}.npy", unlearned)
        for formula in (paper, paper_code, unlearning_bench, easydub):
            scores = [formula(oracle[:, x], unlearned[:, x]) for x in range(oracle.shape[1])]
            scores = np.where(np.isnan(scores), CEILING[formula.__name__], scores)
            np.save(HERE / f"{formula.__name__}_{kind}.npy", scores)
