#!/usr/bin/env python3
"""The peer of case 12: FISTA (Beck and Teboulle 2009) on the Gram matrix, all targets in one product a step.

    gpu_fista.py FOLDER [TARGETS]

FOLDER has masks.npy, outputs.npy, and from bench_gpu_lasso lambda.npy and ours.npy. Solves the
first TARGETS (default all) at the penalties of lambda.npy, in float32, with CuPy on the GPU or,
where there is none, with NumPy, until the optimality conditions hold to 1e-4 of lambda_max; prints
the time of the Gram matrix and of the solution, and compares KKT residuals and objectives of both.
Fails if one is above 2e-3 of lambda_max, or if objectives differ by more than 1e-4 of their value:
then the times say nothing.
"""
import pathlib
import sys
import time

import numpy

try:
    import cupy as xp
    wait = xp.cuda.Device().synchronize
except ImportError:
    xp, wait = numpy, lambda: None

TOLERANCE, MOST_STEPS = 1e-4, 5000


def standardised(folder):
    """X~ [models][examples], float32."""
    x = xp.asarray(numpy.load(folder / "masks.npy")).astype(xp.float32)
    mean = x.mean(0, dtype=xp.float64)
    x -= mean.astype(xp.float32)
    x *= (1 / xp.sqrt(mean * (1 - mean))).astype(xp.float32)
    return x


def largest_eigenvalue(gram):
    v = xp.ones(len(gram), dtype=xp.float32)
    for _ in range(30):
        v = gram @ v
        v /= xp.linalg.norm(v)
    return 1.02 * float(v @ (gram @ v))


def violation(w, gradient, penalty):
    """The largest violation of each target's optimality conditions."""
    off = xp.where(w != 0, xp.abs(gradient - penalty * xp.sign(w)), xp.abs(gradient) - penalty)
    return xp.maximum(off, 0).max(1)


def fista(gram, c, penalty):
    """w [targets][examples] and the number of steps."""
    step = 1 / largest_eigenvalue(gram)
    bound = TOLERANCE * xp.abs(c).max(1)
    w = xp.zeros_like(c)
    ahead, momentum = w, 1.0
    for steps in range(1, MOST_STEPS + 1):
        at = ahead + step * (c - ahead @ gram)
        new = xp.sign(at) * xp.maximum(xp.abs(at) - step * penalty, 0)
        following = (1 + (1 + 4 * momentum**2) ** 0.5) / 2
        ahead = new + (momentum - 1) / following * (new - w)
        w, momentum = new, following
        if steps % 10 == 0 and bool((violation(w, c - w @ gram, penalty) <= bound).all()):
            break
    return w, steps


def measure(gram, c, w, penalty):
    """KKT residual / lambda_max, and the objective up to the constant of the outputs."""
    gram, c, w = (a.astype(xp.float64) for a in (gram, c, w))
    product = w @ gram
    objective = ((0.5 * product - c) * w).sum(1) + penalty[:, 0] * xp.abs(w).sum(1)
    return violation(w, c - product, penalty) / xp.abs(c).max(1), objective


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    ours = numpy.load(folder / "ours.npy", mmap_mode="r")
    targets = min(int(sys.argv[2]), len(ours)) if len(sys.argv) > 2 else len(ours)
    x = standardised(folder)
    y = numpy.load(folder / "outputs.npy", mmap_mode="r")[:, :targets].astype(numpy.float64)
    y = xp.asarray((y - y.mean(0)).astype(numpy.float32))
    penalty = xp.asarray(numpy.load(folder / "lambda.npy")[:targets])[:, None]
    x[:, :64].T @ x[:, :64]  # libraries loaded
    wait()

    start = time.perf_counter()
    gram = x.T @ x / len(x)
    wait()
    product = time.perf_counter() - start
    start = time.perf_counter()
    c = y.T @ x / len(x)
    w, steps = fista(gram, c, penalty)
    wait()
    solve = time.perf_counter() - start
    print(f"{xp.__name__}, {targets} of {len(ours)} targets: Gram matrix {product:.3f} s, X'Y and "
          f"{steps} steps of FISTA {solve:.3f} s, {solve * len(ours) / targets:.3f} s for all")

    some = min(targets, 64)
    weights = xp.asarray(numpy.asarray(ours[:some]))
    first = measure(gram, c[:some], weights, penalty[:some])
    second = measure(gram, c[:some], w[:some], penalty[:some])
    worst = [float(r[0].max()) for r in (first, second)]
    apart = float((xp.abs(first[1] - second[1]) / xp.abs(first[1])).max())
    print(f"KKT residual / lambda_max of {some} targets: expunge {worst[0]:.1e}, FISTA {worst[1]:.1e}; "
          f"objectives differ by at most {apart:.1e} of their value")
    if not max(worst) <= 2e-3 or not apart <= 1e-4:
        sys.exit("the solutions disagree: the times are void")


if __name__ == "__main__":
    main()
