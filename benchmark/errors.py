"""The exceptions that a user's mistake, data or disk can cause."""

from __future__ import annotations

import errno
import os
from pathlib import Path


class BenchmarkError(Exception):
    """A failure that the user can act on.

    Its text is one line: what is wrong, in which file, and what to do. Commands print it to stderr without a traceback
    and exit with status 1.
    """


class UsageError(BenchmarkError):
    """The command line asks for what there is not, or for what cannot be; commands exit with status 2."""


class Paused(BenchmarkError):
    """A training has ended after an epoch, as it was asked to; the same command continues it from its checkpoint.

    Its text is the reason that was given, one line.
    """


def require_posix(what: str) -> None:
    """Refuse on Windows what is built on processes and signals that only other systems have.

    Args:
        what: what was asked for, e.g. 'training'.

    Raises:
        BenchmarkError: this is Windows.
    """
    if os.name != 'posix':
        raise BenchmarkError(f'{what} needs Linux or macOS (on Windows use WSL; report, verify and score need neither)')


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


def cannot_write(what: str, error: OSError, option: str) -> str:
    """One line on what a disk refuses; only a full one is told to be freed.

    Args:
        what: what cannot be written, e.g. 'faces.npy: cannot write the face crops'.
        error: why.
        option: names another folder, e.g. '--data-root'.
    """
    full = error.errno in (errno.ENOSPC, getattr(errno, 'EDQUOT', None))
    return f'{what}: {error.strerror} ({"free space or " * full}choose another folder with {option})'
