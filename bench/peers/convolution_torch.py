#!/usr/bin/env python3
"""The PyTorch peer of case 6: the convolutions of ResNet-9 at batch 64, fp32, one thread.

    convolution_torch.py make DIR        writes <layer>_{x,w,dy}.npy, random, into DIR
    convolution_torch.py run DIR         both memory formats; writes <layer>_{y,dx,dw}_torch.npy
    convolution_torch.py compare DIR     those against <layer>_{y,dx,dw}_ours.npy
    convolution_torch.py table DIR       the best of DIR/ours_*.txt and DIR/torch_*.txt, and ratios

A run prints, per layer and memory format, GFLOP/s of forward, dx and dw by the plain formula (2
operations per multiply-add), the best of --repeats after a warm-up.
"""
import argparse
import pathlib
import sys
import time

import numpy as np

BATCH = 64
LAYERS = {  # name: channels, side, filters, kernel, stride, padding, times in ResNet-9
    "3-64_32": (3, 32, 64, 3, 1, 1, 1),
    "64-128_5x5": (64, 32, 128, 5, 2, 2, 1),
    "128-128_16": (128, 16, 128, 3, 1, 1, 2),
    "128-256_16": (128, 16, 256, 3, 1, 1, 1),
    "256-256_8": (256, 8, 256, 3, 1, 1, 2),
    "256-128_6": (256, 8, 128, 3, 1, 0, 1),
}
PASSES = ("forward", "dx", "dw")
TOLERANCE = 2e-5  # of the largest number of an array; PyTorch is 9e-6 from double in 3-64_32 dw


def out_side(layer):
    _, side, _, kernel, stride, padding, _ = LAYERS[layer]
    return (side + 2 * padding - kernel) // stride + 1


def operations(layer):
    channels, _, filters, kernel, *_ = LAYERS[layer]
    return 2 * BATCH * out_side(layer)**2 * filters * channels * kernel**2


def make(folder):
    rng = np.random.default_rng(0)
    for name, (channels, side, filters, kernel, *_) in LAYERS.items():
        fan_in = channels * kernel**2
        arrays = dict(x=rng.normal(size=(BATCH, channels * side**2)),
                      w=rng.normal(size=(1, filters * fan_in)) * np.sqrt(2 / fan_in),
                      dy=rng.normal(size=(BATCH, filters * out_side(name)**2)))
        for kind, array in arrays.items():
            np.save(folder / f"{name}_{kind}.npy", array.astype(np.float32))


def best_of(repeats, work):
    seconds = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds[1:])


def run(folder, repeats):
    import torch
    torch.set_num_threads(1)
    backward = torch.ops.aten.convolution_backward
    for name, (channels, side, filters, kernel, stride, padding, _) in LAYERS.items():
        out = out_side(name)
        shapes = dict(x=(BATCH, channels, side, side), w=(filters, channels, kernel, kernel),
                      dy=(BATCH, filters, out, out))
        for label, memory in (("nchw", torch.contiguous_format), ("nhwc", torch.channels_last)):
            x, w, dy = (torch.from_numpy(np.load(folder / f"{name}_{kind}.npy")).reshape(shape)
                        .contiguous(memory_format=memory) for kind, shape in shapes.items())

            def forward():
                return torch.nn.functional.conv2d(x, w, None, stride, padding)

            def slopes(in_x, in_w):
                return backward(dy, x, w, None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0],
                                1, [in_x, in_w, False])

            with torch.no_grad():
                seconds = [best_of(repeats, work) for work in
                           (forward, lambda: slopes(True, False), lambda: slopes(False, True))]
                results = dict(y=forward(), dx=slopes(True, False)[0], dw=slopes(False, True)[1])
            print(name, label, *(f"{operations(name) / s / 1e9:.0f}" for s in seconds), flush=True)
            for kind, value in results.items():
                rows = 1 if kind == "dw" else BATCH
                np.save(folder / f"{name}_{kind}_torch.npy",
                        value.contiguous().reshape(rows, -1).numpy())


def compare(folder):
    worst = 0.0
    for name in LAYERS:
        for kind in ("y", "dx", "dw"):
            ours, torchs = (np.load(folder / f"{name}_{kind}_{who}.npy").astype(np.float64)
                            for who in ("ours", "torch"))
            if ours.shape != torchs.shape:
                sys.exit(f"void: {name} {kind}: ours has shape {ours.shape}, torch {torchs.shape}")
            error = np.abs(ours - torchs).max() / np.abs(torchs).max()
            worst = error if not error <= worst else worst  # a NaN stays
    agree = worst <= TOLERANCE
    print(f"agreement: largest difference over largest number {worst:.1e}: "
          f"{'yes' if agree else 'NO, the rows are void'}")
    sys.exit(0 if agree else 1)


def rates(files):
    """{(layer, format): best GFLOP/s of each pass}; our lines have no format."""
    best = {}
    for file in files:
        for line in file.read_text().splitlines():
            words = line.split()
            if len(words) < 4 or words[0] not in LAYERS:
                continue
            key = (words[0], words[1] if len(words) == 5 else "")
            best[key] = np.maximum(best.get(key, 0), [float(word) for word in words[-3:]])
    return best


def table(folder):
    ours, torchs = (rates(folder.glob(f"{who}_*.txt")) for who in ("ours", "torch"))
    step = dict(ours=0.0, nchw=0.0, nhwc=0.0)
    print(f"{'GFLOP/s':<12} {'pass':<8} {'expunge':>8} {'nchw':>8} {'nhwc':>8} {'ratio':>6}")
    for name, (*_, times) in LAYERS.items():
        for i, what in enumerate(PASSES):
            row = dict(ours=ours[name, ""][i], nchw=torchs[name, "nchw"][i],
                       nhwc=torchs[name, "nhwc"][i])
            ratio = row["ours"] / max(row["nchw"], row["nhwc"])
            print(f"{name:<12} {what:<8} {row['ours']:8.0f} {row['nchw']:8.0f} {row['nhwc']:8.0f} "
                  f"{ratio:6.2f}")
            if name != "3-64_32" or what != "dx":  # nobody needs the slope in the images
                for who in step:
                    step[who] += times * operations(name) / row[who] / 1e9
    peer = min(step["nchw"], step["nhwc"])
    print(f"all convolutions of a step: expunge {step['ours'] * 1e3:.0f} ms, torch nchw "
          f"{step['nchw'] * 1e3:.0f} ms, nhwc {step['nhwc'] * 1e3:.0f} ms; ratio "
          f"{peer / step['ours']:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=("make", "run", "compare", "table"))
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    if arguments.action == "run":
        run(arguments.folder, arguments.repeats)
    else:
        globals()[arguments.action](arguments.folder)


if __name__ == "__main__":
    main()
