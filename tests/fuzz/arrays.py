"""Damaged NumPy and netCDF files."""

import io
import pickle
import struct
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

from tests.fuzz.text import torn

Rng = np.random.Generator

SHAPES = (
    "(40, 4)",
    "(40,)",
    "()",
    "(0, 4)",
    "(99999999999, 4)",
    "(4611686018427387904, 4)",
    "(-1, 4)",
)
SHAPES += (
    "(40, 4",
    "40",
    "None",
    "(True, 2)",
    "(1e9, 2)",
    "(" * 50,
    "('a',)",
    "(2,)*9",
    "(" + "1," * 70 + ")",
)
TYPES = ("<f8", "<i8", ">f4", "|b1", "|O", "<U9", "<M8[s]", "<c16", "xx", "|V100000", "<f16", "<u1")
#: Values of an array that may be in the file instead.
FILLS = (np.nan, np.inf, -1.0, 1e308, 0.0, 255.0, 2.0**63, 0.5)


class Executed:
    """An object that makes a file when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, ("executed", "w"))


def npy(rng: Rng) -> bytes:
    """An array with a header that somebody wrote by hand."""
    shape, kind = SHAPES[rng.integers(len(SHAPES))], TYPES[rng.integers(len(TYPES))]
    order = ("False", "True", "None", "__import__('os').system('touch executed')")[rng.integers(4)]
    header = (
        f"{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}, }}".ljust(117) + "\n"
    )
    version = bytes([int(rng.choice([1, 1, 1, 2, 3, 9])), 0])
    length = struct.pack("<H" if version[0] == 1 else "<I", len(header))
    return b"\x93NUMPY" + version + length + header.encode() + bytes(int(rng.integers(3000)))


def array(rng: Rng) -> bytes:
    """A well-formed array of some shape, type and values."""
    shape = tuple(int(n) for n in rng.integers(0, 6, size=rng.integers(0, 4)))
    values = rng.random(shape) * 3
    if rng.random() < 0.5 and values.size:
        values.flat[rng.integers(values.size)] = FILLS[rng.integers(len(FILLS))]
    kind = ("f8", "f4", "i8", "u1", "?", "c8", "U5", "O", "f2")[rng.integers(9)]
    file = io.BytesIO()
    with np.errstate(all="ignore"):
        np.save(file, values.astype(kind), allow_pickle=True)
    return file.getvalue()


def member(rng: Rng, good: bytes) -> bytes:
    """What is in the place of a good array."""
    form = rng.integers(6)
    if form == 0:
        return npy(rng)
    if form == 1:
        return array(rng)
    if form == 2:
        return torn(rng, good)
    if form == 3:
        return pickle.dumps(Executed())
    if form == 4:
        return b"" if rng.random() < 0.5 else b"no array at all"
    return good


def archive(rng: Rng, content: bytes) -> bytes:
    """An archive with other arrays, other names or another compression than a good one."""
    made = io.BytesIO()
    method = int(rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2]))
    with zipfile.ZipFile(io.BytesIO(content)) as good, zipfile.ZipFile(made, "w", method) as bad:
        for name in good.namelist():
            if rng.random() < 0.1:
                continue
            other = ("x.npy", name, "../up.npy", name.removesuffix(".npy"), " ")[rng.integers(5)]
            bad.writestr(other if rng.random() < 0.2 else name, member(rng, good.read(name)))
        if rng.random() < 0.1:
            bad.writestr("bomb.npy", bytes(20_000_000))
    return made.getvalue()


def damage(rng: Rng, path: Path) -> None:
    """Damage a NumPy file in place."""
    content, form = path.read_bytes(), rng.integers(8)
    if form < 4 and path.suffix == ".npz":
        content = archive(rng, content)
    elif form < 4:
        content = member(rng, content)
    elif form == 4:
        content = npy(rng)
    else:
        content = torn(rng, content)
    if rng.random() < 0.2:
        content = torn(rng, content)
    path.write_bytes(content)


def damage_netcdf(rng: Rng, path: Path) -> None:
    """Damage a netCDF file in place: its bytes, or what it holds."""
    if rng.random() < 0.5:
        path.write_bytes(torn(rng, path.read_bytes()))
        return
    with netCDF4.Dataset(path, "a") as file:
        file.set_always_mask(False)
        # some changes the library refuses to make, or cannot make of what it has changed before
        with suppress(RuntimeError, ValueError, AttributeError):
            for _ in range(rng.integers(1, 4)):
                _change(rng, file)


def _change(rng: Rng, file: netCDF4.Dataset) -> None:
    names, form = sorted(file.variables), rng.integers(6)
    name = names[rng.integers(len(names))]
    if form == 0:
        attributes = sorted(set(file.ncattrs()))
        key = attributes[rng.integers(len(attributes))]
        file.setncattr(key, ("", "a: [", "neurodiff: 1\n", 3, 1e300)[rng.integers(5)])
    elif form == 1:
        attributes = sorted(set(file.ncattrs()))
        file.delncattr(attributes[rng.integers(len(attributes))])
    elif form == 2:
        file.renameVariable(name, f"other_{name}")
    elif form == 3 and file[name].dtype != str and file[name].size:
        values = file[name][...]
        with np.errstate(all="ignore"):
            values.flat[rng.integers(values.size)] = FILLS[rng.integers(4, len(FILLS))]
        file[name][...] = values
    elif form == 4:
        if "huge" not in file.dimensions:
            file.createDimension("huge", 10**10)
            file.createVariable("bomb", "f8", ("huge", "huge"), zlib=True, chunksizes=(1000, 1000))
    elif file[name].ncattrs():
        key = file[name].ncattrs()[-1]
        file[name].setncattr(key, ("days since 1-1-1", 5, "")[rng.integers(3)])
