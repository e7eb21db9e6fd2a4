"""The commit of a git repository, read from its files: git itself runs what a repository names.

A repository's configuration may name programs (`core.fsmonitor`, filters, hooks, the command that
fetches missing objects), and `git describe` would start them in a folder that somebody else made.
"""

import re
from pathlib import Path

from neurodiff.files.regular_files import Unreadable, read_text

#: Most bytes of a file of a repository that are read.
_MOST = 10_000_000
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REFERENCE = re.compile(r"refs/[\w./-]+")
_UNKNOWN = "unknown"


def commit_of(folder: Path) -> str:
    """Commit that is checked out in the repository around a folder; `unknown` where there is none.

    Whether files differ from it is not looked at.

    Parameters
    ----------
    folder : pathlib.Path
        Path of the folder.
    """
    for parent in (folder, *folder.parents):
        if (parent / ".git").exists():
            return _head(_git_folder(parent / ".git"))
    return _UNKNOWN


def _git_folder(path: Path) -> Path:
    """The folder of a repository's files; of a worktree `.git` is a file that names it."""
    if path.is_dir():
        return path
    name = _read(path).removeprefix("gitdir:").strip()
    return path.parent / name if name else path


def _head(git: Path) -> str:
    head = _read(git / "HEAD")
    if _COMMIT.fullmatch(head):
        return head
    reference = head.removeprefix("ref:").strip()
    if not _REFERENCE.fullmatch(reference) or ".." in reference:
        return _UNKNOWN
    # what all worktrees of a repository share is in the folder of the first
    shared = git / (_read(git / "commondir") or ".")
    for folder in (git, shared):
        if _COMMIT.fullmatch(found := _read(folder / reference)):
            return found
    packed = (line.split(" ") for line in _read(shared / "packed-refs").splitlines())
    commits = [line[0] for line in packed if line[1:] == [reference]]
    return next(filter(_COMMIT.fullmatch, commits), _UNKNOWN)


def _read(path: Path) -> str:
    """A small text without blanks around it; nothing where it cannot be read."""
    try:
        return read_text(path, _MOST).strip()
    except Unreadable:
        return ""
