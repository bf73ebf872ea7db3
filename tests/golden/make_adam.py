#!/usr/bin/env python3
"""Steps of PyTorch's Adam in float32, on given gradients.

    python3 tests/golden/make_adam.py        writes tests/golden/adam/

Made with Python 3.11, PyTorch 2.15.0 and NumPy 2.4.6, one thread. Weights start at 0, so that
float32 holds a step to its last digits: from weights near 1 their rounding would hide an error of
1e-5 of it.
"""
import pathlib

import numpy as np
import torch

FOLDER = pathlib.Path(__file__).resolve().parent / "adam"
torch.set_num_threads(1)

rng = np.random.default_rng(5)
steps, n = 30, 24
scales = 10.0 ** rng.uniform(-5, 2, size=n)  # of each weight's gradients
gradients = (rng.normal(size=(steps, n)) * scales).astype(np.float32)

theta = torch.nn.Parameter(torch.zeros(n, dtype=torch.float32))
optimizer = torch.optim.Adam([theta], lr=1e-3)
weights = []
for gradient in gradients:
    theta.grad = torch.from_numpy(gradient.copy())
    optimizer.step()
    weights.append(theta.detach().numpy().copy())

FOLDER.mkdir(exist_ok=True)
np.save(FOLDER / "gradients.npy", gradients)       # [steps][n] float32
np.save(FOLDER / "theta.npy", np.array(weights))   # [steps][n] float32, after each step
