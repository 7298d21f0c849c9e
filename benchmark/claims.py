"""Who does what: exactly one live process at a time, on every machine that sees the folder.

A claim is a file that only one process can create, and that its owner writes again every few seconds. No file system
has to support locks for it, the owner's child processes cannot hold it, and an owner that has died is noticed: at once
on its own machine, elsewhere by the age of its last sign of life. A claim that passes on gets the next number, so that
two processes never take over the same one, and an owner that was only slow learns that it has lost.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmark.files import write_atomically
from benchmark.signs import STALE_SECONDS, Sign, content_of, file_of, look, numbers_of

BEAT_SECONDS = 5.0
_WAIT_SECONDS = 0.2


class Claim:
    """A claim that this process holds; see :func:`take`.

    Attributes:
        lost: set when another process has taken over, because this one gave no sign of life for too long.
        before: the last sign of the owner before; None where there is none.
    """

    def __init__(self, base: Path, number: int, note: dict, before: Sign | None) -> None:
        self.lost = threading.Event()
        self.before = before
        self._base, self._number = base, number
        self._note = note
        self._over = threading.Event()
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._beat, daemon=True, name=f'claim {base.name}')

    def say(self, **note: object) -> None:
        """Change what the claim says of the work, and write it.

        Raises:
            OSError: the folder cannot be written to.
        """
        with self._writing:
            self._note = {**self._note, **note}
            self._write(held=True)

    def release(self, keep: bool = False, **note: object) -> None:
        """Give the claim up.

        Args:
            keep: whether the file stays, with its note, for others to read.
            **note: what the note says in the end.

        Raises:
            OSError: the file cannot be written.
        """
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
        if self.lost.is_set():
            return
        if not keep:
            file_of(self._base, self._number).unlink(missing_ok=True)
            return
        self._note = {**self._note, **note}
        self._write(held=False)

    def start(self) -> None:
        """Begin to give signs of life."""
        self._thread.start()

    def _beat(self) -> None:
        written = time.monotonic()
        while not self._over.wait(BEAT_SECONDS):
            if numbers_of(self._base)[-1:] > [self._number]:
                self.lost.set()
                return
            # A full disk may have room again; without a sign for too long others take the work to be abandoned.
            with suppress(OSError), self._writing:
                self._write(held=True)
                written = time.monotonic()
            if time.monotonic() - written > STALE_SECONDS / 2:
                self.lost.set()
                return

    def _write(self, held: bool) -> None:
        write_atomically(file_of(self._base, self._number), content_of(held, self._note), durable=False)


def take(base: Path, **note: object) -> Claim | None:
    """Claim something, if no live process holds it.

    Args:
        base: path that names the claim; its files lie beside it, named after it.
        **note: plain values that others can read.

    Returns:
        The claim, which gives signs of life until it is released; None where another process holds it.

    Raises:
        OSError: the folder cannot be written to.
    """
    base.parent.mkdir(parents=True, exist_ok=True)
    before = None
    if numbers_of(base):
        before = look(base)
        if before is None or before.alive:
            return None
    number = before.number + 1 if before else 1
    try:
        file = file_of(base, number).open('xb')
    except FileExistsError:
        return None
    try:
        with file:
            file.write(content_of(True, note))
    except OSError:
        file_of(base, number).unlink(missing_ok=True)
        raise
    there = numbers_of(base)
    if any(other > number for other in there):  # it has passed on, to and fro, since it was looked at
        file_of(base, number).unlink(missing_ok=True)
        return None
    for older in there:
        if older < number:
            file_of(base, older).unlink(missing_ok=True)
    claim = Claim(base, number, dict(note), before)
    claim.start()
    return claim


@contextmanager
def sole(path: Path, made: Callable[[], bool] | None = None) -> Iterator[bool]:
    """Let exactly one live process make something, and the others wait for it.

    Args:
        path: what is made; claims lie beside it.
        made: whether it is there; by default whether the path exists.

    Yields:
        True where this process is to make it, False where it has been made.

    Raises:
        OSError: the folder cannot be written to.
    """
    made = made or path.exists
    while not made():
        claim = take(path.with_name(f'.{path.name}'))
        if claim is None:
            time.sleep(_WAIT_SECONDS)
            continue
        try:
            if not made():
                yield True
                return
        finally:
            claim.release()
    yield False
