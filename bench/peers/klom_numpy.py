"""The numpy peer of bench/klom.cpp: KLoM point by point in a Python loop, in EasyDUB's reading.

  klom_numpy.py make FOLDER [models] [points]   random float32 margins: oracle.npy, unlearned.npy
  klom_numpy.py score FOLDER [points]           scores of the first points -> numpy_scores.npy, prints
                                                us per point (best of five after a warm-up)
  klom_numpy.py compare FOLDER                  largest difference to klom_scores.npy; fails above 1e-12
"""

import pathlib
import sys
import time

import numpy as np

BINS, FLOOR = 20, 1e-5


def histogram_kl(first, second):
    """KL(first || second) on 20 bins of equal width; the largest sample falls out of the last bin."""
    first, second = np.clip(first, -100.0, 100.0), np.clip(second, -100.0, 100.0)
    low, high = min(first.min(), second.min()), max(first.max(), second.max())
    edges = np.linspace(low, high if low < high else low + 1.0, BINS + 1)
    shares = []
    for sample in (first, second):
        bins = np.digitize(sample, edges)
        counts = np.array([np.sum(bins == b) for b in range(1, BINS + 1)])
        shares.append(counts / counts.sum())
    p, q = shares
    mass = p > 0
    return float(np.sum(p[mass] * np.log(p[mass] / np.maximum(q[mass], FLOOR))))


def score(oracle, unlearned):
    """[points]: KL(unlearned || oracle) of each column."""
    return np.array([histogram_kl(unlearned[:, x], oracle[:, x]) for x in range(oracle.shape[1])])


def main():
    task, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    numbers = [int(word) for word in sys.argv[3:]]
    if task == "make":
        models, points = numbers or (200, 60000)
        rng = np.random.default_rng(7)
        for name in ("oracle", "unlearned"):
            np.save(folder / f"{name}.npy", rng.normal(size=(models, points)).astype(np.float32))
    elif task == "score":
        points = numbers[0] if numbers else 2000
        oracle = np.load(folder / "oracle.npy")[:, :points]
        unlearned = np.load(folder / "unlearned.npy")[:, :points]
        taken = []
        for _ in range(6):
            start = time.perf_counter()
            scores = score(oracle, unlearned)
            taken.append(time.perf_counter() - start)
        np.save(folder / "numpy_scores.npy", scores)
        print(f"numpy {np.__version__}, {points} points: {min(taken[1:]) * 1e6 / points:.3f} us per point")
    elif task == "compare":
        theirs = np.load(folder / "numpy_scores.npy")
        ours = np.load(folder / "klom_scores.npy")[: len(theirs)]
        difference = np.abs(ours - theirs).max()
        print(f"largest difference over {len(theirs)} points: {difference:.1e}")
        if not difference <= 1e-12:
            sys.exit("the scores differ: the ratio is void")


if __name__ == "__main__":
    main()
