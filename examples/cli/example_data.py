#!/usr/bin/env python3
"""Makes the files that docs/score_your_models.md scores: python3 example_data.py FOLDER

Made-up margins of models that forget 20 of 120 training points; needs NumPy alone.

  oracle, pretrained, unlearned  float16 [100 models][200 points]   never saw / saw / unlearned
  forget, retain, val            int64                              positions of the points
  masks                          bool [300 models][120 examples]    what subset models saw
  subset_margins                 float16 [300 models][200 points]   what they say
  shadow_margins, _trained, _forgotten  [120 models][60 points]     five forget sets of 24 bases
  shadow_base                    int64 [120]
"""
import os
import sys

import numpy as np

rng = np.random.default_rng(0)
folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)


def save(name, array):
    np.save(os.path.join(folder, name + ".npy"), array)


points, examples, models = 200, 120, 100
forget = np.sort(rng.choice(examples, 20, replace=False))
mean, sd = rng.normal(4, 2, points), rng.gamma(4, 0.3, points)

# effects[i, x]: how much example i lifts the margin of point x; most on its own
effects = np.where(rng.random((examples, points)) < 0.05, rng.normal(0, 0.4, (examples, points)), 0)
effects[np.arange(examples), np.arange(examples)] = rng.gamma(6, 0.5, examples)
lost = effects[forget].sum(axis=0)


def margins(count, shift):
    return (mean + shift + sd * rng.normal(size=(count, points))).astype(np.float16)


save("oracle", margins(models, -lost))
save("pretrained", margins(models, 0))
save("unlearned", margins(models, -lost * rng.normal(0.9, 0.1, points)))
save("forget", forget)
save("retain", np.setdiff1d(np.arange(examples), forget))
save("val", np.arange(examples, points))

masks = rng.permuted(np.tile(np.arange(examples) < examples // 2, (300, 1)), axis=1)
save("masks", masks)
save("subset_margins",
     (mean + (masks - 1.0) @ effects + sd * rng.normal(size=(300, points))).astype(np.float16))

bases, sets, pool = 24, 5, 60
trained = np.repeat(rng.random((bases, pool)) < 0.5, sets, axis=0)
forgotten = trained & (rng.random((bases * sets, pool)) < 0.4)
save("shadow_margins",
     (rng.normal(0, 1, trained.shape) + 2.0 * (trained & ~forgotten) + 0.7 * forgotten)
     .astype(np.float16))
save("shadow_trained", trained)
save("shadow_forgotten", forgotten)
save("shadow_base", np.repeat(np.arange(bases), sets))
