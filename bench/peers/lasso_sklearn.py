"""The Python peers of bench/lasso.cpp: scikit-learn, and celer where it is installed.

  lasso_sklearn.py make FOLDER MODELS EXAMPLES TARGETS [sparse|heavy]
      masks.npy (half of the examples each), outputs.npy (float32; 20 planted effects a target, or
      all effects from a t distribution; every target scaled so that its lambda_max is 1)
  lasso_sklearn.py single FOLDER FRACTION
      Lasso(precompute=G) at lambda = FRACTION: 2-D y, then one target at a time (on 50 of them)
  lasso_sklearn.py path FOLDER LAMBDAS RATIO
      lasso_path(precompute=G) of every target, and celer_path of 10 of them
  lasso_sklearn.py raw FOLDER
      masks.raw, outputs.raw and shape.txt for lasso_glmnet.R
  lasso_sklearn.py check FOLDER OURS.npy PEER.npy LAMBDA | path LAMBDAS RATIO
      KKT residuals and objectives in double of two arrays of weights, [targets][examples] or
      [targets][lambdas][examples]; fails if a residual is above 1e-3 of lambda_max, or if the
      objectives of a target differ by more than 1e-5 of their value
  lasso_sklearn.py agree FOLDER OURS.npy PEER LAMBDAS RATIO
      the same for a peer that solved some of the targets: objectives, to 1e-4

Times are the best of five after a warm-up, or of one where that took more than 20 s. The Gram
matrix is not part of them.
"""

import pathlib
import sys
import time
import warnings

import numpy as np

SLOW = 20.0  # seconds of a run, above which there is only one


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


def timed(name, work, scale=1.0):
    """Prints the best of the runs after a warm-up, and returns the last result."""
    start = time.perf_counter()
    work()
    runs = 5 if time.perf_counter() - start <= SLOW else 1
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - start)
    print(f"{name}: {min(times) * scale:.4f} s (best of {runs})", flush=True)
    return result


def single(folder, fraction):
    from sklearn.linear_model import Lasso

    x, y, gram = problem(folder)

    def fit(target):
        model = Lasso(alpha=fraction, fit_intercept=False, precompute=gram, copy_X=False, tol=1e-4)
        return model.fit(x, target).coef_

    weights = timed(f"scikit-learn 2-D y, lambda {fraction}", lambda: fit(y))
    np.save(folder / f"sklearn_{fraction}.npy", np.ascontiguousarray(weights.astype(np.float32)))
    targets = y.shape[1]
    some = min(50, targets)
    timed(f"scikit-learn one at a time, lambda {fraction}, {some} of {targets} targets scaled up",
          lambda: [fit(y[:, k]) for k in range(some)], targets / some)


def path(folder, lambdas, ratio):
    from sklearn.linear_model import lasso_path

    x, y, gram = problem(folder)
    grid = np.geomspace(1, ratio, lambdas)
    xy = np.ascontiguousarray((x.T @ y).T)
    targets = y.shape[1]

    def scikit():
        return [lasso_path(x, y[:, k], alphas=grid, precompute=gram, Xy=xy[k], copy_X=False,
                           tol=1e-4, check_input=False)[1].T for k in range(targets)]

    weights = timed("scikit-learn lasso_path", scikit)
    np.save(folder / "sklearn_path.npy", np.ascontiguousarray(np.array(weights, np.float32)))
    try:
        from celer import celer_path
    except ImportError:
        print("celer is not installed")
        return
    some = min(10, targets)
    x, y = x.astype(np.float64), y.astype(np.float64)  # celer 0.7.4 fails on float32 paths

    def celer():  # at a tolerance of 1e-4 its objectives are 4e-4 off
        return [celer_path(x, y[:, k], pb="lasso", alphas=grid, tol=1e-5)[1].T for k in range(some)]

    weights = timed(f"celer_path, {some} of {targets} targets scaled up", celer, targets / some)
    np.save(folder / "celer.npy", np.ascontiguousarray(np.array(weights, np.float32)))


def raw(folder):
    masks, outputs = np.load(folder / "masks.npy"), np.load(folder / "outputs.npy")
    masks.astype(np.uint8).tofile(folder / "masks.raw")
    outputs.tofile(folder / "outputs.raw")
    (folder / "shape.txt").write_text(f"{masks.shape[0]} {masks.shape[1]} {outputs.shape[1]}")


class Problem:
    """The LASSO of every target in double: X'X / m, X'y / m and y'y / m."""

    def __init__(self, folder):
        x = standardised(np.load(folder / "masks.npy"), np.float64)
        y = np.load(folder / "outputs.npy").astype(np.float64)
        y -= y.mean(0)
        self.deviation = np.load(folder / "masks.npy").std(0)
        self.gram, self.c = x.T @ x / len(x), (x.T @ y / len(x)).T
        self.half_square = (y**2).mean(0) / 2

    def measure(self, weights, lam):
        """weights [targets][examples]: KKT residual over lambda_max and objective, [targets]."""
        if not np.isfinite(weights).all():
            sys.exit("weights are not finite")
        c, some = self.c[: len(weights)], self.half_square[: len(weights)]
        product = weights @ self.gram
        r = c - product
        off = np.where(weights != 0, np.abs(r - lam * np.sign(weights)),
                       np.maximum(np.abs(r) - lam, 0))
        value = (product * weights).sum(1) / 2 - (c * weights).sum(1)
        return off.max(1) / np.abs(c).max(1), value + lam * np.abs(weights).sum(1) + some


def load(file, problem, lambdas):
    """[targets][lambdas][examples] in double; a .raw file is in mask units, glmnet's."""
    if str(file).endswith(".raw"):
        examples = len(problem.deviation)
        return np.fromfile(file).reshape(-1, lambdas, examples) * problem.deviation
    weights = np.load(file).astype(np.float64)
    return weights[:, None] if weights.ndim == 2 else weights


def compare(folder, ours, theirs, grid, kkt_limit, objective_limit):
    """Prints the worst residual of each and the largest difference; fails above a limit."""
    problem = Problem(folder)
    ours, theirs = load(ours, problem, len(grid)), load(theirs, problem, len(grid))
    if ours.shape[1:] != theirs.shape[1:] or len(theirs) > len(ours):
        sys.exit(f"weights of shapes {ours.shape} and {theirs.shape} cannot be compared")
    worst, apart = np.zeros(2), 0.0
    for k, lam in enumerate(grid):
        first = problem.measure(ours[: len(theirs), k], lam)
        second = problem.measure(theirs[:, k], lam)
        worst = np.maximum(worst, [first[0].max(), second[0].max()])
        apart = max(apart, (np.abs(first[1] - second[1]) / first[1]).max())
    print(f"KKT residual / lambda_max: expunge {worst[0]:.1e}, peer {worst[1]:.1e}; objectives of "
          f"{len(theirs)} targets differ by at most {apart:.1e} of their value")
    if not (worst <= kkt_limit).all():
        sys.exit(f"a KKT residual is above {kkt_limit:g}: the ratio is void")
    if not apart <= objective_limit:
        sys.exit(f"the objectives differ by more than {objective_limit:g}: the ratio is void")


def main():
    warnings.filterwarnings("ignore")
    command, folder, rest = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
    if command == "make":
        make(folder, int(rest[0]), int(rest[1]), int(rest[2]), *rest[3:])
    elif command == "single":
        single(folder, float(rest[0]))
    elif command == "path":
        path(folder, int(rest[0]), float(rest[1]))
    elif command == "raw":
        raw(folder)
    elif command == "check":
        grid = (np.geomspace(1, float(rest[4]), int(rest[3])) if rest[2] == "path"
                else [float(rest[2])])
        compare(folder, rest[0], rest[1], grid, 1e-3, 1e-5)
    elif command == "agree":
        compare(folder, rest[0], rest[1], np.geomspace(1, float(rest[3]), int(rest[2])), np.inf, 1e-4)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
