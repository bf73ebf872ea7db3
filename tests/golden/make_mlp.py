#!/usr/bin/env python3
"""Golden arrays of multilayer perceptrons, optimisers, objectives and unlearning runs, from PyTorch.

    python3 tests/golden/make_mlp.py        writes tests/golden/mlp/ and tests/golden/objectives/

Made with Python 3.11, PyTorch 2.15.0 and NumPy 2.4.6, one thread, all arrays float64 or int64.
README.md beside this script says what each file is. Every reference is torch.nn, torch.optim and
autograd; no formula of the library is repeated here except the order of the steps of a method.
"""
import pathlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

HERE = pathlib.Path(__file__).resolve().parent
WIDTHS = (12, 9, 7, 4)
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def save(folder, name, value):
    if isinstance(value, torch.Tensor):
        value = value.detach().numpy()
    value = np.ascontiguousarray(value)
    value = value.astype(np.float64 if value.dtype.kind == "f" else np.int64)
    (HERE / folder).mkdir(exist_ok=True)
    np.save(HERE / folder / f"{name}.npy", value)


def make_net(widths, theta=None):
    """Linear, ReLU, .., Linear. parameters() is per layer W [out][in], b [out]: the flat layout."""
    layers = []
    for a, b in zip(widths[:-1], widths[1:]):
        layers += [nn.Linear(a, b), nn.ReLU()]
    net = nn.Sequential(*layers[:-1])
    if theta is not None:
        nn.utils.vector_to_parameters(torch.as_tensor(theta).clone(), net.parameters())
    return net


def flat(net):
    return nn.utils.parameters_to_vector(net.parameters()).detach().clone()


def draw_theta(rng, widths, scale=1.0):
    """He normal weights, and biases that are not zero so that a forgotten bias shows."""
    parts = []
    for a, b in zip(widths[:-1], widths[1:]):
        parts += [rng.normal(size=b * a) * scale * np.sqrt(2 / a), rng.normal(size=b) * 0.1]
    return np.concatenate(parts)


def draw_data(rng, n, widths):
    """Inputs are numbers that a float holds, since the library's data sets are floats."""
    x = rng.normal(size=(n, widths[0])).astype(np.float32).astype(np.float64)
    teacher = make_net(widths, draw_theta(rng, widths))
    with torch.no_grad():
        z = teacher(torch.as_tensor(x)).numpy()
    return x, (z + rng.gumbel(size=z.shape) * 0.3).argmax(1)


def triangular(steps, peak, start, end, top):
    """Piecewise linear start -> peak -> end, one rate per step."""
    return np.interp(np.arange(steps), [0, top, steps - 1], [start, peak, end])


def set_rate(optimizer, rate):
    for group in optimizer.param_groups:
        group["lr"] = float(rate)


def step(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


# ---- mlp/: forward, loss, gradient, optimisers ---------------------------------------------------


def forward_and_gradient(tag, rng, widths, n):
    theta = draw_theta(rng, widths)
    x, y = draw_data(rng, n, widths)
    net = make_net(widths, theta)
    logits = net(torch.as_tensor(x))
    loss = F.cross_entropy(logits, torch.as_tensor(y))
    gradient = torch.cat([g.reshape(-1) for g in torch.autograd.grad(loss, list(net.parameters()))])
    for name, value in dict(theta=theta, inputs=x, labels=y, logits=logits, loss=loss.reshape(1),
                            gradient=gradient).items():
        save("mlp", f"{tag}_{name}", value)
    return theta, x, y


def ten_steps(theta, x, y, batches, rates, make_optimizer):
    """[10][p]: the weights after each step; the rate of step t is rates[t]."""
    net = make_net(WIDTHS, theta)
    optimizer = make_optimizer(net.parameters())
    rows = []
    for batch, rate in zip(batches, rates):
        set_rate(optimizer, rate)
        step(optimizer, F.cross_entropy(net(x[batch]), y[batch]))
        rows.append(flat(net))
    return torch.stack(rows)


def make_mlp():
    rng = np.random.default_rng(1)
    forward_and_gradient("5_3", rng, (5, 3), 8)
    theta, x, y = forward_and_gradient("12_9_7_4", rng, WIDTHS, 20)
    batches = np.stack([rng.permutation(20)[:6] for _ in range(10)])
    sgd_rates = triangular(10, 0.4, 0.05, 0.0, 3)
    adam_rates = triangular(10, 0.05, 0.01, 0.001, 3)
    save("mlp", "batches", batches)
    save("mlp", "sgd_rates", sgd_rates)
    save("mlp", "adam_rates", adam_rates)
    x, y = torch.as_tensor(x), torch.as_tensor(y)
    sgd = dict(lr=1.0, momentum=0.9, weight_decay=5e-4)
    adam = dict(lr=1.0, betas=(0.9, 0.999), eps=1e-8)
    runs = {
        "sgd_plain": (sgd_rates, lambda p: torch.optim.SGD(p, lr=1.0)),
        "sgd_momentum": (sgd_rates, lambda p: torch.optim.SGD(p, **sgd)),
        "sgd_nesterov": (sgd_rates, lambda p: torch.optim.SGD(p, nesterov=True, **sgd)),
        "adam": (adam_rates, lambda p: torch.optim.Adam(p, **adam)),
        "adam_l2": (adam_rates, lambda p: torch.optim.Adam(p, weight_decay=5e-4, **adam)),
    }
    for name, (rates, make_optimizer) in runs.items():
        save("mlp", f"theta_{name}", ten_steps(theta, x, y, batches, rates, make_optimizer))


# ---- objectives/: output functions and losses on given logits ------------------------------------


def soft_margin(z, y):
    """z_y - log sum_{j != y} exp z_j, the log-odds of the true class."""
    other = z.masked_fill(F.one_hot(y, z.shape[1]).bool(), -torch.inf)
    return z.gather(1, y[:, None])[:, 0] - other.logsumexp(1)


def hard_margin(z, y):
    other = z.masked_fill(F.one_hot(y, z.shape[1]).bool(), -torch.inf)
    return z.gather(1, y[:, None])[:, 0] - other.max(1).values


def kl_distillation(teacher, student, temperature):
    """T^2 x batch mean of KL(softmax(teacher / T) || softmax(student / T))."""
    return temperature**2 * F.kl_div((student / temperature).log_softmax(1),
                                     (teacher / temperature).softmax(1), reduction="batchmean")


def gradient_of(value, z):
    return torch.autograd.grad(value, z)[0]


def make_objectives():
    rng = np.random.default_rng(2)
    n, k = 16, WIDTHS[-1]
    a, b = draw_theta(rng, WIDTHS), draw_theta(rng, WIDTHS)
    x, y = draw_data(rng, n, WIDTHS)
    y = torch.as_tensor(y)
    with torch.no_grad():
        teacher = make_net(WIDTHS, a)(torch.as_tensor(x))
        student = make_net(WIDTHS, b)(torch.as_tensor(x))
    student[0] += torch.tensor([40.0, -40.0, 0.0, 0.0])  # a row that overflows a naive softmax
    student.requires_grad_(True)
    out = dict(teacher_theta=a, student_theta=b, inputs=x, labels=y, teacher_logits=teacher,
               student_logits=student)
    out["soft_margin"] = soft_margin(student, y)
    out["soft_margin_gradient"] = gradient_of(soft_margin(student, y).sum(), student)
    out["hard_margin"] = hard_margin(student, y)
    out["hard_margin_gradient"] = gradient_of(hard_margin(student, y).sum(), student)
    cross_entropy = F.cross_entropy(student, y)
    out["cross_entropy"] = cross_entropy.reshape(1)
    out["cross_entropy_gradient"] = gradient_of(cross_entropy, student)
    for t in (1, 2, 4):
        kl = kl_distillation(teacher, student, float(t))
        out[f"kl_t{t}"] = kl.reshape(1)
        out[f"kl_t{t}_gradient"] = gradient_of(kl, student)
    squared = F.mse_loss(student, teacher)  # mean over the batch and the classes
    out["squared_error"] = squared.reshape(1)
    out["squared_error_gradient"] = gradient_of(squared, student)
    for name, value in out.items():
        save("objectives", name, value)


# ---- objectives/run_*: whole small unlearning runs -----------------------------------------------


def passes(rng, epochs, n, batch):
    """[epochs][n] permutations; a pass takes them `batch` at a time, the last batch may be short."""
    return np.stack([rng.permutation(n) for _ in range(epochs)])


def split(order, batch):
    return [order[i:i + batch] for i in range(0, len(order), batch)]


class Run:
    """The shared set-up: 12 forget and 40 retain examples and a trained-ish theta0."""

    def __init__(self):
        rng = np.random.default_rng(3)
        self.theta0 = draw_theta(rng, WIDTHS)
        x, y = draw_data(rng, 52, WIDTHS)
        self.x, self.y = torch.as_tensor(x), torch.as_tensor(y)
        net = make_net(WIDTHS, self.theta0)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
        for _ in range(60):
            step(optimizer, F.cross_entropy(net(self.x), self.y))
        self.theta0 = flat(net)
        self.xf, self.yf = self.x[:12], self.y[:12]
        self.xr, self.yr = self.x[12:], self.y[12:]
        self.forget_orders = passes(rng, 4, 12, 4)
        self.retain_orders = passes(rng, 4, 40, 8)
        self.oracle = make_net(WIDTHS, draw_theta(rng, WIDTHS))
        self.match_orders = passes(rng, 4, 34, 8)
        self.match_rows = np.concatenate([np.arange(12), np.arange(12),  # forget x 2
                                          12 + rng.permutation(40)[:10]])  # 10 of the retain set

    def start(self, rate, momentum=0.9, weight_decay=5e-4):
        net = make_net(WIDTHS, self.theta0)
        return net, torch.optim.SGD(net.parameters(), lr=rate, momentum=momentum,
                                    weight_decay=weight_decay)

    def forget_loss(self, net, batch):
        return F.cross_entropy(net(self.xf[batch]), self.yf[batch])

    def retain_loss(self, net, batch):
        return F.cross_entropy(net(self.xr[batch]), self.yr[batch])


def gradient_ascent(run):
    """2 epochs of ascent on F, batches of 4, SGD .9, rate .01, weight decay 5e-4."""
    net, optimizer = run.start(0.01)
    for epoch in range(2):
        for batch in split(run.forget_orders[epoch], 4):
            step(optimizer, -run.forget_loss(net, batch))
    return flat(net)


def gradient_descent(run):
    """2 epochs of descent on R, batches of 8, rate .02."""
    net, optimizer = run.start(0.02)
    for epoch in range(2):
        for batch in split(run.retain_orders[epoch], 8):
            step(optimizer, run.retain_loss(net, batch))
    return flat(net)


def descent_ascent(run):
    """3 epochs, ascent over F in the first 2, then descent over R; one optimiser; rate .01."""
    net, optimizer = run.start(0.01)
    for epoch in range(3):
        if epoch < 2:
            for batch in split(run.forget_orders[epoch], 4):
                step(optimizer, -run.forget_loss(net, batch))
        for batch in split(run.retain_orders[epoch], 8):
            step(optimizer, run.retain_loss(net, batch))
    return flat(net)


def neg_grad_plus(run):
    """2 epochs of .95 CE(R) - .05 CE(F): retain batches of 8 set the length, forget batches of 4
    go round (0, 1, 2, 0, 1) within the epoch's order."""
    net, optimizer = run.start(0.01)
    for epoch in range(2):
        forget = split(run.forget_orders[epoch], 4)
        for i, batch in enumerate(split(run.retain_orders[epoch], 8)):
            step(optimizer, 0.95 * run.retain_loss(net, batch)
                 - 0.05 * run.forget_loss(net, forget[i % len(forget)]))
    return flat(net)


def scrub(run):
    """3 epochs, msteps 2, gamma .99, alpha .1, T 4, rate .01 x .1 from epoch 3 on (decay epoch 2
    passed). Forget batches of 4, then retain batches of 8; one optimiser, SGD .9, decay 5e-4."""
    net, optimizer = run.start(0.01)
    teacher = make_net(WIDTHS, run.theta0)
    for parameter in teacher.parameters():
        parameter.requires_grad_(False)
    for epoch in range(1, 4):
        set_rate(optimizer, 0.01 * 0.1 ** sum(epoch > decay for decay in (2,)))
        if epoch <= 2:
            for batch in split(run.forget_orders[epoch - 1], 4):
                x = run.xf[batch]
                step(optimizer, -kl_distillation(teacher(x), net(x), 4.0))
        for batch in split(run.retain_orders[epoch - 1], 8):
            x = run.xr[batch]
            step(optimizer, 0.99 * run.retain_loss(net, batch)
                 + 0.1 * kl_distillation(teacher(x), net(x), 4.0))
    return flat(net)


def oracle_matching(run):
    """4 epochs of Adam, .01 x .95 after every epoch, batches of 8 of the 34 rows match_rows (last
    batch 2), squared error to the oracle's logits averaged over batch and classes."""
    net = make_net(WIDTHS, run.theta0)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    with torch.no_grad():
        target = run.oracle(run.x)[run.match_rows]
    x = run.x[run.match_rows]
    for epoch in range(4):
        set_rate(optimizer, 0.01 * 0.95**epoch)
        for batch in split(run.match_orders[epoch], 8):
            step(optimizer, F.mse_loss(net(x[batch]), target[batch]))
    save("objectives", "run_match_targets", target)
    return flat(net)


def make_runs():
    run = Run()
    for name, value in dict(theta0=run.theta0, forget_inputs=run.xf, forget_labels=run.yf,
                            retain_inputs=run.xr, retain_labels=run.yr,
                            forget_orders=run.forget_orders, retain_orders=run.retain_orders,
                            match_rows=run.match_rows, match_orders=run.match_orders).items():
        save("objectives", f"run_{name}", value)
    for method in (gradient_ascent, gradient_descent, descent_ascent, neg_grad_plus, scrub,
                   oracle_matching):
        theta = method(run)
        assert torch.isfinite(theta).all() and (theta - run.theta0).norm() > 1e-3, method.__name__
        save("objectives", f"run_{method.__name__}", theta)


if __name__ == "__main__":
    make_mlp()
    make_objectives()
    make_runs()
