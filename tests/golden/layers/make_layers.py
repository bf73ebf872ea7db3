#!/usr/bin/env python3
"""Golden arrays of layers of images, one by one, from PyTorch.

    python3 tests/golden/layers/make_layers.py        writes tests/golden/layers/*.npy

Made with Python 3.11, PyTorch 2.15.0 and NumPy 2.4.6, one thread, float64. Every file is one row of
numbers, in this order:

    theta, stats before, x, dy, y, dx, dtheta, stats after

theta and stats are PyTorch's parameters() and running buffers in order; y is the forward pass of x,
dx and dtheta are the gradients of sum dy y. Three examples each.
"""
import pathlib

import numpy as np
import torch
from torch import nn

HERE = pathlib.Path(__file__).resolve().parent
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


class Residual(nn.Module):
    def __init__(self, layers, shortcut=None):
        super().__init__()
        self.layers, self.shortcut = layers, shortcut

    def forward(self, x):
        return self.layers(x) + (x if self.shortcut is None else self.shortcut(x))


class Scale(nn.Module):
    def forward(self, x):
        return x * 0.2


def conv_norm(a, b, kernel, stride, padding):
    return [nn.Conv2d(a, b, kernel, stride, padding, bias=False), nn.BatchNorm2d(b)]


def conv_block(a, b, kernel, stride, padding):
    return nn.Sequential(*conv_norm(a, b, kernel, stride, padding), nn.ReLU())


def running(layer):
    parts = [b.reshape(-1) for n, b in layer.named_buffers() if "running" in n]
    return torch.cat(parts).clone() if parts else torch.zeros(0)


def prepare(rng, layer):
    """Random weights, and running statistics that are not those of a fresh layer."""
    for p in layer.parameters():
        p.data = torch.as_tensor(rng.normal(size=p.shape))
    for name, b in layer.named_buffers():
        if "running_mean" in name:
            b.copy_(torch.as_tensor(rng.normal(size=b.shape)))
        if "running_var" in name:
            b.copy_(torch.as_tensor(rng.uniform(0.5, 2, size=b.shape)))


def write(name, seed, layer, shape, train=True, halves=False):
    rng = np.random.default_rng(seed)
    prepare(rng, layer)
    layer.train(train)
    x = rng.normal(size=(3, *shape))
    if halves:  # many equal numbers in a window
        x = np.round(2 * x) / 2
    x = torch.as_tensor(x).requires_grad_(True)
    theta = torch.cat([p.detach().reshape(-1) for p in layer.parameters()] + [torch.zeros(0)])
    before = running(layer)
    y = layer(x)
    dy = torch.as_tensor(rng.normal(size=y.shape))
    grads = torch.autograd.grad((dy * y).sum(), [x, *layer.parameters()])
    parts = [theta.clone(), before, x.detach(), dy, y.detach(), *grads, running(layer)]
    np.save(HERE / f"{name}.npy", np.concatenate([p.reshape(-1).numpy() for p in parts]))


def main():
    write("batch_norm_train", 1, nn.BatchNorm2d(3), (3, 5, 4))
    write("batch_norm_eval", 2, nn.BatchNorm2d(3), (3, 5, 4), train=False)
    write("batch_norm_1x1", 3, nn.BatchNorm2d(4), (4, 1, 1))
    write("max_pool_2", 4, nn.MaxPool2d(2), (2, 5, 7), halves=True)
    write("max_pool_3", 5, nn.MaxPool2d(3), (2, 7, 9), halves=True)
    write("global_max", 6, nn.AdaptiveMaxPool2d((1, 1)), (3, 5, 3), halves=True)
    write("global_average", 7, nn.AdaptiveAvgPool2d((1, 1)), (3, 5, 3))
    write("linear_without_bias", 8, nn.Linear(5, 3, bias=False), (5,))
    write("scale", 9, Scale(), (7,))
    write("conv_block", 10, conv_block(2, 3, 3, 2, 1), (2, 5, 7))
    write("residual", 11, Residual(nn.Sequential(conv_block(2, 3, 3, 1, 1),
                                                 conv_block(3, 2, 3, 1, 1))), (2, 5, 4))
    layers = nn.Sequential(conv_block(2, 3, 3, 2, 1), *conv_norm(3, 3, 3, 1, 1))
    shortcut = nn.Sequential(*conv_norm(2, 3, 1, 2, 0))
    write("shortcut_residual", 12, Residual(layers, shortcut), (2, 7, 5))


main()
