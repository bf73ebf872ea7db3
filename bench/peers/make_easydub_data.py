"""A synthetic data set in EasyDUB's layout: make_easydub_data.py FOLDER MODELS TRAIN VAL.

Forget set 3: 1000 training points (a tenth if there are fewer than 10,000). Every point has its own
mean and spread; oracles lose 3 on the forget set, pretrained models gain 1.
"""
import os
import sys

import numpy as np

root, models, train, val = sys.argv[1], *map(int, sys.argv[2:5])
rng = np.random.default_rng(0)
forget = rng.choice(train, min(1000, train // 10), replace=False)
retain = np.setdiff1d(np.arange(train), forget)
mean, sd = rng.normal(4, 2, train), rng.gamma(4, 0.3, train)
val_mean, val_sd = rng.normal(3, 2, val), rng.gamma(4, 0.3, val)


def save(path, array, dtype=np.float32):
    path = os.path.join(root, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    np.save(path, array.astype(dtype))


save("forget_sets/cifar10/forget_set_3.npy", forget, np.int64)
for i in range(models):
    pretrained = mean + sd * rng.normal(size=train)
    oracle = mean + sd * rng.normal(size=train)
    pretrained[forget] += 1
    oracle[forget] -= 3
    for kind, margins in (
            ("pretrain/retain", pretrained),
            ("pretrain/forget_3", pretrained[forget]),
            ("pretrain/val", val_mean + val_sd * rng.normal(size=val)),
            ("oracle/forget_3/retain", oracle[retain]),
            ("oracle/forget_3/forget", oracle[forget]),
            ("oracle/forget_3/val", val_mean + val_sd * rng.normal(size=val))):
        save(f"margins/cifar10/{kind}/resnet9/id_{i}_epoch_23.npy", margins)
