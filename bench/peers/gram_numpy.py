"""The numpy peer of bench/gram.cpp: X'X of masks held as float32.

  gram_numpy.py make FOLDER MODELS EXAMPLES   masks.npy, half of the examples each
  gram_numpy.py time FOLDER                   X.T @ X, best of five after a warm-up
  gram_numpy.py compare FOLDER GRAM.npy       fails unless all integers are equal
"""

import pathlib
import sys
import time

import numpy as np

command, folder = sys.argv[1], pathlib.Path(sys.argv[2])
if command == "make":
    models, examples = int(sys.argv[3]), int(sys.argv[4])
    rng = np.random.default_rng(0)
    masks = np.zeros((models, examples), bool)
    for row in masks:
        row[rng.permutation(examples)[: examples // 2]] = True
    np.save(folder / "masks.npy", masks)
else:
    x = np.load(folder / "masks.npy").astype(np.float32)
    if command == "time":
        times = []
        for _ in range(6):
            start = time.perf_counter()
            gram = x.T @ x
            times.append(time.perf_counter() - start)
        print(f"numpy {np.__version__} float32: {min(times[1:]):.4f} s")
    elif not np.array_equal(np.load(sys.argv[3]), (x.T @ x).astype(np.int64)):
        sys.exit("the integers differ")
