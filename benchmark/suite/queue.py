"""What commands are asked to do and have not done yet, for whoever asks how far they are."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.claims import take
from benchmark.files import visible, write_atomically
from benchmark.signs import look
from benchmark.suite.conditions import Places
from benchmark.suite.squeue import look_up

if TYPE_CHECKING:
    from benchmark.suite.planning import Job  # and with it PyTorch, which takes seconds

_SLURM = re.compile(r'Slurm job (?P<number>\d+)')


@dataclass(frozen=True)
class Asked:
    """What one command was asked to do.

    Attributes:
        keys: names of the checkpoints' folders of its jobs (see :meth:`benchmark.suite.conditions.Places.checkpoints`).
        by: who is to do it, e.g. 'Slurm job 17', and what it waits for; None for a command on this or another machine.
        alive: whether the command runs, or a cluster has it.
    """

    keys: tuple[str, ...]
    by: str | None
    alive: bool


@contextmanager
def queued(jobs: Sequence[Job], places: Places) -> Iterator[None]:
    """Let others know what this command is going to do, for as long as it is at it."""
    base = _folder(places.work) / uuid.uuid4().hex
    forget_the_dead(places.work)
    claim = take(base)
    path = _write(base, jobs, places, None)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        claim.release()


def submit_to(by: str, jobs: Sequence[Job], places: Places) -> None:
    """Let others know what a cluster was given to do; it is forgotten when the cluster no longer has the job.

    Args:
        by: name of the cluster's job.
        jobs: what it was given.
        places: folders.
    """
    _write(_folder(places.work) / uuid.uuid4().hex, jobs, places, by)


def read_queue(work: Path) -> list[Asked]:
    """What commands and clusters were asked to do, in no order."""
    return [asked for _, asked in _read(work)]


def forget_the_dead(work: Path) -> None:
    """Remove what commands have left that were killed, and what a cluster no longer has."""
    for path, asked in _read(work):
        if not asked.alive:
            path.unlink(missing_ok=True)
            for claim in path.parent.glob(f'{path.stem}.*.claim'):
                claim.unlink(missing_ok=True)


def _read(work: Path) -> Iterator[tuple[Path, Asked]]:
    for path in visible(_folder(work), '*.json'):
        try:
            content = json.loads(path.read_bytes())
        except FileNotFoundError:  # the command has just ended
            continue
        by, alive = content['by'], True
        if by is None:
            sign = look(path.with_suffix(''))
            alive = sign is not None and sign.alive
        elif job := _SLURM.fullmatch(by):
            alive, waits_for = look_up(job['number'])
            by = f'{by}, which waits: {waits_for}' if waits_for else by
        yield path, Asked(tuple(content['keys']), by, alive)


def _write(base: Path, jobs: Sequence[Job], places: Places, by: str | None) -> Path:
    keys = [places.checkpoints(job.name, job.seed, job.fingerprint).name for job in jobs]
    path = base.with_suffix('.json')
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps({'by': by, 'keys': keys}).encode(), durable=False)
    return path


def _folder(work: Path) -> Path:
    return work / 'queue'
