"""How a command ends: with its status, and quietly where nobody reads its output any more."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import NoReturn


def end(main: Callable[[], int]) -> NoReturn:
    """Run a command and leave the process with its exit status; 1 where the reader of its output has gone.

    Args:
        main: the command; returns its exit status.
    """
    try:
        try:
            status = main()
        except SystemExit as stop:  # of the command line: a usage error, or help
            status = stop.code
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would write what is left when it ends, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.exit(status)
