#!/usr/bin/env python3
"""Golden numbers of whole convolutional networks, from PyTorch.

    python3 tests/golden/resnet/make_resnet.py        writes tests/golden/resnet/*.npy

Made with Python 3.11, PyTorch 2.15.0 and NumPy 2.4.6, one thread, float64. Weights and images are a
formula of their position (`noise`), which the test computes again, so that only results are stored:
NAME_tensors.npy [tensors][2] holds the size of each weight tensor in PyTorch's order and the inputs
of one of its units (0: gamma, -1: beta, -2: bias). NAME.npy is one row of numbers, in this order:

    logits [n][k] and loss of the first pass in train mode (mean cross entropy, label of i: 3 i mod k)
    gradient: norm of each tensor; `entries` numbers of each tensor
    running statistics after the pass
    ten steps of SGD (rate RATE, momentum .9, weight decay 5e-4) on the same images:
    losses before each step; norm of each tensor; `entries` numbers of each tensor
    running statistics; logits [n][k] in eval mode

`entries` numbers of a tensor of size s are those at floor(e s / entries). Of the running statistics
every STRIDE-th is stored.
"""
import pathlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

HERE = pathlib.Path(__file__).resolve().parent
RATE = 0.02
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def noise(first, n):
    """Numbers in [-1, 1) of positions first .. first + n - 1: splitmix64 of the position."""
    z = np.arange(first + 1, first + 1 + n, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1


# ---- the networks ------------------------------------------------------------------------------


def conv_norm(a, b, kernel, stride, padding):
    return [nn.Conv2d(a, b, kernel, stride, padding, bias=False), nn.BatchNorm2d(b)]


def conv_block(a, b, kernel=3, stride=1, padding=1):
    return nn.Sequential(*conv_norm(a, b, kernel, stride, padding), nn.ReLU())


class Residual(nn.Module):
    def __init__(self, layers, shortcut=None):
        super().__init__()
        self.layers, self.shortcut = layers, shortcut

    def forward(self, x):
        return self.layers(x) + (x if self.shortcut is None else self.shortcut(x))


class Scale(nn.Module):
    def forward(self, x):
        return x * 0.2


def resnet9(classes, w):
    return nn.Sequential(
        conv_block(3, w), conv_block(w, 2 * w, 5, 2, 2),
        Residual(nn.Sequential(conv_block(2 * w, 2 * w), conv_block(2 * w, 2 * w))),
        conv_block(2 * w, 4 * w), nn.MaxPool2d(2),
        Residual(nn.Sequential(conv_block(4 * w, 4 * w), conv_block(4 * w, 4 * w))),
        conv_block(4 * w, 2 * w, 3, 1, 0), nn.AdaptiveMaxPool2d((1, 1)), nn.Flatten(),
        nn.Linear(2 * w, classes, bias=False), Scale())


def basic_block(a, b, stride):
    layers = nn.Sequential(conv_block(a, b, 3, stride), *conv_norm(b, b, 3, 1, 1))
    plain = stride == 1 and a == b
    shortcut = None if plain else nn.Sequential(*conv_norm(a, b, 1, stride, 0))
    return nn.Sequential(Residual(layers, shortcut), nn.ReLU())


def resnet18(classes, w):
    blocks = [conv_block(3, w)]
    for a, b, stride in ((w, w, 1), (w, 2 * w, 2), (2 * w, 4 * w, 2), (4 * w, 8 * w, 2)):
        blocks += [basic_block(a, b, stride), basic_block(b, b, 1)]
    return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(),
                         nn.Linear(8 * w, classes))


def conv_net(classes, w, shape):
    return nn.Sequential(conv_block(shape[0], w), nn.MaxPool2d(2), conv_block(w, 2 * w),
                         nn.MaxPool2d(2), nn.Flatten(),
                         nn.Linear(2 * w * (shape[1] // 4) * (shape[2] // 4), classes))


# ---- weights, images, numbers ------------------------------------------------------------------


def kind(parameter, name):
    """Inputs of a unit of a weight, or what else the tensor is."""
    if parameter.dim() > 1:
        return parameter[0].numel()
    return 0 if name.endswith("weight") else -1


def set_weights(net):
    table, at = [], 0
    norms = {n for n, m in net.named_modules() if isinstance(m, nn.BatchNorm2d)}
    for name, p in net.named_parameters():
        what = kind(p, name)
        if what == -1 and name.rsplit(".", 1)[0] not in norms:
            what = -2
        u = noise(at, p.numel())
        value = np.sqrt(6 / what) * u if what > 0 else 1 + 0.25 * u if what == 0 else 0.1 * u
        p.data = torch.as_tensor(value.reshape(p.shape))
        table.append((p.numel(), what))
        at += p.numel()
    return np.array(table, dtype=np.int64)


def statistics(net, stride):
    parts = [b.reshape(-1) for n, b in net.named_buffers() if "running" in n]
    return torch.cat(parts)[::stride].clone()


def some(tensors, entries):
    rows = []
    for t in tensors:
        flat = t.detach().reshape(-1)
        rows.append(flat[np.arange(entries) * flat.numel() // entries])
    norms = torch.stack([t.detach().norm() for t in tensors])
    return [norms, *rows]


def write(name, net, classes, shape, n, entries, stride):
    table = set_weights(net)
    images = noise(10**9, n * int(np.prod(shape))).astype(np.float32).astype(np.float64)
    x = torch.as_tensor(images.reshape(n, *shape))
    y = torch.as_tensor(3 * np.arange(n) % classes)
    net.train()
    parameters = list(net.parameters())
    optimizer = torch.optim.SGD(parameters, lr=RATE, momentum=0.9, weight_decay=5e-4)
    out, losses = [], []
    for step in range(10):
        optimizer.zero_grad()
        logits = net(x)
        loss = F.cross_entropy(logits, y)
        loss.backward()
        losses.append(loss.detach().reshape(1))
        if step == 0:
            out += [logits.detach(), losses[0], *some([p.grad for p in parameters], entries),
                    statistics(net, stride)]
        optimizer.step()
    out += [*losses, *some(parameters, entries), statistics(net, stride)]
    net.eval()
    out.append(net(x).detach())
    np.save(HERE / f"{name}_tensors.npy", table)
    np.save(HERE / f"{name}.npy", np.concatenate([t.reshape(-1).numpy() for t in out]))
    print(name, [round(float(l), 4) for l in losses])


def main():
    write("resnet9", resnet9(10, 64), 10, (3, 32, 32), 8, 100, 16)
    write("resnet9_narrow", resnet9(7, 4), 7, (3, 22, 18), 6, 40, 1)
    write("resnet18_32", resnet18(5, 4), 5, (3, 32, 32), 4, 20, 2)
    write("resnet18_64", resnet18(5, 4), 5, (3, 64, 64), 4, 20, 2)
    write("conv_net", conv_net(6, 4, (2, 13, 11)), 6, (2, 13, 11), 5, 40, 1)


main()
