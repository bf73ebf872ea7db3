"""Golden archives for tests/cli/npz.cpp: what numpy writes, and what it would never write.

Versions: Python 3.11, numpy 2.4.6; twice and what follows to store: numpy 1.24.2.
Command: python tests/golden/npz/make_npz_golden.py
         python tests/golden/npz/make_npz_golden.py --check FILE
The second prints what numpy reads from a file that write_npz wrote.

Good archives hold a (f4 [3][4]), b (i8 [5]), "c:d" (f8 [2][3], Fortran order) and mask (bool [6]),
all counting up in C order; mask is true at odd positions. Bad ones hold one array a of f4 [3][4],
or say they do.
"""

import io
import pathlib
import struct
import sys
import warnings
import zipfile

import numpy as np

HERE = pathlib.Path(__file__).parent
COUNT = np.arange(12, dtype="<f4").reshape(3, 4)
ARRAYS = {
    "a": COUNT,
    "b": np.arange(5, dtype="<i8"),
    "c:d": np.asfortranarray(np.arange(6, dtype="<f8").reshape(2, 3)),
    "mask": np.arange(6) % 2 == 1,
}


def npy(array):
    out = io.BytesIO()
    np.lib.format.write_array(out, array)
    return out.getvalue()


def npy_of_shape(shape, data):
    """A .npy file of f4 that claims this shape, whatever its data."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


def archive(members, method=zipfile.ZIP_STORED, **options):
    """Members (name, bytes) of a fixed date, so that the script gives the same bytes again."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as z:
        for name, content in members:
            z.writestr(zipfile.ZipInfo(name), content, compress_type=method, **options)
    return bytearray(out.getvalue())


def patched(data, local, central, value):
    """Every local and central header with `value` at these offsets."""
    for mark, at in ((b"PK\x03\x04", local), (b"PK\x01\x02", central)):
        position = data.find(mark)
        while position >= 0:
            data[position + at : position + at + len(value)] = value
            position = data.find(mark, position + 4)
    return data


def size(data, bytes_unpacked):
    return patched(data, 22, 24, struct.pack("<I", bytes_unpacked))


def save(name, data):
    assert len(data) <= 4096, (name, len(data))
    (HERE / f"{name}.npz").write_bytes(data)


class Pipe(io.RawIOBase):
    """A stream that cannot seek: zipfile then writes sizes after the data."""

    def __init__(self):
        self.content = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.content += data
        return len(data)


def streamed():
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as z:
        for name, array in ARRAYS.items():
            z.writestr(zipfile.ZipInfo(name + ".npy"), npy(array), zipfile.ZIP_DEFLATED)
    return pipe.content


def zip64():
    """Offsets, sizes and the end record in their long form, as beyond 4 GiB."""
    limits = zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT
    zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = 10, 1
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for name, array in ARRAYS.items():
            with z.open(zipfile.ZipInfo(name + ".npy"), "w", force_zip64=True) as member:
                member.write(npy(array))
    zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = limits
    return out.getvalue()


def main():
    np.savez(HERE / "stored.npz", **ARRAYS)
    np.savez_compressed(HERE / "deflated.npz", **ARRAYS)
    np.savez(HERE / "object.npz", a=np.array([None, {}], dtype=object))
    save("streamed", streamed())
    save("zip64", zip64())
    good = [(name + ".npy", npy(array)) for name, array in ARRAYS.items()]
    save("with_text", archive([("readme.txt", b"hello"), ("folder/", b"")] + good[:1]))
    save("one", archive(good[:1], zipfile.ZIP_DEFLATED))
    save("no_array", archive([("readme.txt", b"hello")]))
    save("empty", archive([]))
    save("bzip2", archive(good[:1], zipfile.ZIP_BZIP2))
    warnings.simplefilter("ignore")  # of the double name
    save("twice", archive([("a.npy", npy(COUNT + 9))] + good[:1]))  # numpy takes the last
    # what numpy reads though numpy.savez does not write it so
    save("no_suffix", archive([("a", npy(COUNT)), ("meta.json", b"{}")]))
    save("mac", archive(good[:1] + [("__MACOSX/._a.npy", b"\0\5\x16\7" + bytes(40))]))
    save("tail", archive(good[:1]) + bytes(64))
    save("lzma", archive(good[:1], zipfile.ZIP_LZMA))
    save("torch", archive([("archive/data.pkl", b"\x80\2"), ("archive/data/0", bytes(8))]))
    flags = npy(np.array([True, False, True]))
    save("store", archive([("margins.npy", npy(COUNT)), ("_completed.npy", flags)]))

    one = npy(COUNT)
    broken = archive([("a.npy", one)])
    broken[broken.find(b"PK\x01\x02") - 3] ^= 1
    save("wrong_data", broken)
    save("wrong_crc", patched(archive([("a.npy", one)], zipfile.ZIP_DEFLATED), 14, 16, b"\1\2\3\4"))
    save("shape_too_large", archive([("a.npy", npy_of_shape("(3, 4000)", COUNT.tobytes()))]))
    save("shape_huge", archive([("a.npy", npy_of_shape("(281474976710656,)", COUNT.tobytes()))]))
    save("shape_negative", archive([("a.npy", npy_of_shape("(-3, 4)", COUNT.tobytes()))]))
    save("cut_member", archive([("a.npy", one[:100])]))
    save("not_npy", archive([("a.npy", b"hello")]))
    # more and less than the member's size says
    bomb = npy_of_shape("(3, 4)", COUNT.tobytes() + bytes(1 << 20))
    save("bomb", size(archive([("a.npy", bomb)], zipfile.ZIP_DEFLATED), 128 + 48))
    less = npy_of_shape("(3, 4000)", COUNT.tobytes())
    save("less", size(archive([("a.npy", less)], zipfile.ZIP_DEFLATED), 128 + 48000))
    claims = npy_of_shape("(1000000000,)", COUNT.tobytes())  # and 4 GB in both
    save("claims_4_gb", size(archive([("a.npy", claims)], zipfile.ZIP_DEFLATED), 128 + 4000000000))
    save("encrypted", patched(archive([("a.npy", one)]), 6, 8, b"\1\0"))
    save("unknown_method", patched(archive([("a.npy", one)]), 8, 10, struct.pack("<H", 97)))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"]:
        with np.load(sys.argv[2]) as written:
            for name in written.files:
                print(name, written[name].dtype, written[name].shape, written[name][:5])
    else:
        main()
