#!/usr/bin/env python3
"""Golden arrays of TRAK: gradients by PyTorch, the sketch by Philox, the scores by NumPy.

    python3 tests/golden/make_trak.py        writes tests/golden/trak/

Made with Python 3.11, PyTorch 2.15.0 and NumPy 2.4.6, one thread, all arrays float64 or int64.
README.md beside this script says what each file is. Philox4x32-10 is written out here from Salmon
et al., SC 2011, so that it does not share code with the library.
"""
import numpy as np
import torch

from make_mlp import draw_data, draw_theta, make_net, save

WIDTHS = (12, 9, 7, 4)
CHECKPOINTS, EXAMPLES, POINTS = 3, 40, 11
DIMENSIONS, SEED, LAMBDA = 20, 77, 1e-2
PROJECTION = 8  # the stream's purpose


def philox(counter, key):
    """Philox4x32 with ten rounds: four words from four and a key of two."""
    c, k = list(counter), list(key)
    for _ in range(10):
        first, second = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [second >> 32 ^ c[1] ^ k[0], second & 0xFFFFFFFF, first >> 32 ^ c[3] ^ k[1], first & 0xFFFFFFFF]
        k = [k[0] + 0x9E3779B9 & 0xFFFFFFFF, k[1] + 0xBB67AE85 & 0xFFFFFFFF]
    return c


def sketch(number, columns, dimensions):
    """The matrix [columns][dimensions]: one sign in each row. Bit j % 32 of word j % 128 // 32 of counter
    j // 128 is the sign of row j = b dimensions + s; its column is s + shift_b, modulo dimensions."""
    def words(index):
        return philox((index & 0xFFFFFFFF, index >> 32, number, PROJECTION), (SEED & 0xFFFFFFFF, SEED >> 32))

    matrix = np.zeros((columns, dimensions))
    for row in range(columns):
        piece, place = divmod(row, dimensions)
        shift = words((1 << 40) + piece)[0] * dimensions >> 32
        bit = words(row // 128)[row % 128 // 32] >> row % 32 & 1
        matrix[row, (place + shift) % dimensions] = 1 if bit else -1
    return matrix


def margin(z, y):
    others = torch.cat([z[:y], z[y + 1:]])
    return z[y] - torch.logsumexp(others, 0)


def gradients(net, x, outputs):
    """One row for each output of each point: outputs(z, i) are the numbers of point i."""
    rows = []
    for i in range(len(x)):
        for value in outputs(net(torch.as_tensor(x[i])), i):
            parts = torch.autograd.grad(value, list(net.parameters()), retain_graph=True)
            rows.append(torch.cat([part.flatten() for part in parts]).numpy())
    return np.array(rows)


def main():
    rng = np.random.default_rng(5)
    x, y = draw_data(rng, EXAMPLES + POINTS, WIDTHS)
    train, points = x[:EXAMPLES], x[EXAMPLES:]
    thetas = np.array([draw_theta(rng, WIDTHS) for _ in range(CHECKPOINTS)])
    scores = {f"{curvature}_{of}": 0.0 for curvature in ("logistic", "identity") for of in ("margin", "logits")}
    unsure = 0.0
    for m, theta in enumerate(thetas):
        net = make_net(WIDTHS, theta)
        signs = sketch(m, len(theta), DIMENSIONS)
        phi = gradients(net, train, lambda z, i: [margin(z, y[i])]) @ signs
        targets = {
            "margin": gradients(net, points, lambda z, i: [margin(z, y[EXAMPLES + i])]) @ signs,
            "logits": gradients(net, points, lambda z, i: list(z)) @ signs,
        }
        if m == 0:
            save("trak", "features", phi)
        p = torch.softmax(net(torch.as_tensor(train)), 1).detach().numpy()[np.arange(EXAMPLES), y[:EXAMPLES]]
        unsure = unsure + (1 - p) / CHECKPOINTS
        for curvature, weights in (("logistic", p * (1 - p)), ("identity", np.ones(EXAMPLES))):
            gram = phi.T @ (weights[:, None] * phi)
            ridge = gram + LAMBDA * np.trace(gram) / EXAMPLES * np.eye(DIMENSIONS)
            for name, of in targets.items():
                scores[f"{curvature}_{name}"] += phi @ np.linalg.solve(ridge, of.T) / CHECKPOINTS
    save("trak", "inputs", x)
    save("trak", "labels", y)
    save("trak", "thetas", thetas)
    for name, score in scores.items():
        save("trak", f"effects_{name}", score * unsure[:, None])


if __name__ == "__main__":
    main()
