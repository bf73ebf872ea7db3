"""Golden scores for tests/cli/easydub.cpp: what EasyDUB's own eval.py says of a small data set.

Versions: Python 3.11, numpy 2.4.6, EasyDUB-code of https://github.com/easydub/EasyDUB-code.
Command: python tests/golden/easydub/make_easydub.py CHECKOUT

Its data.py and eval.py are imported from the checkout and run; nothing of them is kept. They import
torch and tqdm; where those are not installed, a stand-in of a few lines takes their place:
from_numpy gives an object with a shape, indices and cpu().numpy(), tqdm gives its argument.

Writes, beside this file:
  forget.npy [20]                             the forget set, of 300 training points
  {oracle,pretrain}_{retain,forget,val}.npy   margins [12][points], f4; pretrain_retain has all 300
  {f2,f4,f8}_{retain,forget,val}.npy          eval.py's score of every point, margins in that type
  {f2,f4,f8}_{retain,forget,val}_wrong.npy    1 where it is no score: a margin that is not finite,
                                              or several models lost at the last edge, as
                                              include/expunge/evaluation/klom.hpp says
  p95.npy [3 types][3 splits]                 as eval_pretrain.py prints them
  p95_right.npy [3][3]                        the same with ln(1e5) where it is wrong
"""

import pathlib
import sys
import tempfile
import types
import warnings

import numpy as np

HERE = pathlib.Path(__file__).parent
MODELS, TRAIN, FORGET, VAL, K = 12, 300, 20, 60, 7
SPLITS = ("retain", "forget", "val")
TYPES = ("f2", "f4", "f8")


class Tensor:
    """As much of torch.Tensor as eval.py uses."""

    def __init__(self, array):
        self.array = array
        self.shape = array.shape

    def __getitem__(self, at):
        return Tensor(self.array[at])

    def cpu(self):
        return self

    def numpy(self):
        return self.array


def stand_in(name, **contents):
    try:
        __import__(name)
    except ImportError:
        print(f"{name} is not installed: a stand-in takes its place")
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__dict__.update(contents)


def adversarial(rng):
    """Pairs (oracle, pretrained) of margins of one point."""
    normal = rng.normal(size=(2, MODELS))
    odd = np.arange(MODELS) % 2
    nan, inf = np.nan, np.inf
    some = np.where(np.arange(MODELS) == 3, 1.0, 0.0)  # one model
    full = np.ones(MODELS)
    yield 2 * full, 2 * full                              # equal constants
    yield 2 * full, -3 * full                             # different constants
    yield -3 * full, 2 * full
    yield normal[0], 0.25 * full                          # one constant
    yield odd, odd                                        # two values
    yield odd, 1 - odd
    yield odd, some
    yield odd, full
    yield np.arange(MODELS) % 3, np.arange(MODELS) % 4    # ties
    yield np.arange(MODELS), np.arange(MODELS)            # values on edges
    yield np.arange(MODELS) / 20, np.arange(MODELS) / 10
    yield normal[0], np.where(some == 1, nan, normal[1])  # one model that is NaN
    yield np.where(some == 1, nan, normal[0]), normal[1]
    yield nan * full, nan * full
    yield normal[0], nan * full
    yield normal[0], np.where(some == 1, inf, normal[1])
    yield normal[0], np.where(some == 1, -inf, normal[1])
    yield normal[0], inf * full
    yield inf * full, inf * full
    yield -inf * full, inf * full
    yield normal[0], np.where(some == 1, 1000, normal[1])  # one model at the clip
    yield normal[0], np.where(odd == 1, 1000, normal[1])   # half of them
    yield normal[0], np.where(some == 1, normal[1], 1000)  # all but one: the rest looks perfect
    yield 1000 * odd, 1000 * odd
    yield 150 * full, 150 * full
    yield normal[0], -150 * full
    yield -1000 * odd, -1000 * odd
    yield 100 * normal[0], 100 * normal[1]
    yield 1e-7 * normal[0], 1e-7 * normal[1]               # few numbers of a half between them
    yield 50 + 1e-3 * normal[0], 50 + 1e-3 * normal[1]


def data_set():
    rng = np.random.default_rng(20250705)
    forget = np.sort(rng.choice(TRAIN, FORGET, replace=False))
    kept = np.delete(np.arange(TRAIN), forget)
    level = 2 * rng.normal(size=TRAIN + VAL)
    oracle = level + rng.normal(size=(MODELS, TRAIN + VAL))
    pretrain = level + 0.3 * rng.normal(size=TRAIN + VAL) + rng.normal(size=(MODELS, TRAIN + VAL))
    pretrain[:, forget] += 4
    points = list(adversarial(rng))
    for x, (o, p) in enumerate(points):
        oracle[:, TRAIN + x], pretrain[:, TRAIN + x] = o, p
    for x, (o, p) in zip(kept[10:], points[:1] + points[4:5] + points[9:10] + points[26:27]):
        oracle[:, x], pretrain[:, x] = o, p
    return forget, {
        "oracle_retain": oracle[:, kept], "oracle_forget": oracle[:, forget],
        "oracle_val": oracle[:, TRAIN:], "pretrain_retain": pretrain[:, :TRAIN],
        "pretrain_forget": pretrain[:, forget], "pretrain_val": pretrain[:, TRAIN:],
    }


def write_tree(root, forget, arrays, kind):
    (root / "forget_sets/cifar10").mkdir(parents=True)
    np.save(root / f"forget_sets/cifar10/forget_set_{K}.npy", forget)
    for split in SPLITS:
        inner = f"forget_{K}" if split == "forget" else split
        folders = {"oracle": f"oracle/forget_{K}/{split}", "pretrain": f"pretrain/{inner}"}
        for models, folder in folders.items():
            place = root / "margins/cifar10" / folder / "resnet9"
            place.mkdir(parents=True)
            for i, row in enumerate(arrays[f"{models}_{split}"]):
                np.save(place / f"id_{i}_epoch_23.npy", row.astype(kind))


def is_wrong(oracle, pretrain):
    """The two cases in which eval.py's number is no score."""
    if not (np.isfinite(oracle).all() and np.isfinite(pretrain).all()):
        return True
    o, p = np.clip(oracle, -100, 100), np.clip(pretrain, -100, 100)
    top, bottom = max(o.max(), p.max()), min(o.min(), p.min())
    lost = np.sum(o == top), np.sum(p == top)
    if top == bottom or max(lost) <= 1:
        return False
    return bool(top == 100 or abs(int(lost[0]) - int(lost[1])) * 20 > len(o))


def score(root, kind):
    from easydub.data import load_forget_indices, retain_mask
    from easydub.eval import klom_from_margins, load_margins_matrix

    p95, right = [], []
    for split in SPLITS:
        oracle = load_margins_matrix(root, "oracle", split, K, MODELS)
        pretrain = load_margins_matrix(root, "pretrain", split, K, MODELS)
        if pretrain.shape[1] > oracle.shape[1]:
            pretrain = pretrain[:, retain_mask(pretrain.shape[1], load_forget_indices(root, K))]
        klom = klom_from_margins(oracle, pretrain)
        o, p = oracle.numpy(), pretrain.numpy()
        wrong = np.array([is_wrong(o[:, x], p[:, x]) for x in range(o.shape[1])])
        np.save(HERE / f"{kind}_{split}.npy", klom)
        np.save(HERE / f"{kind}_{split}_wrong.npy", wrong)
        p95.append(np.percentile(klom, 95))
        right.append(np.percentile(np.where(wrong, np.log(1e5), klom), 95))
        print(kind, split, p95[-1], right[-1], wrong.sum(), "wrong:", klom[wrong].round(3))
    return p95, right


def main(checkout):
    stand_in("torch", from_numpy=Tensor, Tensor=Tensor)
    stand_in("tqdm", tqdm=lambda items, **options: items)
    package = types.ModuleType("easydub")  # its own __init__ would import the networks too
    package.__path__ = [str(pathlib.Path(checkout) / "easydub")]
    sys.modules["easydub"] = package
    warnings.simplefilter("ignore")
    forget, arrays = data_set()
    arrays = {name: array.astype("f4") for name, array in arrays.items()}
    np.save(HERE / "forget.npy", forget)
    for name, array in arrays.items():
        np.save(HERE / f"{name}.npy", array)
    scores = []
    for kind in TYPES:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            write_tree(root, forget, arrays, kind)
            scores.append(score(root, kind))
    np.save(HERE / "p95.npy", np.array([s[0] for s in scores]))
    np.save(HERE / "p95_right.npy", np.array([s[1] for s in scores]))


if __name__ == "__main__":
    main(sys.argv[1])
