"""Golden arrays for tests/io/npy.cpp and tests/io/mapped.cpp, as numpy writes them.

Versions: Python 3.11, numpy 2.4.6.   Command: python tests/golden/npy/make_npy_golden.py

Every array holds 0, 1, 2, ... in C order (bool: odd ones are true), shape (2, 3, 4) or a prefix of
it.
"""

import pathlib

import numpy as np

HERE = pathlib.Path(__file__).parent


def save(name, array, version=(1, 0)):
    with open(HERE / f"{name}.npy", "wb") as out:
        np.lib.format.write_array(out, array, version=version)


if __name__ == "__main__":
    count = np.arange(24).reshape(2, 3, 4)
    for kind in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"):
        save(kind + "_little", count[0].astype("<" + kind))
        save(kind + "_big", count[0].astype(">" + kind))
    save("b1", count[0] % 2 == 1)
    save("f4_fortran", np.asfortranarray(count.astype("<f4")))
    save("f8_fortran_big", np.asfortranarray(count[0].astype(">f8")))
    save("f4_one_axis", np.arange(5, dtype="<f4"))
    save("f4_version_2", count[0].astype("<f4"), (2, 0))
    save("f4_version_3", count[0].astype("<f4"), (3, 0))
    save("f4_empty", np.zeros((0, 7), "<f4"))
    save("f2_fortran", np.asfortranarray(count.astype("<f2")))
    save("i8_fortran_big", np.asfortranarray(count.astype(">i8")))
    save("b1_fortran", np.asfortranarray(count % 2 == 1))
    save("f4_fortran_version_2", np.asfortranarray(count[0].astype("<f4")), (2, 0))
    save("f4_fortran_version_3", np.asfortranarray(count[0].astype("<f4")), (3, 0))
    save("f8_no_axes", np.array(7.5))
