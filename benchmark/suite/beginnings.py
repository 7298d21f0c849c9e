"""When a training was begun and of what, kept beside its checkpoints: no training goes on with another code or data."""

from __future__ import annotations

import glob
import json
from collections.abc import Collection, Iterator
from datetime import datetime, timezone
from pathlib import Path

from benchmark.errors import BenchmarkError
from benchmark.files import write_atomically
from benchmark.suite.conditions import Places
from benchmark.suite.identity import Identity, differences

FILE_NAME = 'identity.json'
CHECKPOINTS = 'epoch_*.pth'


def begin(work: Path, identity: Identity) -> str:
    """Note what is trained in a folder, unless it was begun earlier.

    Args:
        work: folder of the checkpoints of one experiment with one seed.
        identity: what is trained.

    Returns:
        UTC time at which it was first begun, ISO 8601.

    Raises:
        BenchmarkError: something else was begun in this folder, its note is damaged, or there are checkpoints without.
        OSError: the folder cannot be written to.
    """
    path = work / FILE_NAME
    noted = _read(path)
    if noted is None and any(work.glob(CHECKPOINTS)):
        raise BenchmarkError(f'{path}: absent, so that nobody knows what the checkpoints are of (remove the folder)')
    if noted is None:
        started = _now()
        work.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps({'started': started, 'parts': identity.parts}, indent=1).encode())
        return started
    other = list(differences(noted['parts'], identity.parts))
    if other:
        raise BenchmarkError(f'{work}: was begun with another {", ".join(other)} (remove the folder)')
    return noted['started']


def finish(work: Path) -> None:
    """Note that what was trained in a folder has its result.

    Raises:
        BenchmarkError: the note is damaged.
        OSError: the folder cannot be written to.
    """
    noted = _read(work / FILE_NAME)
    write_atomically(work / FILE_NAME, json.dumps({**noted, 'finished': _now()}, indent=1).encode())


def abandoned(
    name: str, seed: int, identity: Identity, places: Places, finished: Collection[str]
) -> Iterator[tuple[Path, str]]:
    """Unfinished trainings of an experiment and seed that will not be continued, each with what is another there.

    There are none where a training of the experiment as it is now goes on.

    Args:
        name: name of the experiment.
        seed: the seed.
        identity: what is trained now.
        places: folders.
        finished: fingerprints that have a result; a folder notes it by itself as well.

    Yields:
        Folder and difference, the latest training first.

    Raises:
        BenchmarkError: a note is damaged.
    """
    own = places.checkpoints(name, seed, identity.fingerprint(seed))
    if any(own.glob(CHECKPOINTS)):
        return
    others = own.parent.glob(f'{glob.escape(name)}-seed{seed}-????????')
    for work in sorted(others, key=lambda folder: folder.stat().st_mtime_ns, reverse=True):
        noted = _read(work / FILE_NAME)
        recorded = any(one.startswith(work.name.rpartition('-')[2]) for one in finished)
        if recorded or (noted and noted['finished']) or not any(work.glob(CHECKPOINTS)):
            continue
        parts = noted['parts'] if noted else {**identity.parts, 'version of the benchmark': None}
        yield work, ', '.join(differences(parts, identity.parts))


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec='seconds')


def _read(path: Path) -> dict | None:
    """What was noted; None where nothing was.

    Raises:
        BenchmarkError: the note is damaged.
    """
    try:
        noted = json.loads(path.read_bytes())
        return {
            'started': str(noted['started']),
            'parts': dict(noted['parts']),
            'finished': noted.get('finished'),
        }
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise BenchmarkError(f'{path}: damaged (remove {path.parent}, the training begins anew)') from error
