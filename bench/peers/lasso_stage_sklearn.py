"""The scikit-learn peer of bench/lasso_stage.cpp: both products and one penalty for all targets.

  lasso_stage_sklearn.py run FOLDER LAMBDA [TARGETS]
      X'X, and Lasso(precompute=X'X) with a 2-D y, at LAMBDA of the lambda_max of each target: the
      outputs are scaled so that each is 1. TARGETS (default 100) of them are solved and their time
      is scaled up to all; X'X is not scaled.
  lasso_stage_sklearn.py check FOLDER LAMBDA
      KKT residuals and objectives, in double, of the targets that both solved; fails if a residual
      is above 1e-3 of lambda_max, or if objectives differ by more than 1e-5 of their value
"""

import pathlib
import sys
import time
import warnings

import numpy as np


def standardised(folder, dtype):
    x = np.load(folder / "masks.npy").astype(dtype)
    mean = x.mean(0, dtype=np.float64)
    x -= mean.astype(dtype)
    x /= np.sqrt(mean * (1 - mean)).astype(dtype)
    return x


def outputs(folder, targets, dtype):
    y = np.load(folder / "outputs.npy", mmap_mode="r")[:, :targets].astype(np.float64)
    return (y - y.mean(0)).astype(dtype)


def run(folder, fraction, targets):
    from sklearn.linear_model import Lasso

    x = np.asfortranarray(standardised(folder, np.float32))
    total = np.load(folder / "outputs.npy", mmap_mode="r").shape[1]
    targets = min(targets, total)
    y = outputs(folder, targets, np.float32)
    scale = np.abs(x.T @ y).max(0) / len(x)
    y = np.asfortranarray(y / scale)
    x[:, :64].T @ x[:, :64]  # threads awake
    start = time.perf_counter()
    gram = x.T @ x
    product = time.perf_counter() - start
    model = Lasso(alpha=fraction, fit_intercept=False, precompute=gram, copy_X=False, tol=1e-4)
    start = time.perf_counter()
    model.fit(x, y)
    solve = (time.perf_counter() - start) * total / targets
    print(f"scikit-learn product X'X: {product:.4f} s", flush=True)
    print(f"scikit-learn X'Y and solve, {targets} of {total} targets scaled up: {solve:.4f} s")
    weights = np.atleast_2d(model.coef_) * scale[:, None]
    np.save(folder / "theirs.npy", weights.astype(np.float32))


def measure(x, y, weights, fraction):
    """KKT residual / lambda_max and objective of weights [targets][examples], in double."""
    residual = y - x @ weights.T
    r, c = x.T @ residual / len(x), x.T @ y / len(x)
    largest = np.abs(c).max(0)
    w, lam = weights.T, fraction * largest
    off = np.where(w != 0, np.abs(r - lam * np.sign(w)), np.maximum(np.abs(r) - lam, 0))
    return off.max(0) / largest, (residual**2).mean(0) / 2 + lam * np.abs(w).sum(0)


def check(folder, fraction):
    theirs = np.load(folder / "theirs.npy").astype(np.float64)
    ours = np.load(folder / "ours.npy", mmap_mode="r")[: len(theirs)].astype(np.float64)
    x, y = standardised(folder, np.float64), outputs(folder, len(theirs), np.float64)
    first, second = measure(x, y, ours, fraction), measure(x, y, theirs, fraction)
    worst = np.array([first[0].max(), second[0].max()])
    apart = (np.abs(first[1] - second[1]) / first[1]).max()
    print(f"KKT residual / lambda_max: expunge {worst[0]:.1e}, scikit-learn {worst[1]:.1e}; "
          f"objectives of {len(theirs)} targets differ by at most {apart:.1e} of their value; "
          f"{(ours != 0).sum(1).mean():.0f} non-zero effects a target")
    if not (worst <= 1e-3).all() or not apart <= 1e-5:
        sys.exit("the solutions disagree: the ratio is void")


def main():
    warnings.filterwarnings("ignore")
    if len(sys.argv) < 4 or sys.argv[1] not in ("run", "check"):
        sys.exit(__doc__)
    folder, fraction = pathlib.Path(sys.argv[2]), float(sys.argv[3])
    if sys.argv[1] == "run":
        run(folder, fraction, int(sys.argv[4]) if len(sys.argv) > 4 else 100)
    else:
        check(folder, fraction)


if __name__ == "__main__":
    main()
