#!/usr/bin/env python3
"""The PyTorch peer of case 5: 16 MLPs 784-256-256-10, batch 256, 200 steps of SGD, fp32.

    mlp_torch.py make DIR                      writes the data of the case into DIR
    mlp_torch.py run DIR --mode processes      one-thread processes, one pinned to each core
    mlp_torch.py run DIR --mode threads        one process, one model after the other
    mlp_torch.py run DIR --mode stacked        one process, all 16 models in one bmm
    mlp_torch.py compare DIR                   theta_torch.npy against theta_ours.npy

DIR: inputs.npy [n][784] float32, labels.npy [n] int64, theta0.npy [16][p] float32 (per layer W
[out][in], then b), order.npy [200][256] int64, the same batches for all models. DIR/first is
the same with 20 steps. A run writes theta_torch.npy [16][p] and prints images per second, the best
of --repeats after one warm-up.
Settings: learning rate .05, momentum .9, weight decay 5e-4, ReLU, mean cross entropy.
"""
import argparse
import multiprocessing
import os
import pathlib
import sys
import time

import numpy as np

WIDTHS = (784, 256, 256, 10)
MODELS, STEPS, BATCH = 16, 200, 256
RATE, MOMENTUM, DECAY = 0.05, 0.9, 5e-4


def make(folder, n=10000, seed=0):
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    inputs = (0.3 * rng.normal(size=(n, WIDTHS[0]))).astype(np.float32)  # larger: chaotic training
    teacher = rng.normal(size=(WIDTHS[0], WIDTHS[-1])).astype(np.float32)
    rows = []
    for _ in range(MODELS):
        parts = []
        for a, b in zip(WIDTHS[:-1], WIDTHS[1:]):
            parts += [rng.normal(size=a * b) * np.sqrt(2 / a), np.zeros(b)]
        rows.append(np.concatenate(parts))
    np.save(folder / "inputs.npy", inputs)
    np.save(folder / "labels.npy", (inputs @ teacher).argmax(1).astype(np.int64))
    np.save(folder / "theta0.npy", np.stack(rows).astype(np.float32))
    order = np.stack([rng.permutation(n)[:BATCH] for _ in range(STEPS)])
    np.save(folder / "order.npy", order)
    first = folder / "first"  # the same case, 20 steps long: see compare
    first.mkdir(exist_ok=True)
    np.save(first / "order.npy", order[:20])
    for name in ("inputs.npy", "labels.npy", "theta0.npy"):
        (first / name).unlink(missing_ok=True)
        (first / name).symlink_to(pathlib.Path("..") / name)


def load(folder):
    import torch
    arrays = [np.load(folder / f"{name}.npy") for name in ("inputs", "labels", "theta0", "order")]
    return [torch.from_numpy(a) for a in arrays]


def unpack(theta):
    """theta [..][p] as a list of W [..][out][in], b [..][out]."""
    parts, at = [], 0
    for a, b in zip(WIDTHS[:-1], WIDTHS[1:]):
        parts.append(theta[..., at:at + a * b].reshape(*theta.shape[:-1], b, a).clone())
        parts.append(theta[..., at + a * b:at + a * b + b].clone())
        at += a * b + b
    return parts


def make_optimizer(parameters, name):
    import torch
    kind = {"fused": dict(fused=True), "foreach": dict(foreach=True), "plain": dict(foreach=False)}
    return torch.optim.SGD(parameters, lr=RATE, momentum=MOMENTUM, weight_decay=DECAY, **kind[name])


def train_one(inputs, labels, theta, order, optimizer_name):
    import torch
    from torch.nn import functional as F
    net = torch.nn.Sequential(*[
        layer for a, b in zip(WIDTHS[:-1], WIDTHS[1:])
        for layer in (torch.nn.Linear(a, b), torch.nn.ReLU(inplace=True))][:-1])
    with torch.no_grad():
        for parameter, value in zip(net.parameters(), unpack(theta)):
            parameter.copy_(value)
    optimizer = make_optimizer(net.parameters(), optimizer_name)
    for rows in order:
        loss = F.cross_entropy(net(inputs.index_select(0, rows)), labels.index_select(0, rows))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return torch.nn.utils.parameters_to_vector(net.parameters()).detach()


def train_stacked(inputs, labels, theta, order, optimizer_name):
    import torch
    from torch.nn import functional as F
    parameters = [p.requires_grad_(True) for p in unpack(theta)]
    optimizer = make_optimizer(parameters, optimizer_name)
    models = theta.shape[0]
    for rows in order:
        h = inputs.index_select(0, rows).expand(models, -1, -1)
        y = labels.index_select(0, rows).repeat(models)
        for i in range(0, len(parameters), 2):
            h = torch.baddbmm(parameters[i + 1][:, None], h, parameters[i].transpose(1, 2))
            if i + 2 < len(parameters):
                h = h.relu_()
        loss = F.cross_entropy(h.reshape(-1, WIDTHS[-1]), y, reduction="sum") / len(rows)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return torch.cat([p.detach().reshape(models, -1) for p in parameters], 1)


def worker(folder, core, mine, repeats, optimizer_name, barrier, results):
    """One process: pinned to one core, one thread, its share of the models one after the other."""
    os.sched_setaffinity(0, {core})
    import torch
    torch.set_num_threads(1)
    inputs, labels, theta, order = load(folder)
    spans = []
    for _ in range(repeats + 1):
        barrier.wait()
        start = time.perf_counter()
        rows = [train_one(inputs, labels, theta[m], order, optimizer_name).numpy() for m in mine]
        spans.append((start, time.perf_counter()))
        barrier.wait()
    results.put((mine, np.stack(rows), spans))


def run_processes(folder, threads, repeats, optimizer_name):
    cores = sorted(os.sched_getaffinity(0))[:threads]
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(len(cores)), context.Queue()
    pool = [context.Process(target=worker, args=(folder, core, list(range(i, MODELS, len(cores))),
                                                 repeats, optimizer_name, barrier, results))
            for i, core in enumerate(cores)]
    for process in pool:
        process.start()
    answers = [results.get() for _ in pool]
    for process in pool:
        process.join()
    order = np.concatenate([mine for mine, _, _ in answers])
    theta = np.concatenate([rows for _, rows, _ in answers])[np.argsort(order)]
    spans = np.array([s for _, _, s in answers])  # [process][repeat][start, end], one clock
    return theta, (spans[:, 1:, 1].max(0) - spans[:, 1:, 0].min(0)).tolist()


def run_here(folder, threads, repeats, optimizer_name, mode):
    import torch
    torch.set_num_threads(threads)
    inputs, labels, theta, order = load(folder)
    seconds = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        if mode == "stacked":
            result = train_stacked(inputs, labels, theta, order, optimizer_name)
        else:
            rows = [train_one(inputs, labels, t, order, optimizer_name) for t in theta]
            result = torch.stack(rows)
        seconds.append(time.perf_counter() - start)
    return result.numpy(), seconds[1:]


def run(folder, mode, threads, repeats, optimizer_name):
    if mode == "processes":
        theta, seconds = run_processes(folder, threads, repeats, optimizer_name)
    else:
        theta, seconds = run_here(folder, threads, repeats, optimizer_name, mode)
    np.save(folder / "theta_torch.npy", theta)
    best, images = min(seconds), MODELS * np.load(folder / "order.npy").size
    print(f"torch {mode}, {threads} threads, {optimizer_name} SGD, fp32: {best:.3f} s, "
          f"images/s {images / best:.0f}")


def losses(folder, theta):
    inputs, labels = np.load(folder / "inputs.npy"), np.load(folder / "labels.npy")
    out = []
    for row in theta.astype(np.float32):
        h, at = inputs[:2000], 0
        for i, (a, b) in enumerate(zip(WIDTHS[:-1], WIDTHS[1:])):
            h = h @ row[at:at + a * b].reshape(b, a).T + row[at + a * b:at + a * b + b]
            h = np.maximum(h, 0) if i + 2 < len(WIDTHS) else h
            at += a * b + b
        h = h - h.max(1, keepdims=True)
        out.append((np.log(np.exp(h).sum(1)) - h[np.arange(2000), labels[:2000]]).mean())
    return np.array(out)


def compare(folder, tolerance=1e-3):
    """Losses within 1e-3 and weights within .1 of the distance that training moved them. Now and
    then rounding puts one pre-activation on the other side of 0, and two right programs drift apart
    by a few per cent in 200 steps. So the strict test is the first 20 steps: the best quarter of
    the models, which had no such event, within 1e-5."""
    ours, torchs = np.load(folder / "theta_ours.npy"), np.load(folder / "theta_torch.npy")
    start, steps = np.load(folder / "theta0.npy"), len(np.load(folder / "order.npy"))
    if ours.shape != torchs.shape:
        sys.exit(f"void: ours has shape {ours.shape}, torch {torchs.shape}")
    weights = np.linalg.norm(ours - torchs, axis=1) / np.linalg.norm(torchs - start, axis=1)
    loss = np.abs(losses(folder, ours) - losses(folder, torchs)).max()
    quarter, worst = np.quantile(weights, 0.25), weights.max()
    agree = loss <= tolerance and worst <= 0.1 and (quarter <= 1e-5 or steps > 20)  # false on NaN
    print(f"agreement after {steps} steps: weights quartile {quarter:.1e}, worst {worst:.1e}, loss "
          f"{loss:.1e}: {'yes' if agree else 'NO, the row is void'}")
    sys.exit(0 if agree else 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=("make", "run", "compare"))
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--mode", choices=("processes", "threads", "stacked"), default="processes")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--optimizer", choices=("fused", "foreach", "plain"), default="plain")
    arguments = parser.parse_args()
    if arguments.action == "make":
        make(arguments.folder)
    elif arguments.action == "compare":
        compare(arguments.folder)
    else:
        run(arguments.folder, arguments.mode, arguments.threads, arguments.repeats,
            arguments.optimizer)


if __name__ == "__main__":
    main()
