"""Commands that run beside a test: waiting for what they do, and killing them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import psutil


def wait_until(condition: Callable[[], object], said: Callable[[], str] = str, seconds: float = 120) -> None:
    """Wait until a condition holds, but no longer than so many seconds; ``said`` then explains what was there."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, said()
        time.sleep(0.05)


def wait_for_file(folder: Path, pattern: str, process: subprocess.Popen) -> None:
    """Wait until a command that runs has made a file that matches a pattern below a folder."""

    def there() -> bool:
        found = bool(list(folder.glob(pattern)))
        assert found or process.poll() is None, f'the command ended without {pattern}: {process.communicate()[1]}'
        return found

    wait_until(there, lambda: f'{pattern} did not appear')


def kill_all(processes: Iterable[psutil.Process]) -> None:
    """Kill processes in this order; those that are gone, as with one that was killed before them, are passed over."""
    for one in processes:
        with suppress(psutil.NoSuchProcess):
            one.kill()
