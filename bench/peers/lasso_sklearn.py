"""The Python peers of bench/lasso.cpp: scikit-learn, and celer where it is installed.

  lasso_sklearn.py make FOLDER MODELS EXAMPLES TARGETS [sparse|heavy]
      masks.npy (half of the examples each), outputs.npy (float32; 20 planted effects a target, or
      all effects from a t distribution; every target scaled so that its lambda_max is 1)
  lasso_sklearn.py single FOLDER FRACTION [runs]
      Lasso(precompute=G) at lambda = FRACTION: 2-D y, then one target at a time (on 100 of them)
  lasso_sklearn.py path FOLDER LAMBDAS RATIO [runs]
      lasso_path(precompute=G) of every target, and celer_path of 10 of them
  lasso_sklearn.py check FOLDER WEIGHTS.npy LAMBDA...
      the largest KKT residual in double of [targets][examples] or [targets][lambdas][examples]

Times are the best of `runs` after a warm-up. The Gram matrix is not part of them.
"""

import json
import pathlib
import sys
import time
import warnings

import numpy as np


def make(folder, models, examples, targets, kind="sparse"):
    rng = np.random.default_rng(0)
    masks = np.zeros((models, examples), bool)
    for row in masks:
        row[rng.permutation(examples)[: examples // 2]] = True
    effects = np.zeros((examples, targets), np.float32)
    if kind == "sparse":
        for k in range(targets):
            effects[rng.permutation(examples)[:20], k] = rng.standard_normal(20)
        noise = 0.5
    else:
        effects[:] = rng.standard_t(2.1, size=effects.shape)
        noise = 1.0
    outputs = masks.astype(np.float32) @ effects
    outputs += noise * outputs.std(0) * rng.standard_normal(outputs.shape).astype(np.float32)
    outputs /= np.abs(standardised(masks).T @ (outputs - outputs.mean(0))).max(0) / models
    np.save(folder / "masks.npy", masks)
    np.save(folder / "outputs.npy", np.ascontiguousarray(outputs.astype(np.float32)))


def standardised(masks, dtype=np.float32):
    x = masks.astype(np.float64)
    return np.asfortranarray(((x - x.mean(0)) / x.std(0)).astype(dtype))


def problem(folder):
    x = standardised(np.load(folder / "masks.npy"))
    y = np.load(folder / "outputs.npy")
    return x, np.asfortranarray(y - y.mean(0)), x.T @ x


def best(runs, work):
    times = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - start)
    return min(times[1:]), result


def note(folder, key, seconds):
    print(f"{key}: {seconds:.4f} s")
    path = folder / "peer_times.json"
    times = json.loads(path.read_text()) if path.exists() else {}
    times[key] = min(seconds, times.get(key, seconds))
    path.write_text(json.dumps(times))


def single(folder, fraction, runs=5):
    from sklearn.linear_model import Lasso

    x, y, gram = problem(folder)

    def fit(target):
        model = Lasso(alpha=fraction, fit_intercept=False, precompute=gram, copy_X=False, tol=1e-4)
        return model.fit(x, target).coef_

    seconds, weights = best(runs, lambda: fit(y))
    note(folder, f"scikit-learn 2-D y, lambda {fraction}", seconds)
    np.save(folder / f"sklearn_{fraction}.npy", np.ascontiguousarray(weights.astype(np.float32)))
    some = min(100, y.shape[1])
    seconds, _ = best(2, lambda: [fit(y[:, k]) for k in range(some)])
    note(folder, f"scikit-learn one at a time, lambda {fraction}", seconds * y.shape[1] / some)


def path(folder, lambdas, ratio, runs=2):
    from sklearn.linear_model import lasso_path

    x, y, gram = problem(folder)
    grid = np.geomspace(1, ratio, lambdas)
    xy = np.ascontiguousarray((x.T @ y).T)

    def scikit():
        return [lasso_path(x, y[:, k], alphas=grid, precompute=gram, Xy=xy[k], copy_X=False,
                           tol=1e-4, check_input=False)[1].T for k in range(y.shape[1])]

    seconds, weights = best(runs, scikit)
    note(folder, "scikit-learn lasso_path", seconds)
    np.save(folder / "sklearn_path.npy", np.ascontiguousarray(np.array(weights, np.float32)))
    try:
        from celer import celer_path
    except ImportError:
        print("celer is not installed")
        return
    some = min(10, y.shape[1])
    x, y = x.astype(np.float64), y.astype(np.float64)  # celer 0.7.4 fails on float32 paths
    seconds, _ = best(1, lambda: [celer_path(x, y[:, k], pb="lasso", alphas=grid, tol=1e-4)
                                  for k in range(some)])
    note(folder, "celer_path", seconds * y.shape[1] / some)


def check(folder, file, lambdas):
    weights = np.load(file).astype(np.float64)
    x = standardised(np.load(folder / "masks.npy"), np.float64)
    y = np.load(folder / "outputs.npy").astype(np.float64)
    y -= y.mean(0)
    if weights.ndim == 2:
        weights = weights[:, None]
    gram, c = x.T @ x / len(x), (x.T @ y / len(x)).T
    worst, support = 0, 0
    for k, lam in enumerate(lambdas):
        w = weights[:, k]
        r = c - w @ gram
        off = np.where(w != 0, np.abs(r - lam * np.sign(w)), np.maximum(np.abs(r) - lam, 0))
        if not np.isfinite(off).all():
            sys.exit("weights are not finite")
        worst = max(worst, (off.max(1) / np.abs(c).max(1)).max())
        support = (w != 0).sum(1).mean()
    value = (0.5 * ((w @ gram) * w).sum(1) - (c * w).sum(1) + lam * np.abs(w).sum(1)
             + (y**2).mean(0) / 2)
    print(f"{pathlib.Path(file).name}: KKT residual / lambda_max {worst:.1e}, {support:.0f} effects "
          f"a target and mean objective {value.mean():.7f} at the last lambda")


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    command, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    rest = sys.argv[3:]
    if command == "make":
        make(folder, int(rest[0]), int(rest[1]), int(rest[2]), *rest[3:])
    elif command == "single":
        single(folder, float(rest[0]), *map(int, rest[1:]))
    elif command == "path":
        path(folder, int(rest[0]), float(rest[1]), *map(int, rest[2:]))
    elif command == "check":
        if len(rest) > 2 and rest[1] == "path":
            grid = np.geomspace(1, float(rest[3]), int(rest[2]))
        else:
            grid = [float(rest[1])]
        check(folder, rest[0], grid)
