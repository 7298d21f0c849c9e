"""Standard streams that are closed, gone or full."""

from __future__ import annotations

import os
import sys


def open_what_is_closed() -> None:
    """Let the null device stand for each standard stream that is closed, as after ``>&-`` in a shell.

    Otherwise the next file that is opened would get its number, and what libraries and processes write there.
    """
    for name, mode in (('stdin', 'r'), ('stdout', 'w'), ('stderr', 'w')):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding='utf-8'))  # noqa: SIM115


def fault_of_output() -> str | None:
    """Why standard output cannot be written to, such as a full disk; None where it can be, and is by a line's end."""
    try:
        sys.stdout.flush()  # which says nothing where the text that could not be written is forgotten already
        os.write(sys.stdout.fileno(), b'\n')
    except OSError as error:
        return error.strerror
    return None


def discard_output() -> None:
    """Let what is left of standard output go nowhere, which Python would write when it ends, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
