"""NetCDF files: their sizes are held against the file before anything is loaded."""

import warnings
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from neurodiff.files.regular_files import Unreadable, memory_limit, open_regular

if TYPE_CHECKING:
    import xarray as xr

#: A byte of a compressed file stands for at most so many; zeros alone come near it.
_COMPRESSED, _LEAST = 2000, 10_000_000
_HDF5 = b"\x89HDF\r\n\x1a\n"


def open_netcdf(path: Path) -> "xr.Dataset":
    """Everything that a netCDF4 file holds, in memory.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file.

    Raises
    ------
    Unreadable
        If it is no such file, is damaged, or claims to hold more than it does.
    """
    import xarray as xr  # slow to import, and no model file needs it

    with open_regular(path) as file:
        if file.read(len(_HDF5)) != _HDF5:
            raise Unreadable(
                "cannot be read (it is no netCDF4 file)", "name one that neurodiff wrote"
            )
        size = file.seek(0, 2)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is damaged is not the reader's to mend
            with xr.open_dataset(path, engine="netcdf4", decode_times=False) as dataset:
                _refuse_false_claims(dataset, size)
                return dataset.load()
    except Unreadable:
        raise
    except MemoryError:
        raise Unreadable("holds more than there is memory for", "record less") from None
    except Exception:
        # HDF5, netCDF and xarray have many words for a damaged file, none of which helps
        raise Unreadable("cannot be read (it is damaged)", "run it again") from None


def _refuse_false_claims(dataset: "xr.Dataset", size: int) -> None:
    claimed = sum(prod(part.shape) * part.dtype.itemsize for part in dataset.variables.values())
    if claimed > min(_COMPRESSED * size + _LEAST, memory_limit()):
        text = f"says that it holds {claimed / 1e9:.3g} GB, and has {size / 1e9:.3g}"
        raise Unreadable(text, "run it again")
