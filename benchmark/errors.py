"""The exceptions that a user's mistake, data or disk can cause."""

from __future__ import annotations

from pathlib import Path


class BenchmarkError(Exception):
    """A failure that the user can act on.

    Its text is one line: what is wrong, in which file, and what to do. Commands print it to stderr without a traceback
    and exit with status 1.
    """


class UsageError(BenchmarkError):
    """The command line asks for what there is not, or for what cannot be; commands exit with status 2."""


def check_folder(option: str, folder: Path, what: str, usual: Path | None = None) -> None:
    """Refuse a folder that somebody named and that is not there.

    Args:
        option: as on the command line, e.g. '--data-root'.
        folder: what was given.
        what: what it should hold, e.g. 'prepared data'.
        usual: its default, which may be absent.

    Raises:
        UsageError: it is no folder.
    """
    if folder != usual and not folder.is_dir():
        raise UsageError(f'{option} {folder}: no such folder (name the folder of {what})')
