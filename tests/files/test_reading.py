"""What is read from outside: bounded before it is read, and refused in words that help."""

import io
import os
import struct
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest

from neurodiff import ModelError, Simulation, load, load_sweep
from neurodiff.files import Unreadable, parse_yaml, read_text
from neurodiff.files.netcdf import open_netcdf
from neurodiff.files.repository import commit_of
from neurodiff.model_file.plain import plain
from tests.refusals import GOOD, changed, refused, write

FRAMES = "input={kind: frames, dataset: data.npz, hold: 5 ms, test_fraction: 0}"
SWEEP = "neurodiff_sweep: 1\nname: s\nmodel: model.yaml\naxes: {seed_of: {cases: {a: {loss: x}}}}\n"


def test_files_without_an_end_are_refused_at_once(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    path = write(tmp_path, GOOD)
    (tmp_path / "sweep.yaml").write_text(SWEEP.replace("model.yaml", "zero"))
    begun = time.process_time()
    for name, kind in (("pipe", "a pipe"), ("zero", "a device")):
        said = f"is {kind}, no regular file; name a file that is stored on disk"
        assert refused(tmp_path / name) == f"{tmp_path / name}: {said}"
        array = f"{{kind: array, file: {name}, interval: 1 ms}}"
        weights = f"network.weights={{init: file, path: {name}}}"
        frames = FRAMES.replace("data.npz", name)
        for change in (f"input={array}", f"target={array}", weights, frames):
            assert said in refused(path, change)
    with pytest.raises(ModelError, match="zero: is a device, no regular file"):
        load_sweep(tmp_path / "sweep.yaml")
    with pytest.raises(ModelError, match="pipe: is a pipe, no regular file"):
        load_sweep(tmp_path / "pipe")
    with pytest.raises(Unreadable, match="is a pipe"):
        open_netcdf(tmp_path / "pipe")
    assert time.process_time() - begun < 10


def test_a_pipe_of_the_shell_is_a_model_file_of_bounded_size(tmp_path: Path):
    def piped(content: bytes) -> Path:
        source, sink = os.pipe()
        writer = threading.Thread(target=_pour, args=(sink, content), daemon=True)
        writer.start()
        return Path(f"/dev/fd/{source}")

    assert load(piped(GOOD.encode())).name == "good"
    with pytest.raises(Unreadable, match="is longer than 1,000 bytes"):
        read_text(piped(b"x" * 100_000), 1000, pipe=True)
    with pytest.raises(
        Unreadable, match="is a pipe, no regular file"
    ):  # named by a file, not a user
        read_text(piped(b"x"), 1000)


def _pour(sink: int, content: bytes) -> None:
    with open(sink, "wb") as file, __import__("contextlib").suppress(BrokenPipeError):
        file.write(content)


def test_files_that_are_too_long_are_not_read(tmp_path: Path):
    path = tmp_path / "long.yaml"
    with path.open("wb") as file:
        file.truncate(10_000_000_000)
    assert "is longer than 1,000,000 bytes; make it shorter" in refused(path)


def bomb(levels: int) -> str:
    """Lists of nine of the list before, each by an alias: 9^levels entries."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for level in range(1, levels):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (bomb(9), 5, "has more than 50,000 entries, aliases counted as what they stand for"),
        ("a: &a [*a]\n", 1, "is nested too deeply"),
        ("a: 1\nb: " + "[" * 41 + "]" * 41, 2, "is nested too deeply"),
        ("a: 1\nb: !!bool maybe\n", 2, "broken YAML: 'maybe' is no bool"),
        ("a: !!int ''\n", 1, "broken YAML: '' is no int"),
        ("a: !!float ''\n", 1, "broken YAML: '' is no float"),
        ("a: 1\nb: !!python/object/apply:os.system [ls]\n", 2, "the tag `!!python/object/apply"),
        ("a: !!binary aGk=\n", 1, "the tag `!!binary` is not known"),
        ("%YAML 9.9\n---\na: 1\n", 1, "version 9.9 is not known; leave the line out"),
        ("a: " + "1" * 251 + "\n", 1, "a number of 251 characters is too long"),
        ("a: " + "x" * 100_001 + "\n", 1, "a text of 100,001 characters is too long"),
        ('a: "\\ud800"\n', 1, "a text has half a character"),
        ("a: *b\n", 1, "broken YAML: found undefined alias 'b'"),
    ],
)
def test_yaml_that_is_refused(text: str, line: int, said: str):
    begun = time.process_time()
    with pytest.raises(Unreadable) as caught:
        parse_yaml(text)
    assert said in str(caught.value) and caught.value.line == line
    assert time.process_time() - begun < 5


def test_yaml_that_is_near_the_bounds_is_read():
    assert parse_yaml("a: " + "[" * 38 + "]" * 38)["a"] is not None
    assert parse_yaml("%YAML 1.2\n---\na: " + "1" * 250)["a"] == int("1" * 250)
    assert len(parse_yaml(bomb(4))["a3"]) == 9
    texts = plain(parse_yaml("a: !!str 5\nb: >\n  folded\n  text\n"))
    assert texts == {"a": "5", "b": "folded text\n"}


def npy(shape: str = "(4, 2)", kind: str = "<f8", body: int = 64) -> bytes:
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + bytes(body)


def saved(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def archive(frames: bytes, method: int = zipfile.ZIP_STORED, suffix: str = ".npy") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as file:
        file.writestr(f"frames{suffix}", frames)
        file.writestr(f"labels{suffix}", saved(np.array([0, 0, 0, 0])))
    return made.getvalue()


def marked(place: int, bits: int) -> bytes:
    """An archive with a mark in the header of its first member and in the directory."""
    raw = bytearray(archive(npy()))
    raw[place] |= bits
    raw[raw.index(b"PK\x01\x02") + place + 2] |= bits
    return bytes(raw)


def corrupt(content: bytes) -> bytes:
    return content[:60] + b"\xff\xff\xff\xff" + content[64:]


def twice() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("frames.npy", npy())
        file.writestr("frames", npy())
    return made.getvalue()


DATA = {
    "text": (archive(b"no array at all"), "is no NumPy file of numbers: see its array `frames`"),
    "nothing": (archive(b""), "is no NumPy file of numbers"),
    "torn header": (archive(npy("(4, 2")), "is no NumPy file of numbers"),
    "unknown type": (archive(npy(kind="xx")), "is no NumPy file of numbers"),
    "huge": (archive(npy("(99999999999, 4)")), "it says that it has the shape (99999999999, 4)"),
    "huger": (archive(npy("(4611686018427387904, 4)")), "and has 64 bytes"),
    "negative": (archive(npy("(-1, 2)")), "the shape (-1, 2)"),
    "objects": (archive(npy(kind="|O")), "it holds pickled objects"),
    "dates": (archive(npy(kind="<M8[s]")), "holds datetime64[s], not real numbers"),
    "short": (archive(npy(body=10)), "and has 10 bytes"),
    "corrupt": (corrupt(archive(npy(), zipfile.ZIP_DEFLATED)), "is no NumPy file of numbers"),
    "encrypted": (marked(6, 1), "is encrypted: see its array `frames`; save it without a password"),
    "method": (marked(8, 99), "is compressed in a way that is not known"),
    "twice": (twice(), "has two arrays `frames`; keep one"),
    "no archive": (b"PK\x03\x04 and no more", "is no NumPy archive"),
}


@pytest.mark.parametrize(("content", "said"), DATA.values(), ids=DATA.keys())
def test_hostile_archives(tmp_path: Path, content: bytes, said: str):
    path = write(tmp_path, GOOD)
    (tmp_path / "data.npz").write_bytes(content)
    message = refused(path, FRAMES)
    assert f"input.dataset: {tmp_path / 'data.npz'}" in message or "array `frames` of" in message
    assert said in message
    weights = "network.weights={init: file, path: data.npz}"
    assert "network.weights.path: " in refused(path, weights)


def test_archives_written_in_other_ways_are_read(tmp_path: Path):
    path = write(tmp_path, GOOD)
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        for suffix in ("", ".npy"):
            (tmp_path / "data.npz").write_bytes(archive(npy(), method, suffix))
            shown = Simulation(load(path, [FRAMES])).plan.stimuli.presentations
            assert shown is not None and shown.frames.images.shape == (4, 2)


def test_a_header_of_an_array_is_held_against_the_file(tmp_path: Path):
    file = tmp_path / "in.npy"
    path = write(tmp_path, changed("input={kind: array, file: in.npy, interval: 1 ms}"))
    file.write_bytes(npy("(99999999999, 2)"))
    assert "it says that it has the shape (99999999999, 2) of float64, and has 64" in refused(path)
    file.write_bytes(npy("(20, 2)", body=320))
    assert Simulation(load(path)).plan.stimuli.steps == 20


def test_netcdf_that_claims_more_than_it_has(tmp_path: Path):
    path = tmp_path / "recording.nc"
    with netCDF4.Dataset(path, "w") as file:
        for name in ("n", "m"):
            file.createDimension(name, 10**6)
        file.createVariable("x", "f8", ("n", "m"), zlib=True, chunksizes=(1000, 1000))
    with pytest.raises(Unreadable, match="says that it holds 8e[+]03 GB, and has"):
        open_netcdf(path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(Unreadable, match="cannot be read .it is damaged.; run it again"):
        open_netcdf(path)


def repository(folder: Path, head: str) -> Path:
    """A repository whose configuration runs something in every git command that looks at files."""
    git = folder / ".git"
    for name in ("objects", "refs/heads"):
        (git / name).mkdir(parents=True)
    (git / "HEAD").write_text(head + "\n")
    (git / "config").write_text(f"[core]\n\tfsmonitor = touch {folder}/executed; false\n")
    return git


def test_the_commit_of_a_repository_is_read_and_nothing_of_it_is_run(tmp_path: Path):
    git = repository(tmp_path, "ref: refs/heads/main")
    (git / "packed-refs").write_text(f"# packed\n{'a' * 40} refs/heads/main\n")
    (tmp_path / "models").mkdir()
    assert commit_of(tmp_path / "models") == "a" * 40
    (git / "refs/heads/main").write_text("b" * 40 + "\n")
    assert commit_of(tmp_path) == "b" * 40
    (git / "HEAD").write_text("c" * 40 + "\n")
    assert commit_of(tmp_path) == "c" * 40
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("head", ["", "ref: refs/../../secret", "ref: /etc/passwd", "x" * 40])
def test_a_damaged_repository_has_no_commit(tmp_path: Path, head: str):
    repository(tmp_path, head)
    (tmp_path / "secret").write_text("d" * 40)
    assert commit_of(tmp_path) == "unknown"


def test_a_worktree_has_the_commit_of_its_own(tmp_path: Path):
    git = repository(tmp_path / "first", "ref: refs/heads/main")
    own = git / "worktrees" / "second"
    own.mkdir(parents=True)
    (own / "HEAD").write_text("ref: refs/heads/other\n")
    (own / "commondir").write_text("../..\n")
    (git / "refs/heads/other").write_text("e" * 40)
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / ".git").write_text(f"gitdir: {own}\n")
    assert commit_of(tmp_path / "second") == "e" * 40
