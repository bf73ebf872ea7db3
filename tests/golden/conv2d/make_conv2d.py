#!/usr/bin/env python3
"""Golden arrays of convolutions: outputs and gradients of PyTorch's F.conv2d.

    python3 tests/golden/conv2d/make_conv2d.py      writes the .npy files beside this script

Made with Python 3.11, PyTorch 2.15.0 and NumPy 2.4.6, one thread, all arrays float64. Per case
NAME (below: input, filters, kernel, stride, padding) there is one row of numbers:

    NAME_out.npy     output [members][rows][f*oh*ow], then the gradients of sum a y: in the input
                     [members][rows][c*h*w], in the weights [members][f*c*k*k], each flattened

Inputs, weights and a are not stored. They are x[i] = wave(i, 1), w[i] = wave(i, 2) and a[i] =
wave(i, 3) in the flat order of the arrays, with
wave(i, s) = ((31 i i + 7919 i + 104729 s) % 2003 - 1001) / 512, numbers that a float32 holds
exactly. Two members with their own weights, two rows; in the cases named shared_ both members see
the first member's rows.
"""
import pathlib

import numpy as np
import torch
from torch.nn import functional as F

HERE = pathlib.Path(__file__).resolve().parent
MEMBERS, ROWS = 2, 2
CASES = {  # name: (channels, height, width), filters, kernel, stride, padding
    "plain": ((3, 6, 5), 4, 3, 1, 1),
    "stride2": ((2, 7, 9), 3, 3, 2, 1),
    "valid": ((3, 6, 6), 2, 3, 1, 0),
    "five": ((3, 9, 7), 4, 5, 2, 2),
    "one_channel": ((1, 5, 5), 1, 3, 1, 1),
    "pointwise": ((5, 3, 4), 6, 1, 1, 0),
    "small": ((2, 4, 4), 3, 3, 1, 1),
    "even": ((2, 6, 7), 3, 4, 3, 1),
    "wide_padding": ((2, 3, 4), 2, 3, 1, 2),
    "skipping": ((2, 7, 7), 2, 1, 2, 0),
    "tiles": ((16, 8, 8), 16, 3, 1, 1),
    "odd_tiles": ((19, 7, 6), 18, 3, 1, 1),
    "valid_tiles": ((16, 8, 8), 17, 3, 1, 0),
    "strided_tiles": ((16, 7, 8), 16, 5, 2, 2),
    "valid_strided_tiles": ((17, 11, 12), 16, 5, 2, 0),
    "shared_plain": ((3, 6, 5), 4, 3, 2, 1),
    "shared_tiles": ((16, 4, 4), 16, 3, 1, 1),
}


def wave(shape, s):
    i = np.arange(np.prod(shape), dtype=np.int64)
    values = (31 * i * i + 7919 * i + 104729 * s) % 2003 - 1001
    return torch.from_numpy((values / 512).reshape(shape))


def make(name, image, filters, kernel, stride, padding):
    shared = name.startswith("shared_")
    x = wave(((1 if shared else MEMBERS), ROWS, *image), 1).expand(MEMBERS, -1, -1, -1, -1).clone()
    w = wave((MEMBERS, filters, image[0], kernel, kernel), 2)
    x.requires_grad_(True), w.requires_grad_(True)
    y = torch.stack([F.conv2d(x[m], w[m], None, stride, padding) for m in range(MEMBERS)])
    a = wave(y.shape, 3)
    dx, dw = torch.autograd.grad((a * y).sum(), (x, w))
    parts = [t.detach().numpy().reshape(-1) for t in (y, dx, dw)]
    np.save(HERE / f"{name}_out.npy", np.concatenate(parts))


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name, case in CASES.items():
        make(name, *case)
