"""The place of a run folder: replaced in one step, claimed, put in order; nobody else's files."""

import json
import os
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from neurodiff import OutputError
from neurodiff.files import placing
from neurodiff.plot.figures import _FIGURES
from neurodiff.run_files import names as run_files
from neurodiff.run_files import replacing
from neurodiff.run_files.new_folder import new_folder

OLD, NEW, THIRD = "0" * 32, "1" * 32, "2" * 32


def finish(folder: Path, identity: str) -> None:
    """Write the files of a complete run, the mark last."""
    (folder / "data").mkdir()
    (folder / "data/0123456789abcdef-frames.npz").write_text("frames")
    for name in ("recording.nc", "model.yaml", "waves.png"):
        (folder / name).write_text(identity)
    (folder / "report.json").write_text(json.dumps({"run_id": identity}))


@pytest.fixture
def win(tmp_path) -> Path:
    """The place of a run folder, with a complete run in it."""
    (tmp_path / "win").mkdir()
    finish(tmp_path / "win", OLD)
    return tmp_path / "win"


def visible(folder: Path) -> dict[str, str | None]:
    """What is in a folder, hidden or not, and which run it is."""
    return {path.name: run_files.run_id(path) for path in folder.iterdir()}


def refused(place: Path, message: str, *, force: bool = True) -> None:
    with pytest.raises(OutputError, match=message), new_folder(place, force=force):
        raise AssertionError("not reached")


def test_all_figures_are_files_of_a_run():
    assert set(_FIGURES) <= set(run_files.FIGURES)


def test_force_replaces_a_run_and_leaves_nothing_beside(win):
    with new_folder(win, force=True) as folder:
        finish(folder, NEW)
        assert run_files.run_id(win) == OLD
    assert visible(win.parent) == {"win": NEW}


@pytest.mark.parametrize(
    "name", ["thesis.txt", "data/frames.npz", "waves.png/mine", ".hidden", "waves.pdf"]
)
def test_force_leaves_a_folder_that_holds_what_no_run_wrote(win, name):
    mine = win / name
    if mine.parent.is_file():
        mine.parent.unlink()
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    listed = name.removesuffix("/mine")
    refused(win, f"holds what no run wrote.*: {listed}; move")
    assert mine.read_text() == "mine" and run_files.run_id(win) == OLD


def test_a_model_file_makes_no_run_folder(tmp_path):
    (tmp_path / "model.yaml").write_text("my model")
    (tmp_path / "thesis.txt").write_text("mine")
    before = visible(tmp_path)
    for report in (None, "[]", "{", "\udcff", '{"run_id": "../../x"}', '{"run_id": 1}'):
        if report is not None:
            (tmp_path / "recording.nc").write_text("")
            (tmp_path / "report.json").write_text(report, errors="surrogateescape")
        refused(tmp_path, "is no run folder .* so --force leaves it")
    assert visible(tmp_path).items() >= before.items()


def test_notes_that_are_made_during_the_run_are_left_and_the_run_is_kept(win):
    kept = "holds what no run wrote.*new run is kept in .*win-1111"
    with pytest.raises(OutputError, match=kept), new_folder(win, force=True) as folder:
        finish(folder, NEW)
        (win / "notes.txt").write_text("mine")
    assert visible(win.parent) == {"win": OLD, "win-11111111": NEW}
    assert (win / "notes.txt").read_text() == "mine"


def test_a_place_that_is_taken_meanwhile_is_left_and_the_run_is_kept(tmp_path):
    kept = "exists already.*new run is kept in .*win-1111"
    with pytest.raises(OutputError, match=kept), new_folder(tmp_path / "win") as folder:
        finish(folder, NEW)
        (tmp_path / "win").mkdir()
    assert visible(tmp_path) == {"win": None, "win-11111111": NEW}


def test_a_run_that_is_complete_is_kept_whatever_happens_then(win):
    with pytest.raises(ZeroDivisionError), new_folder(win, force=True) as folder:
        finish(folder, NEW)
        raise ZeroDivisionError
    assert visible(win.parent) == {"win": NEW}
    with pytest.raises(ZeroDivisionError), new_folder(win, force=True) as folder:
        (folder / "recording.nc").write_text("half")
        raise ZeroDivisionError
    assert visible(win.parent) == {"win": NEW}


def test_a_link_to_a_run_folder_stays_a_link(win):
    link = win.parent / "elsewhere" / "link"
    link.parent.mkdir()
    link.symlink_to("../win")
    with new_folder(link, force=True) as folder:
        finish(folder, NEW)
    assert link.is_symlink() and run_files.run_id(win) == NEW
    assert visible(link.parent) == {"link": NEW}


def test_a_link_in_a_run_folder_goes_itself(win):
    victim = win.parent / "victim"
    victim.write_text("precious")
    (win / "waves.png").unlink()
    (win / "waves.png").symlink_to(victim)
    with new_folder(win, force=True) as folder:
        finish(folder, NEW)
    assert victim.read_text() == "precious" and (win / "waves.png").read_text() == NEW


def test_a_second_run_into_the_same_folder_is_refused_and_told_which_one_is_there(tmp_path):
    with new_folder(tmp_path / "win") as folder:
        refused(tmp_path / "win", rf"win: in use by process {os.getpid()} on .*since")
        with new_folder(tmp_path / "other"):
            finish(folder, NEW)
    assert visible(tmp_path) == {"win": NEW, "other": None}


def test_files_have_the_mode_of_the_users_umask(tmp_path):
    before = os.umask(0o027)
    try:
        placing.write_text(tmp_path / "file", "text")
        with new_folder(tmp_path / "win"):
            pass
    finally:
        os.umask(before)
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("file", "win")]
    assert modes == [0o640, 0o750]


def test_what_is_written_beside_replaces_links_and_leaves_nothing_half_done(tmp_path):
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "link").symlink_to("victim")
    placing.write_text(tmp_path / "link", "text")
    assert (tmp_path / "victim").read_text() == "precious"
    assert not (tmp_path / "link").is_symlink() and (tmp_path / "link").read_text() == "text"
    with pytest.raises(ZeroDivisionError), placing.written_beside(tmp_path / "link") as beside:
        beside.write_text("half")
        raise ZeroDivisionError
    assert {path.name for path in tmp_path.iterdir()} == {"victim", "link"}
    assert (tmp_path / "link").read_text() == "text"


class Cut:
    """Ends the process, as kill -9 does, before the nth change of the file system."""

    def __init__(self, n: int):
        self.n = n

    def __call__(self, change: Callable) -> Callable:
        def counted(*arguments: object, **options: object) -> object:
            self.n -= 1
            if self.n < 0:
                os._exit(9)
            return change(*arguments, **options)

        return counted


def replace_in_a_process_that_is_cut(
    win: Path, n: int, force: bool, exchanges: bool, careless: bool = False
) -> bool:
    """Whether a process was killed before its nth change while it made a run folder."""
    child = os.fork()
    if child == 0:
        if careless:
            replacing._replace = remove_and_rename
        cut = Cut(n)
        for name in ("rename", "unlink", "rmdir", "mkdir", "write_text"):
            setattr(Path, name, cut(getattr(Path, name)))
        replacing.exchange = cut(placing.exchange) if exchanges else lambda one, other: False
        with new_folder(win, force=force) as folder:
            finish(folder, NEW)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def remove_and_rename(new: Path, path: Path) -> None:
    """How not to replace a run: there is a moment without any."""
    run_files.remove_run(path)
    new.rename(path)


def test_a_careless_replacement_is_found_out(tmp_path):
    lost = []
    for n in range(40):
        place = tmp_path / str(n) / "win"
        place.mkdir(parents=True)
        finish(place, OLD)
        replace_in_a_process_that_is_cut(place, n, force=True, exchanges=True, careless=True)
        lost.append(run_files.run_id(place) is None)
    assert any(lost)


@pytest.mark.parametrize("exchanges", [True, False])
def test_a_kill_at_any_moment_of_a_replacement_loses_nothing(tmp_path, exchanges):
    """Each time the next command finds the old run, the new one, or both, each in one piece."""
    ends = set()
    for n in range(100):
        place = tmp_path / str(n) / "win"
        place.mkdir(parents=True)
        finish(place, OLD)
        cut = replace_in_a_process_that_is_cut(place, n, force=True, exchanges=exchanges)
        with warnings.catch_warnings(record=True):
            warnings.simplefilter("always")
            with new_folder(place, force=True) as folder:
                finish(folder, THIRD)
                assert run_files.run_id(place) in (OLD, NEW), n
        there = visible(place.parent)
        assert there.pop("win") == THIRD and set(there.values()) <= {NEW}, (n, there)
        assert all(not name.startswith(".") for name in there), (n, there)
        ends.add((cut, *there.values()))
        if not cut:
            break
    assert ends == {(True,), (True, NEW), (False,)}


def test_a_kill_at_any_moment_of_a_first_run_leaves_it_complete_or_not_at_all(tmp_path):
    found = []
    for n in range(100):
        place = tmp_path / str(n) / "win"
        place.parent.mkdir()
        cut = replace_in_a_process_that_is_cut(place, n, force=False, exchanges=True)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                with new_folder(place) as folder:
                    finish(folder, THIRD)
            except OutputError as error:
                assert "exists already" in str(error)
        assert visible(place.parent) in ({"win": NEW}, {"win": THIRD}), n
        found.append((cut, run_files.run_id(place), bool(said)))
        if not cut:
            break
    assert (True, THIRD, False) in found and (True, NEW, True) in found


def test_the_old_run_comes_back_when_a_process_was_killed_between_two_renames(win):
    """The case of a system that cannot exchange two names in one step."""
    waiting = win.parent / ".win-123-01234567"
    (waiting / f"new-{OLD}").mkdir(parents=True)
    win.rename(waiting / "old")
    with pytest.warns(UserWarning, match="was replacing is back in its place"):
        refused(win, "exists already", force=False)
    assert visible(win.parent) == {"win": OLD}


def test_a_hidden_folder_of_others_is_left_alone(win):
    for name in (".win-123-01234567", ".win-old", ".win-1-0123456"):
        (win.parent / name).mkdir()
        (win.parent / name / "recording.nc").write_text("mine")
    before = visible(win.parent)
    with new_folder(win, force=True) as folder:
        finish(folder, NEW)
    assert visible(win.parent) == before | {"win": NEW}
