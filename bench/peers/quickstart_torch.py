#!/usr/bin/env python3
"""The demonstration workload in PyTorch, written for speed: the peer of our quickstart.

    quickstart_torch.py [--threads 2] [--data DIR] [--scale 1] [--chunk 16] [--forget 100]
                        [--out FILE.json]

Fashion-MNIST, 2000 training and 1000 test images pooled to 14x14, MLP 196-64-10; 2000 models on
80 % subsets, 100 full models, 100 oracles, soft-thresholded difference of means, DMM, GA, SCRUB,
KLoM.
Models are trained in chunks of --chunk with bmm, by --threads pinned one-thread processes (faster
here than one process with that many threads); gradients are written out, updates are in place. The
processes start and load their data before the clock. --scale multiplies the numbers of models.
"""
import argparse
import gzip
import json
import multiprocessing
import os
import pathlib
import time

import numpy as np
import torch

IMAGES = pathlib.Path("/usr/share/datasets/fashion-mnist")
N, VALIDATION, FEATURES, HIDDEN, CLASSES = 2000, 1000, 196, 64, 10
BATCH, EPOCHS, RATE, MOMENTUM, DECAY = 32, 15, 0.02, 0.9, 0.01
ALPHA, THRESHOLD = 0.8, 1.5
SHARED = {}  # x [3000][196] and y [3000], train then validation, in every process


# ---- Data ----------------------------------------------------------------------------------------


def read_idx(path):
    raw = gzip.decompress(path.read_bytes())
    axes = raw[3]
    shape = np.frombuffer(raw, ">u4", axes, 4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * axes).reshape(shape)


def load_data(folder, seed=0):
    rng = np.random.default_rng(seed)
    xs, ys = [], []
    for part, count in (("train", N), ("t10k", VALIDATION)):
        x, y = (read_idx(folder / f"{part}-{name}-ubyte.gz") for name in ("images-idx3", "labels-idx1"))
        rows = rng.permutation(len(x))[:count]
        pooled = x[rows].reshape(count, 14, 2, 14, 2).mean((2, 4), dtype=np.float32)
        xs.append(pooled.reshape(count, FEATURES))
        ys.append(y[rows].astype(np.int64))
    x = np.concatenate(xs)
    x = (x - x[:N].mean()) / x[:N].std()
    return torch.from_numpy(x), torch.from_numpy(np.concatenate(ys))


# ---- Stacked models: p = W1 [m][196][64], b1 [m][1][64], W2 [m][64][10], b2 [m][1][10] -----------


def initial(models, generator):
    def normal(a, b):
        return torch.randn(models, a, b, generator=generator) * (2 / a) ** 0.5
    return [normal(FEATURES, HIDDEN), torch.zeros(models, 1, HIDDEN),
            normal(HIDDEN, CLASSES), torch.zeros(models, 1, CLASSES)]


def forward(p, x):
    a = torch.baddbmm(p[1], x, p[0]).relu_()
    return a, torch.baddbmm(p[3], a, p[2])


def backward(p, x, a, dz):
    da = torch.ops.aten.threshold_backward(torch.bmm(dz, p[2].transpose(1, 2)), a, 0)
    return [torch.bmm(x.transpose(1, 2), da), da.sum(1, keepdim=True),
            torch.bmm(a.transpose(1, 2), dz), dz.sum(1, keepdim=True)]


def all_logits(p):
    """[m][3000][10]: the first layer of all models is one product."""
    m, x = p[0].shape[0], SHARED["x"]
    first = p[0].permute(1, 0, 2).reshape(FEATURES, m * HIDDEN)
    a = torch.addmm(p[1].reshape(-1), x, first).relu_().reshape(len(x), m, HIDDEN)
    return torch.baddbmm(p[3], a.permute(1, 0, 2), p[2])


class Sgd:
    def __init__(self, p, momentum, decay):
        self.p, self.v = p, [torch.zeros_like(w) for w in p]
        self.momentum, self.decay = momentum, decay

    def step(self, gradients, rate):
        torch._foreach_mul_(self.v, self.momentum)
        torch._foreach_add_(self.v, gradients)
        torch._foreach_add_(self.v, self.p, alpha=self.decay)
        torch._foreach_add_(self.p, self.v, alpha=-rate)


class Adam:
    def __init__(self, p, b1=0.9, b2=0.999, eps=1e-8):
        self.p, self.b1, self.b2, self.eps, self.t = p, b1, b2, eps, 0
        self.m, self.v = [torch.zeros_like(w) for w in p], [torch.zeros_like(w) for w in p]

    def step(self, gradients, rate):
        self.t += 1
        torch._foreach_lerp_(self.m, gradients, 1 - self.b1)
        torch._foreach_mul_(self.v, self.b2)
        torch._foreach_addcmul_(self.v, gradients, gradients, 1 - self.b2)
        root = torch._foreach_sqrt(self.v)
        torch._foreach_div_(root, (1 - self.b2**self.t) ** 0.5)
        torch._foreach_add_(root, self.eps)
        torch._foreach_addcdiv_(self.p, self.m, root, -rate / (1 - self.b1**self.t))


def softmax(z):
    """Over ten classes, written out: torch's own kernel is slow where the axis is this short."""
    e = (z - z.amax(2, keepdim=True)).exp_()
    return e.div_(e.sum(2, keepdim=True))


def cross_entropy_slope(z, y):
    """d mean CE / d z for each model; y [m][batch]."""
    dz = softmax(z)
    dz.scatter_add_(2, y[:, :, None], torch.full((*y.shape, 1), -1.0))
    return dz.mul_(1 / y.shape[1])


def one_pass(p, optimizer, rows, batch, rate, slope, order):
    """One pass over rows [m][n]: order is a permutation per model, slope(z, rows) is d loss / d z.
    rate is a number or a function of the step within the pass."""
    x_all = SHARED["x"]
    rows = rows.gather(1, order)
    for t, first in enumerate(range(0, rows.shape[1], batch)):
        mine = rows[:, first:first + batch]
        x = x_all.index_select(0, mine.reshape(-1)).reshape(*mine.shape, FEATURES)
        a, z = forward(p, x)
        gradients = backward(p, x, a, slope(z, mine))
        optimizer.step(gradients, rate(t) if callable(rate) else rate)


def permutations(models, n, generator):
    return torch.rand(models, n, generator=generator).argsort(1)


# ---- What one process does with one chunk --------------------------------------------------------


def train_chunk(rows, seed):
    """Trains one model on each row of rows [m][n]; returns parameters and logits [m][3000][10]."""
    generator = torch.Generator().manual_seed(seed)
    m, n = rows.shape
    p, y = initial(m, generator), SHARED["y"]
    optimizer = Sgd(p, MOMENTUM, DECAY)
    steps = -(-n // BATCH)
    for epoch in range(EPOCHS):
        one_pass(p, optimizer, rows, BATCH,
                 lambda t: RATE * (1 - (epoch * steps + t) / (EPOCHS * steps)),
                 lambda z, mine: cross_entropy_slope(z, y[mine]), permutations(m, n, generator))
    return p, all_logits(p)


def dmm_chunk(p, logits, shift, rows, seed):
    """Adam 3e-3 x .95 an epoch, batch 64, 5 epochs; target f(theta0) + shift, shift [3000][10]."""
    generator = torch.Generator().manual_seed(seed)
    m, p = len(p[0]), [w.clone() for w in p]
    rows, members = rows.expand(m, -1), torch.arange(m)[:, None]
    optimizer, target = Adam(p), logits + shift
    for epoch in range(5):
        one_pass(p, optimizer, rows, 64, 3e-3 * 0.95**epoch,
                 lambda z, mine: (z - target[members, mine]) * (2 / (mine.shape[1] * CLASSES)),
                 permutations(m, rows.shape[1], generator))
    return p, all_logits(p)


def ascent_chunk(p, forget, seed):
    generator = torch.Generator().manual_seed(seed)
    m, p, y = len(p[0]), [w.clone() for w in p], SHARED["y"]
    one_pass(p, Sgd(p, 0.9, 5e-4), forget.expand(m, -1), 32, 1e-3,
             lambda z, mine: -cross_entropy_slope(z, y[mine]),
             permutations(m, len(forget), generator))
    return p, all_logits(p)


def scrub_chunk(p, logits, forget, retain, seed, temperature=4.0, gamma=0.99, alpha=0.1):
    """3 epochs, msteps 2, SGD .9, rate .005, forget batch 32, retain batch 64."""
    generator = torch.Generator().manual_seed(seed)
    m, p, y = len(p[0]), [w.clone() for w in p], SHARED["y"]
    soft = softmax(logits[:, :N] / temperature)
    members, optimizer = torch.arange(m)[:, None], Sgd(p, 0.9, 5e-4)

    def distill(z, mine):
        slope = softmax(z / temperature).sub_(soft[members, mine])
        return slope.mul_(temperature / mine.shape[1])

    for epoch in range(3):
        if epoch < 2:
            one_pass(p, optimizer, forget.expand(m, -1), 32, 5e-3,
                     lambda z, mine: -distill(z, mine), permutations(m, len(forget), generator))
        one_pass(p, optimizer, retain.expand(m, -1), 64, 5e-3,
                 lambda z, mine: cross_entropy_slope(z, y[mine]).mul_(gamma).add_(
                     distill(z, mine), alpha=alpha), permutations(m, len(retain), generator))
    return p, all_logits(p)


def start_process(counter, cores, x, y):
    with counter.get_lock():
        mine = counter.value
        counter.value += 1
    os.sched_setaffinity(0, {cores[mine % len(cores)]})
    torch.set_num_threads(1)
    SHARED.update(x=torch.from_numpy(x), y=torch.from_numpy(y))
    for _ in range(2):
        train_chunk(torch.arange(64).expand(4, -1), 0)  # warm-up


def call(task):
    """Arrays, not tensors, cross the process border: pickled once, no file descriptors."""
    function, arguments = task
    tensors = [[torch.from_numpy(w) for w in a] if isinstance(a, list)
               else torch.from_numpy(a) if isinstance(a, np.ndarray) else a for a in arguments]
    p, logits = function(*tensors)
    return [w.numpy() for w in p], logits.numpy()


# ---- Stages in the main process ------------------------------------------------------------------


def in_chunks(pool, function, models, chunk, arguments_of):
    """Chunks go to the processes; answers come back in order."""
    tasks = [(function, arguments_of(slice(a, min(a + chunk, models)), 1000 + a))
             for a in range(0, models, chunk)]
    return pool.map(call, tasks, chunksize=1)


def joined(answers):
    logits = np.concatenate([logits for _, logits in answers])
    return [np.concatenate([p[i] for p, _ in answers]) for i in range(4)], logits


def thresholded_means(masks, outputs):
    """masks [M][n] of 0 and 1, outputs [M][t]: effects [n][t], mean in - mean out, soft-thresholded
    at 1.5 standard errors. One product."""
    count = masks.sum(0)[:, None]
    models = masks.shape[0]
    outputs -= outputs.mean(0)  # ours to overwrite
    deviation = outputs.std(0)
    effects = masks.T @ outputs
    effects *= 1 / count + 1 / (models - count)  # sum out = - sum in, once centred
    error = deviation * (1 / count + 1 / (models - count)).sqrt().mean()
    return torch.nn.functional.softshrink(effects.div_(error), THRESHOLD).mul_(error)


def margins(logits, y):
    z = torch.from_numpy(logits)
    index = y[None, :, None].expand(len(z), -1, 1)
    other = z.scatter(2, index, -torch.inf).logsumexp(2)
    return (z.gather(2, index)[:, :, 0] - other).clamp_(-100, 100)


def klom(oracle, unlearned, bins=20, eps=1e-5):
    """KL(oracle || unlearned) per point, joint range, last bin closed. [models][points] each."""
    low = torch.minimum(oracle.amin(0), unlearned.amin(0))
    width = (torch.maximum(oracle.amax(0), unlearned.amax(0)) - low).clamp_min(1e-30) / bins
    points = oracle.shape[1]

    def histogram(v):
        bin_of = ((v - low) / width).long().clamp_(0, bins - 1)
        bin_of += torch.arange(points) * bins
        counts = torch.bincount(bin_of.reshape(-1), minlength=points * bins)
        return counts.reshape(points, bins).double() / len(v)

    p, q = histogram(oracle), histogram(unlearned)
    return torch.where(p > 0, p * (p / q.clamp_min(eps)).log(), 0.0).sum(1)


def split_scores(scores, forget):
    retain = np.setdiff1d(np.arange(N), forget)
    parts = (scores[forget], scores[retain], scores[N:])
    return [round(float(np.quantile(s.numpy(), 0.95)), 3) for s in parts]


class Clock:
    def __init__(self):
        self.seconds, self.last = {}, time.perf_counter()

    def stage(self, name):
        now = time.perf_counter()
        self.seconds[name], self.last = round(now - self.last, 4), now


def demonstration(pool, x, y, models, subsets, chunk, forget):
    rng = np.random.default_rng(1)
    retain = np.setdiff1d(np.arange(N), forget)
    clock = Clock()

    kept = rng.random((subsets, N)).argsort(1)[:, :int(ALPHA * N)]
    masks = torch.zeros(subsets, N).scatter_(1, torch.from_numpy(kept), 1.0)
    answers = in_chunks(pool, train_chunk, subsets, chunk, lambda s, seed: (kept[s], seed))
    outputs = torch.from_numpy(np.concatenate([logits for _, logits in answers]))
    clock.stage("subset models")

    def same_rows(rows, offset):
        size = -(-models // max(1, pool._processes))  # one chunk for each process
        return joined(in_chunks(pool, train_chunk, models, min(chunk, size),
                                lambda s, seed: (np.tile(rows, (s.stop - s.start, 1)),
                                                 seed + offset)))
    full, full_logits = same_rows(np.arange(N), 10**6)
    clock.stage("full models")
    _, oracle_logits = same_rows(retain, 2 * 10**6)
    clock.stage("oracles")

    effects = thresholded_means(masks, outputs.reshape(subsets, -1))
    clock.stage("difference of means")

    def unlearn(function, arguments_of):
        size = min(chunk, -(-models // max(1, pool._processes)))
        return joined(in_chunks(pool, function, models, size, lambda s, seed: (
            [w[s] for w in full], *arguments_of(s), seed + 3 * 10**6)))[1]

    shift = -effects[forget].sum(0).reshape(len(x), CLASSES).numpy()
    matched = np.concatenate([forget, forget, rng.permutation(retain)[:10 * len(forget)]])
    unlearned = {"do nothing": full_logits}
    unlearned["DMM"] = unlearn(dmm_chunk, lambda s: (full_logits[s], shift, matched))
    clock.stage("DMM")
    unlearned["GA"] = unlearn(ascent_chunk, lambda s: (forget,))
    clock.stage("GA")
    unlearned["SCRUB"] = unlearn(scrub_chunk, lambda s: (full_logits[s], forget, retain))
    clock.stage("SCRUB")

    oracle = margins(oracle_logits, y)
    scores = {name: split_scores(klom(oracle, margins(z, y)), forget)
              for name, z in unlearned.items()}
    scores["DM-Direct"] = split_scores(klom(oracle, margins(full_logits + shift, y)), forget)
    clock.stage("KLoM of five")
    half = models // 2
    scores["oracle halves"] = split_scores(klom(oracle[:half], oracle[half:]), forget)
    correct = torch.from_numpy(full_logits).argmax(2) == y
    accuracy = [round(float(correct[:, s].double().mean()), 4) for s in (slice(N), slice(N, None))]
    return clock.seconds, scores, accuracy


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--data", type=pathlib.Path, default=IMAGES)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--chunk", type=int, default=16)
    parser.add_argument("--forget", type=int, default=100)
    parser.add_argument("--points", type=pathlib.Path, help="points.npy, labels.npy, forget.npy")
    parser.add_argument("--out", type=pathlib.Path)
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    torch.set_grad_enabled(False)
    if a.points:  # another program's images and forget set
        x, y, forget = (np.load(a.points / f"{name}.npy") for name in ("points", "labels", "forget"))
        x, y, a.forget = torch.from_numpy(x), torch.from_numpy(y), len(forget)
    else:
        x, y = load_data(a.data)
        forget = np.sort(np.random.default_rng(1).permutation(N)[:a.forget])
    SHARED.update(x=x, y=y)
    models, subsets = max(4, round(100 * a.scale)), max(8, round(2000 * a.scale))
    context = multiprocessing.get_context("spawn")
    cores = sorted(os.sched_getaffinity(0))
    with context.Pool(a.threads, start_process,
                      (context.Value("i", 0), cores, x.numpy(), y.numpy())) as pool:
        warm_up = (train_chunk, (np.tile(np.arange(64), (4, 1)), 0))
        pool.map(call, [warm_up] * a.threads, chunksize=1)
        seconds, scores, accuracy = demonstration(pool, x, y, models, subsets, a.chunk, forget)
    print(f"PyTorch {torch.__version__}, {a.threads} processes of one thread, fp32, {subsets} "
          f"subset models, {models} full models, chunks of {a.chunk}, forget {a.forget}")
    print(f"accuracy train {accuracy[0]:.4f}, validation {accuracy[1]:.4f}")
    for name, value in seconds.items():
        print(f"  {name:22s}{value:9.3f} s")
    print(f"  {'total':22s}{sum(seconds.values()):9.3f} s")
    print("KLoM p95, KL(oracle || unlearned), forget / retain / validation")
    for name, value in scores.items():
        print(f"  {name:22s}" + "".join(f"{v:8.3f}" for v in value))
    if a.out:
        a.out.write_text(json.dumps(dict(threads=a.threads, scale=a.scale, chunk=a.chunk,
                                         forget=a.forget, torch=torch.__version__,
                                         seconds=seconds, klom_p95=scores, accuracy=accuracy),
                                    indent=1))


if __name__ == "__main__":
    main()
