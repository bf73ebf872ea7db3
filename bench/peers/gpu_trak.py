#!/usr/bin/env python3
"""Case 13, the peer: TRAK features of images by ResNet-9, by PyTorch's vmap of gradients and `traker`.

    gpu_trak.py [--images N] [--dimensions K]

The projector is traker's CudaProjector where its extension fast_jl is installed, else its
BasicProjector. Images are random numbers and lie on the device.
"""
import argparse
import time

import torch
from torch.nn import functional as F
from trak.projectors import BasicProjector, CudaProjector, ProjectionType

from training_step_torch import network


def make_projector(p, dimensions, batch):
    try:
        import fast_jl  # noqa: F401
        return CudaProjector(p, dimensions, 0, ProjectionType.rademacher, "cuda", max_batch_size=batch)
    except ImportError:
        return BasicProjector(p, dimensions, 0, ProjectionType.rademacher, torch.device("cuda"))


def make_gradients(model):
    weights = {name: value.detach() for name, value in model.named_parameters()}
    buffers = dict(model.named_buffers())

    def margin(weights, x, own):
        z = torch.func.functional_call(model, (weights, buffers), (x[None],))[0]
        return (z * own).sum() - torch.logsumexp(z - 1e30 * own, 0)

    each = torch.func.vmap(torch.func.grad(margin), in_dims=(None, 0, 0))

    def gradients(x, own):
        return torch.cat([part.flatten(1) for part in each(weights, x, own).values()], 1)

    return gradients


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=50000)
    parser.add_argument("--dimensions", type=int, default=4096)
    arguments = parser.parse_args()
    batch = 64
    model = network().cuda().eval()
    images = torch.rand(arguments.images, 3, 32, 32, device="cuda")
    own = F.one_hot(torch.arange(arguments.images, device="cuda") % 10, 10)
    gradients = make_gradients(model)
    p = sum(value.numel() for value in model.parameters())
    projector = make_projector(p, arguments.dimensions, batch)

    def features(count):
        for i in range(0, count, batch):
            projector.project(gradients(images[i:i + batch], own[i:i + batch]), 0)
        torch.cuda.synchronize()

    for math, tf32 in (("float32", False), ("TF32", True)):
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
        features(min(4 * batch, arguments.images))
        start = time.perf_counter()
        features(arguments.images)
        seconds = time.perf_counter() - start
        print(f"TRAK features, {type(projector).__name__}, k {arguments.dimensions}, {arguments.images} images, "
              f"{math:<9} {seconds:9.3f} s {arguments.images / seconds:12.0f} images/s", flush=True)


if __name__ == "__main__":
    main()
