"""Signs of life of whoever holds a claim, here or on another machine."""

from __future__ import annotations

import glob
import json
import os
import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import psutil

# Network file systems show a new file time up to a minute late.
STALE_SECONDS = 150.0
_SAME_START = 10.0  # seconds by which the same process' start may seem to move when a clock is set


@dataclass(frozen=True)
class Sign:
    """The last sign of life of a claim.

    Attributes:
        number: how often it has passed on; the first owner has 1.
        host: name of the owner's machine, '?' while the owner has only just come.
        pid: its process there.
        alive: whether the owner holds it still.
        age: seconds since it was last written.
        note: what the owner says of its work.
    """

    number: int
    host: str
    pid: int
    alive: bool
    age: float
    note: dict


def look(base: Path) -> Sign | None:
    """The last sign of life of a claim; None where nobody has made it, or it has just been given up."""
    for number in reversed(numbers_of(base)):
        with suppress(FileNotFoundError):
            return read_sign(file_of(base, number), number)
    return None


def read_sign(path: Path, number: int, now: Callable[[Path], float] | None = None) -> Sign:
    """Read one file of a claim.

    Args:
        path: the file.
        number: its number.
        now: time of the file system that a folder is on, seconds; by default it is asked.

    Raises:
        FileNotFoundError: it is gone.
    """
    content, written = path.read_bytes(), path.stat().st_mtime
    age = max(0.0, (now or _file_time)(path.parent) - written)
    try:
        said = json.loads(content)
        owner, note, held = said['owner'], dict(said['note']), bool(said['held'])
        host, pid = str(owner['host']), int(owner['pid'])
    except (ValueError, KeyError, TypeError):
        return Sign(number, '?', 0, age < STALE_SECONDS, age, {})  # created, and not yet written
    if owner.get('machine') == _this_machine():
        alive = held and _runs(pid, owner.get('started', 0.0))
    else:
        alive = held and age < STALE_SECONDS
    return Sign(number, host, pid, alive, age, note)


@dataclass
class FileTime:
    """Time by the clocks of the file systems that folders are on, asked once for each folder."""

    _ahead: dict[Path, float] = field(default_factory=dict)

    def __call__(self, folder: Path) -> float:
        """Seconds since the epoch."""
        if folder not in self._ahead:
            self._ahead[folder] = _file_time(folder) - time.time()
        return time.time() + self._ahead[folder]


def _file_time(folder: Path) -> float:
    """The clock of the machine that keeps the files, which alone can tell their age; ours where we may only read."""
    try:
        with tempfile.NamedTemporaryFile(dir=folder) as probe:
            return os.stat(probe.name).st_mtime
    except OSError:
        return time.time()


def file_of(base: Path, number: int) -> Path:
    """The file of one number of a claim."""
    return base.with_name(f'{base.name}.{number}.claim')


def numbers_of(base: Path) -> list[int]:
    """The numbers of a claim that there are files of, in their order."""
    found = base.parent.glob(f'{glob.escape(base.name)}.*.claim')
    texts = (path.name[len(base.name) + 1 : -len('.claim')] for path in found)
    return sorted(int(text) for text in texts if text.isdecimal())


def content_of(held: bool, note: dict) -> bytes:
    """What this process writes into the file of a claim."""
    owner = {'host': socket.gethostname(), 'pid': os.getpid(), 'started': _started(), 'machine': _this_machine()}
    return json.dumps({'held': held, 'owner': owner, 'note': note}, indent=1).encode()


def _started() -> float:
    return psutil.Process().create_time()


@cache
def _this_machine() -> str:
    """What tells whether process numbers of elsewhere mean the same here: a system, its start and a container."""
    try:
        boot = Path('/proc/sys/kernel/random/boot_id').read_text().strip()
        return f'{boot} {os.readlink("/proc/self/ns/pid")}'
    except OSError:  # no Linux
        return f'{socket.gethostname()} {psutil.boot_time():.0f}'


def _runs(pid: int, started: float) -> bool:
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - started) < _SAME_START and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
