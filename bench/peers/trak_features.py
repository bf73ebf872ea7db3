"""Case 8, the peer: TRAK features by PyTorch's vmap of gradients and the BasicProjector of `traker`.

    trak_features.py make DIR                              inputs, labels and weights of the MLP
    trak_features.py run DIR --threads T                   seconds, and features_theirs.npy
    trak_features.py compare DIR                           fails unless both keep inner products alike

needs torch and traker (by pip, without its CUDA extension)
"""
import argparse
import pathlib
import time

import numpy as np

WIDTHS = (784, 256, 256, 10)
EXAMPLES = 2048


def make(folder):
    rng = np.random.default_rng(0)
    np.save(folder / "inputs.npy", rng.uniform(size=(EXAMPLES, WIDTHS[0])).astype(np.float32))
    np.save(folder / "labels.npy", rng.integers(10, size=EXAMPLES))
    parts = []
    for a, b in zip(WIDTHS[:-1], WIDTHS[1:]):
        parts += [rng.normal(size=a * b) * np.sqrt(2 / a), rng.normal(size=b) * 0.1]
    np.save(folder / "theta.npy", np.concatenate(parts).astype(np.float32)[None])


def load(folder):
    import torch

    theta = torch.from_numpy(np.load(folder / "theta.npy")[0])
    weights, at = [], 0
    for a, b in zip(WIDTHS[:-1], WIDTHS[1:]):
        weights += [theta[at:at + a * b].view(b, a), theta[at + a * b:at + a * b + b]]
        at += a * b + b
    return (torch.from_numpy(np.load(folder / "inputs.npy")), torch.from_numpy(np.load(folder / "labels.npy")),
            weights)


def make_gradients(inputs, labels, weights):
    """A function of (first, last): the gradients [examples][p] of their margins."""
    import torch
    from torch.nn import functional as F

    def margin(weights, x, own):  # own: one for the label
        z = x
        for i in range(0, len(weights), 2):
            z = F.linear(z, weights[i], weights[i + 1])
            z = torch.relu(z) if i + 2 < len(weights) else z
        return (z * own).sum() - torch.logsumexp(z - 1e30 * own, 0)

    labels = F.one_hot(labels, WIDTHS[-1])
    each = torch.func.vmap(torch.func.grad(margin), in_dims=(None, 0, 0))

    def gradients(first, last):
        parts = each(tuple(weights), inputs[first:last], labels[first:last])
        return torch.cat([part.flatten(1) for part in parts], 1)

    return gradients


def best_of(work, runs=3):
    times = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - start)
    return min(times[1:]), result


def run(folder, threads, dimensions):
    import torch
    from trak.projectors import BasicProjector, ProjectionType

    torch.set_num_threads(threads)
    gradients = make_gradients(*load(folder))
    p = sum(a * b + b for a, b in zip(WIDTHS[:-1], WIDTHS[1:]))
    projector = BasicProjector(p, dimensions, 0, ProjectionType.rademacher, "cpu")
    step = 256

    def features():
        return torch.cat([projector.project(gradients(i, i + step), 0) for i in range(0, EXAMPLES, step)])

    def one_call():  # all gradients in memory, so that its matrix is drawn once
        return projector.project(gradients(0, EXAMPLES), 0)

    batches, result = best_of(features)
    together, result = best_of(one_call)
    whole = gradients(0, EXAMPLES)
    projection, _ = best_of(lambda: projector.project(whole, 0))
    np.save(folder / "features_theirs.npy", result.numpy())
    np.save(folder / "inner_products.npy", (whole[:300] @ whole[:300].T).numpy())
    print(f"torch and traker, features: {min(batches, together):.4f} s")
    print(f"torch and traker, projection: {projection:.4f} s")


def compare(folder):
    exact = np.load(folder / "inner_products.npy").astype(np.float64)

    def error(name, scale):
        features = np.load(folder / name)[:300].astype(np.float64) / scale
        return np.linalg.norm(features @ features.T - exact) / np.linalg.norm(exact)

    k = np.load(folder / "features_theirs.npy").shape[1]
    ours, theirs = error("features_ours.npy", 1), error("features_theirs.npy", np.sqrt(k))
    print(f"inner products differ from the gradients' by {ours:.4f} (expunge), {theirs:.4f} (traker)")
    if not ours < 1.2 * theirs:
        raise SystemExit("the sketch keeps inner products worse than dense signs: no comparison")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("make", "run", "compare"))
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dimensions", type=int, default=512)
    arguments = parser.parse_args()
    if arguments.what == "make":
        make(arguments.folder)
    elif arguments.what == "run":
        run(arguments.folder, arguments.threads, arguments.dimensions)
    else:
        compare(arguments.folder)


if __name__ == "__main__":
    main()
