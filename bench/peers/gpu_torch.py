#!/usr/bin/env python3
"""The PyTorch peer of cases 9 to 11 and 14: the same networks, batches and settings, on random numbers.

    gpu_torch.py [--mlps M] [--images N] [--unlearn U]

A line for each network and rounding, as bench_gpu prints them: the time of a step and images per
second. MLPs are stacked: one `bmm` a layer for all members. ResNet-9 runs eagerly and under
torch.compile, in channels-last memory. Data lie on the device; SGD with momentum .9 and weight
decay 5e-4, fused. Unlearning takes one model after the other, as published code does: an epoch over
the retain set in batches of 64, margins on all images; four models are timed and scaled up to U.
KLoM of a point is NumPy's.
"""
import argparse
import time

import numpy
import torch
from torch import nn
from torch.nn import functional as F

from klom_numpy import score
from training_step_torch import network

WIDTHS = (784, 256, 256, 10)


def line(name, members, batch, math, seconds):
    print(f"{name:<20} {members:5d} members, batch {batch:3d}, {math:<9} {1e3 * seconds:9.3f} ms a step "
          f"{members * batch / seconds:12.0f} images/s", flush=True)


def seconds_per_step(step, steps=50):
    for _ in range(10):
        step()
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(steps):
        step()
    torch.cuda.synchronize()
    return (time.perf_counter() - start) / steps


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.01, momentum=0.9, weight_decay=5e-4, fused=True)


def stacked_mlps(members, images, batch, context):
    weights = [nn.Parameter(torch.randn(members, a, b, device="cuda") * (2 / a) ** 0.5)
               for a, b in zip(WIDTHS, WIDTHS[1:])]
    biases = [nn.Parameter(torch.zeros(members, 1, b, device="cuda")) for b in WIDTHS[1:]]
    optimizer = sgd(weights + biases)
    data, labels = torch.rand(images, WIDTHS[0], device="cuda"), torch.arange(images, device="cuda") % 10

    def step():
        picked = torch.randint(images, (members, batch), device="cuda")
        with context():
            x = data[picked]
            for i, (w, b) in enumerate(zip(weights, biases)):
                x = torch.baddbmm(b, x, w)
                if i < 2:
                    x = x.relu()
            loss = F.cross_entropy(x.float().flatten(0, 1), labels[picked].flatten(), reduction="sum") / batch
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return step


def resnet(batch, images, context, compiled):
    model = network().cuda().to(memory_format=torch.channels_last)
    optimizer = sgd(model.parameters())
    if compiled:
        model = torch.compile(model, mode="max-autotune")
    data = torch.rand(images, 3, 32, 32, device="cuda").to(memory_format=torch.channels_last)
    labels = torch.arange(images, device="cuda") % 10

    def step():
        picked = torch.randint(images, (batch,), device="cuda")
        with context():
            loss = F.cross_entropy(model(data[picked]).float(), labels[picked])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return step


def margins(model, data, labels, context):
    with torch.no_grad(), context():
        logits = torch.cat([model(part).float() for part in data.split(256)])
    picked = labels[:, None]
    rest = logits.scatter(1, picked, -torch.inf).logsumexp(1)
    return (logits.gather(1, picked)[:, 0] - rest).cpu().numpy()


def unlearn_one(data, labels, context, forget=100, batch=64):
    """Margins of a model after an epoch over all images but the first ones."""
    model = network().cuda().to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, weight_decay=5e-4, fused=True)
    for picked in (forget + torch.randperm(len(data) - forget, device="cuda")).split(batch):
        with context():
            loss = F.cross_entropy(model(data[picked]).float(), labels[picked])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    model.eval()
    return margins(model, data, labels, context)


def unlearning(images, models, math, context, timed=4):
    data = torch.rand(images, 3, 32, 32, device="cuda").to(memory_format=torch.channels_last)
    labels = torch.arange(images, device="cuda") % 10
    unlearn_one(data, labels, context)
    torch.cuda.synchronize()
    start = time.perf_counter()
    after = [unlearn_one(data, labels, context) for _ in range(timed)]
    seconds = (time.perf_counter() - start) * models / timed
    rng = numpy.random.default_rng(1)
    many = rng.normal(size=(2, models, images)).astype(numpy.float32) * after[0].std()
    start = time.perf_counter()
    score(many[0], many[1])
    klom = time.perf_counter() - start
    print(f"unlearning {models:5d} ResNet-9, {images} images, {math:<9} {seconds:9.3f} s one by one (scaled up "
          f"from {timed}) + {klom:.3f} s KLoM", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mlps", type=int, default=1000)
    parser.add_argument("--images", type=int, default=16384)
    parser.add_argument("--unlearn", type=int, default=100)
    arguments = parser.parse_args()
    print(f"PyTorch {torch.__version__}, {torch.cuda.get_device_name()}")

    def plain():
        return torch.autocast("cuda", enabled=False)

    def bfloat16():
        return torch.autocast("cuda", dtype=torch.bfloat16)

    for math, tf32, context in (("float32", False, plain), ("TF32", True, plain), ("bfloat16", True, bfloat16)):
        torch.backends.cuda.matmul.allow_tf32 = tf32
        torch.backends.cudnn.allow_tf32 = tf32
        torch.backends.cudnn.benchmark = True
        for members in (1, 16, 100, arguments.mlps):
            line("MLP", members, 256, math,
                 seconds_per_step(stacked_mlps(members, arguments.images, 256, context)))
        for compiled in (False, True):
            name = "ResNet-9 compiled" if compiled else "ResNet-9"
            try:
                line(name, 1, 256, math, seconds_per_step(resnet(256, 4096, context, compiled)))
            except Exception as error:  # the compiler needs cc and Python's headers
                if not compiled:
                    raise
                print(f"{name}: {type(error).__name__}: {error}".splitlines()[0])
        if tf32:
            unlearning(min(arguments.images, 4096), arguments.unlearn, math, context)


if __name__ == "__main__":
    main()
