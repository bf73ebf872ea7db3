#!/usr/bin/env python3
"""Golden safetensors files, and readers' opinions on broken ones.

    python3 tests/golden/safetensors/make_safetensors.py            writes the files beside itself
    python3 tests/golden/safetensors/make_safetensors.py FILE ...   prints what a file holds

Made with Python 3.11, safetensors 0.8.0, PyTorch 2.15.0 and NumPy 2.4.6. README.md in the folder
above says what each file is.
"""
import pathlib
import sys

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

HERE = pathlib.Path(__file__).resolve().parent
METADATA = {"format": "pt", "odd \"key\"\n": "tab\t, é, 漢, \x01, back\\slash / slash"}


def types():
    """Every type that is read, values that its narrowest holds: -2.5, 0.375, 96, and so on."""
    values = torch.tensor([[-2.5, 0.375, 96.0], [0.0, -0.0078125, 1.0]])
    return {"half": values.half(), "brain": values.bfloat16(), "single": values, "double": values.double(),
            "integers": torch.tensor([-3, 2**40, 7]), "scalar": torch.tensor(2.5),
            "empty": torch.zeros(0, 4), "bytes": torch.tensor([1, 2, 3], dtype=torch.uint8),
            "na\"me/é": torch.arange(3.0)}


class Residual(nn.Module):
    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, x):
        return x + self.module(x)


def block(channels_in, channels_out, kernel=3, stride=1, padding=1):
    return nn.Sequential(nn.Conv2d(channels_in, channels_out, kernel, stride, padding, bias=False),
                         nn.BatchNorm2d(channels_out), nn.ReLU())


class Times(nn.Module):
    def forward(self, x):
        return 0.2 * x


def resnet9(width):
    """The paper's network, names as its public code has them."""
    w = width
    return nn.Sequential(block(3, w), block(w, 2 * w, 5, 2, 2),
                         Residual(nn.Sequential(block(2 * w, 2 * w), block(2 * w, 2 * w))),
                         block(2 * w, 4 * w), nn.MaxPool2d(2),
                         Residual(nn.Sequential(block(4 * w, 4 * w), block(4 * w, 4 * w))),
                         block(4 * w, 2 * w, padding=0), nn.AdaptiveMaxPool2d((1, 1)), nn.Flatten(),
                         nn.Linear(2 * w, 10, bias=False), Times())


def save(name, net, x):
    """The state dict, inputs [n][features] and logits [n][k] in eval mode, computed in float64."""
    save_file({k: v.contiguous() for k, v in net.state_dict().items()}, HERE / f"{name}.safetensors",
              {"format": "pt"})
    with torch.no_grad():
        logits = net.double().eval()(x.double())
    np.save(HERE / f"{name}_inputs.npy", x.double().flatten(1).numpy())
    np.save(HERE / f"{name}_logits.npy", logits.numpy())


def main():
    torch.manual_seed(1)
    save_file(types(), HERE / "types.safetensors", METADATA)
    save("mlp_6_5_3", nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3)), torch.randn(7, 6))
    net = resnet9(2).to(memory_format=torch.channels_last)
    for _ in range(3):  # running statistics that are not those of birth
        net.train()(torch.randn(8, 3, 12, 12) * 1.5 + 0.3)
    for m in net.modules():
        if isinstance(m, nn.BatchNorm2d):
            nn.init.normal_(m.weight, 1, 0.2)
            nn.init.normal_(m.bias, 0, 0.2)
    save("resnet9_2", net, torch.randn(4, 3, 12, 12))


def show(path):
    with safe_open(path, "pt") as file:
        print(path, file.metadata())
        for name in sorted(file.keys()):
            t = file.get_tensor(name)
            print(f"  {name} {t.dtype} {list(t.shape)} sum {t.double().sum():.17g}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        for argument in sys.argv[1:]:
            show(argument)
    else:
        main()
