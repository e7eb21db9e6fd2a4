"""The one gate for what is read from outside: files, and texts in YAML and JSON.

Every reader here first looks at a file's kind and size, and bounds what it makes of the contents
before it makes it. Whatever the parser behind it throws becomes `Unreadable`: what is wrong and
what to do. Who asks for the file adds which key or file it is about. `netcdf` and `repository` are
imported by their own names, so that reading a model file does not load xarray.
"""

from neurodiff.files.json_text import parse_json
from neurodiff.files.numpy_files import read_npy, read_npz
from neurodiff.files.regular_files import Unreadable, open_regular, read_bytes, read_text
from neurodiff.files.yaml_text import parse_yaml

__all__ = [
    "Unreadable",
    "open_regular",
    "parse_json",
    "parse_yaml",
    "read_bytes",
    "read_npy",
    "read_npz",
    "read_text",
]
