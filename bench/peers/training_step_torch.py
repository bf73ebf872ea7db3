#!/usr/bin/env python3
"""The PyTorch peer of case 6, the whole training step of ResNet-9 at batch 64, fp32.

    training_step_torch.py make DIR       writes the data of the case into DIR
    training_step_torch.py run DIR        one-thread processes; --format nchw or nhwc, --processes P
    training_step_torch.py double DIR     the same steps in float64, the truth of `compare`
    training_step_torch.py compare DIR    {theta,stats,loss}_{ours,torch,double}.npy
    training_step_torch.py table DIR      the best of DIR/times_*.txt, and ratios

DIR: inputs.npy [n][3072] float32, labels.npy [n] int64, theta0.npy [1][p] float32 (in the order of
PyTorch's parameters), order.npy [batches][64] int64. A run does --warm-up and --steps steps in
every process at once, on the batches in turn, writes the results of one process, and prints the
time of a step: of each of the S the slowest process's, and of those the quickest. The batches lie
ready in the memory format, which is not timed.
Settings: learning rate .02, momentum .9, weight decay 5e-4, mean cross entropy.
"""
import argparse
import multiprocessing
import pathlib
import sys
import time

import numpy as np

from convolution_torch import LAYERS, operations

BATCH, BATCHES, CLASSES, WIDTH = 64, 8, 10, 64
RATE, MOMENTUM, DECAY = 0.02, 0.9, 5e-4
LOSS_TOLERANCE, STATISTICS_TOLERANCE, GRADIENT_TOLERANCE = 1e-4, 1e-5, 1e-4


def network():
    from torch import nn

    def block(a, b, kernel=3, stride=1, padding=1):
        return nn.Sequential(nn.Conv2d(a, b, kernel, stride, padding, bias=False),
                             nn.BatchNorm2d(b), nn.ReLU(inplace=True))

    class Residual(nn.Sequential):
        def forward(self, x):
            return super().forward(x) + x

    class Scale(nn.Module):
        def forward(self, x):
            return x * 0.2

    w = WIDTH
    return nn.Sequential(
        block(3, w), block(w, 2 * w, 5, 2, 2),
        Residual(block(2 * w, 2 * w), block(2 * w, 2 * w)),
        block(2 * w, 4 * w), nn.MaxPool2d(2),
        Residual(block(4 * w, 4 * w), block(4 * w, 4 * w)),
        block(4 * w, 2 * w, 3, 1, 0), nn.AdaptiveMaxPool2d((1, 1)), nn.Flatten(),
        nn.Linear(2 * w, CLASSES, bias=False), Scale())


def make(folder):
    rng = np.random.default_rng(0)
    n = BATCH * BATCHES
    parts = []
    for parameter in network().parameters():
        size, fan_in = parameter.numel(), parameter[0].numel()
        if parameter.dim() > 1:
            parts.append(rng.normal(size=size) * np.sqrt(2 / fan_in))
        elif len(parts) % 3 == 1:  # convolution, gamma, beta
            parts.append(1 + 0.1 * rng.normal(size=size))
        else:
            parts.append(0.1 * rng.normal(size=size))
    np.save(folder / "inputs.npy", rng.normal(size=(n, 3072)).astype(np.float32))
    np.save(folder / "labels.npy", rng.integers(0, CLASSES, n))
    np.save(folder / "theta0.npy", np.concatenate(parts)[None].astype(np.float32))
    np.save(folder / "order.npy", rng.permutation(n).reshape(BATCHES, BATCH))


def train(folder, steps, memory, optimizer_name, real="float32", wait=lambda: None):
    """Results by name, and when each step ended."""
    import torch
    from torch.nn import functional as F
    torch.set_num_threads(1)
    real = getattr(torch, real)
    layout = dict(nchw=torch.contiguous_format, nhwc=torch.channels_last)[memory]
    kind = dict(fused=dict(fused=True), foreach=dict(foreach=True), plain=dict(foreach=False))
    inputs, labels, theta0, order = (np.load(folder / f"{name}.npy")
                                     for name in ("inputs", "labels", "theta0", "order"))
    net = network().to(real)
    with torch.no_grad():
        sizes = [parameter.numel() for parameter in net.parameters()]
        for parameter, value in zip(net.parameters(), torch.from_numpy(theta0[0]).split(sizes)):
            parameter.copy_(value.reshape(parameter.shape))
    net = net.to(memory_format=layout).train()
    optimizer = torch.optim.SGD(net.parameters(), lr=RATE, momentum=MOMENTUM, weight_decay=DECAY,
                                **kind[optimizer_name])
    batches = [(torch.from_numpy(inputs[rows]).reshape(-1, 3, 32, 32).to(real)
                .contiguous(memory_format=layout), torch.from_numpy(labels[rows]))
               for rows in order]
    ends = []
    wait()
    for step in range(steps):
        images, classes = batches[step % len(batches)]
        loss = F.cross_entropy(net(images), classes)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        ends.append(time.perf_counter())
    running = [value for name, value in net.named_buffers() if "running" in name]
    results = dict(theta=net.parameters(), stats=running, loss=[loss])
    return {name: torch.cat([t.detach().reshape(-1) for t in tensors])[None].numpy()
            for name, tensors in results.items()}, ends


def save(folder, results, who):
    for name, value in results.items():
        np.save(folder / f"{name}_{who}.npy", value)


def worker(folder, arguments, barrier, queue):
    queue.put(train(folder, arguments.warm_up + arguments.steps, arguments.format,
                    arguments.optimizer, wait=barrier.wait))


def run(folder, arguments):
    context = multiprocessing.get_context("spawn")
    barrier, queue = context.Barrier(arguments.processes), context.Queue()
    pool = [context.Process(target=worker, args=(folder, arguments, barrier, queue), daemon=True)
            for _ in range(arguments.processes)]
    for process in pool:
        process.start()
    answers = [queue.get(timeout=1800) for _ in pool]  # or a process died
    for process in pool:
        process.join()
    save(folder, answers[0][0], "torch")
    seconds = np.diff([ends for _, ends in answers]).max(0)[max(arguments.warm_up - 1, 0):]
    best = seconds.min() if len(seconds) else 0
    print(f"torch_{arguments.format} {arguments.processes} {best:.6f} s per step")


def compare(folder, arguments):
    """After one step the loss, the way that the weights went, which is the gradient (of every
    tensor, in norm), and the running statistics; after more steps the loss. ReLU and maximum choose
    by rounding now and then, which moves the gradient of a tensor by up to a few thousandths, also
    PyTorch's. So ours may be three times as far from the float64 gradient as PyTorch's own fp32."""
    def load(name, who):
        return np.load(folder / f"{name}_{who}.npy").astype(np.float64).reshape(-1)

    steps = arguments.warm_up + arguments.steps
    ours, torchs = load("loss", "ours")[0], load("loss", "torch")[0]
    agree = abs(ours - torchs) <= LOSS_TOLERANCE
    words = f"loss {ours:.6f}, off by {abs(ours - torchs):.1e}"
    if steps == 1:
        start = np.load(folder / "theta0.npy")[0].astype(np.float64)
        ends = np.cumsum([parameter.numel() for parameter in network().parameters()])[:-1]
        moved = np.split(load("theta", "double") - start, ends)
        away = {who: np.array([np.linalg.norm(a) / np.linalg.norm(m) for a, m in zip(
            np.split(load("theta", who) - load("theta", "double"), ends), moved)])
            for who in ("ours", "torch")}
        stats = (np.abs(load("stats", "ours") - load("stats", "double")).max()
                 / np.abs(load("stats", "double")).max())
        agree &= stats <= STATISTICS_TOLERANCE and away["ours"].max() <= max(
            3 * away["torch"].max(), GRADIENT_TOLERANCE)
        words += f"; running statistics off by {stats:.1e}; gradients from float64, median and " + \
            "worst tensor: " + ", ".join(f"{name} {np.median(a):.1e} {a.max():.1e}"
                                         for name, a in away.items())
    agree = bool(agree)  # false on NaN
    print(f"{arguments.who}, agreement after {steps} steps: {words}: "
          f"{'yes' if agree else 'NO, the rows are void'}")
    sys.exit(0 if agree else 1)


def table(folder, arguments):
    """The best time of each program at each number of members. The peer of a ratio is the better
    memory format at that number."""
    del arguments
    best = {}
    for file in folder.glob("times_*.txt"):
        for line in file.read_text().splitlines():
            who, members, seconds, *_ = line.split()
            key = (int(members), who)
            best[key] = min(best.get(key, np.inf), float(seconds))
    work = sum(times * operations(name) * (2 if name == "3-64_32" else 3)  # no dx of the images
               for name, (*_, times) in LAYERS.items())
    print(f"a step: {work / 1e9:.1f} GFLOP of convolutions by the plain formula, {BATCH} images")
    print(f"{'program':<16} {'members':>7} {'ms/step':>8} {'images/s':>9} {'GFLOP/s':>8} "
          f"{'/nchw':>6} {'/nhwc':>6} {'ratio':>6}")
    for (members, who), seconds in sorted(best.items()):
        peers = [best[members, f"torch_{memory}"] for memory in ("nchw", "nhwc")]
        print(f"{who:<16} {members:7d} {seconds * 1e3:8.1f} {members * BATCH / seconds:9.0f} "
              f"{members * work / seconds / 1e9:8.0f} {peers[0] / seconds:6.2f} "
              f"{peers[1] / seconds:6.2f} {min(peers) / seconds:6.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=("make", "run", "double", "compare", "table"))
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--format", choices=("nchw", "nhwc"), default="nhwc")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--warm-up", type=int, default=2)
    parser.add_argument("--who", default="expunge", help="whose results `compare` reads")
    parser.add_argument("--optimizer", choices=("fused", "foreach", "plain"), default="fused")
    arguments = parser.parse_args()
    if arguments.action == "make":
        make(arguments.folder)
    elif arguments.action == "double":
        results, _ = train(arguments.folder, arguments.warm_up + arguments.steps, "nchw", "plain",
                           "float64")
        save(arguments.folder, results, "double")
    else:
        globals()[arguments.action](arguments.folder, arguments)


if __name__ == "__main__":
    main()
