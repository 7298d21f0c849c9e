"""What earlier builds computed, so that what has not changed is not computed again.

The store is a file beside the pages that may be deleted at any time; git ignores it. It belongs to one version of the
code that computes its content: another version starts an empty one.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmark import protocol, records
from benchmark.analysis.digest import Axes, Digest
from benchmark.errors import BenchmarkError, cannot_write

FILE_NAME = '.store.sqlite'
ALL_RECORDS = 'all records'  # in what was checked: all of them beside each other
_ARRAYS = tuple(each.name for each in fields(Digest) if 'NDArray' in str(each.type))
_PLAIN = tuple(each.name for each in fields(Digest) if each.name not in _ARRAYS)
_COLUMNS = {
    'digests': 'name TEXT PRIMARY KEY, size INT, changed INT, digest BLOB',
    'intervals': 'name TEXT PRIMARY KEY, low REAL, high REAL',
    'pages': 'name TEXT PRIMARY KEY, inputs TEXT, files TEXT',
    'checked': 'name TEXT PRIMARY KEY, inputs TEXT',
}
_COMPUTED_BY = ('digest.py', 'intervals.py', 'store.py', 'audit/*.py')
Stamp = tuple[int, int]


@dataclass
class Store:
    """Results of earlier builds.

    Attributes:
        digests: by the path of the predictions file, with the stamp of the file that each was made from.
        intervals: 95 % intervals over images by what they are of.
        pages: by the name of a page a hash of what it was made from, and the stamp of every file that was written for
            it.
        checked: by what was checked and found without fault a hash of it.
    """

    digests: dict[str, tuple[Stamp, Digest]] = field(default_factory=dict)
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    pages: dict[str, tuple[str, dict[str, Stamp]]] = field(default_factory=dict)
    checked: dict[str, str] = field(default_factory=dict)

    def copy(self) -> Store:
        """A store with the same content that can be changed without changing this one."""
        return Store(dict(self.digests), dict(self.intervals), dict(self.pages), dict(self.checked))

    def save(self, reports: Path, earlier: Store) -> None:
        """Write what differs from what was read; what is no longer here is forgotten.

        Args:
            reports: the folder.
            earlier: what was read from it.

        Raises:
            BenchmarkError: the file cannot be written.
        """
        rows = {
            'digests': [(name, *mark, _to_bytes(one)) for name, (mark, one) in self._new('digests', earlier)],
            'intervals': [(name, *bounds) for name, bounds in self._new('intervals', earlier)],
            'pages': [(name, inputs, json.dumps(files)) for name, (inputs, files) in self._new('pages', earlier)],
            'checked': self._new('checked', earlier),
        }
        gone = {table: getattr(earlier, table).keys() - getattr(self, table).keys() for table in rows}
        if not any(rows.values()) and not any(gone.values()):
            return
        with _replacing(reports / FILE_NAME) as path, _open(path) as connection:
            if not _is_ours(connection):
                _start(connection)
            for table, names in gone.items():
                connection.executemany(f'DELETE FROM {table} WHERE name = ?', [(name,) for name in names])
            for table, values in rows.items():
                marks = ', '.join('?' * len(_COLUMNS[table].split(',')))
                connection.executemany(f'INSERT OR REPLACE INTO {table} VALUES ({marks})', values)

    def _new(self, table: str, earlier: Store) -> list[tuple[str, Any]]:
        old = getattr(earlier, table)
        return [(name, value) for name, value in getattr(self, table).items() if old.get(name) is not value]


def load_store(reports: Path) -> Store:
    """The store of a reports folder; an empty one where there is none, or one of other code.

    Raises:
        BenchmarkError: the file is damaged.
    """
    path = reports / FILE_NAME
    if not path.exists():
        return Store()
    with _open(path) as connection:
        if not _is_ours(connection):
            return Store()
        digests = connection.execute('SELECT name, size, changed, digest FROM digests').fetchall()
        intervals = connection.execute('SELECT name, low, high FROM intervals').fetchall()
        pages = connection.execute('SELECT name, inputs, files FROM pages').fetchall()
        checked = connection.execute('SELECT name, inputs FROM checked').fetchall()
    return Store(
        {name: ((size, changed), _from_bytes(blob)) for name, size, changed, blob in digests},
        {name: (low, high) for name, low, high in intervals},
        {name: (inputs, _stamps(files)) for name, inputs, files in pages},
        dict(checked),
    )


def stamp(path: Path) -> Stamp:
    """What tells whether a file has changed: its size and the time of its last change in nanoseconds."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def hash_sources(paths: Iterable[Path]) -> str:
    """SHA-256 over the names and contents of source files of this package, hexadecimal."""
    package, digest = Path(__file__).parents[1], hashlib.sha256()
    for path in sorted(path for path in paths if path.is_file() and '__pycache__' not in path.parts):
        digest.update(path.relative_to(package).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def _version() -> str:
    """Hash of what digests and intervals are computed by."""
    computed_by = [path for pattern in _COMPUTED_BY for path in Path(__file__).parent.glob(pattern)]
    return hash_sources(
        [*Path(protocol.__path__[0]).glob('*.py'), *Path(records.__path__[0]).glob('*.py'), *computed_by]
    )


def _stamps(files: str) -> dict[str, Stamp]:
    return {name: tuple(mark) for name, mark in json.loads(files).items()}


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A copy of the file, empty where there is none, that takes its place if nothing goes wrong."""
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f'{path.name}-') as folder:
            copy = Path(folder, path.name)
            if path.exists():
                shutil.copyfile(path, copy)
            yield copy
            os.replace(copy, path)
    except OSError as error:
        what = f'{path}: cannot write the store of earlier results'
        raise BenchmarkError(cannot_write(what, error, '--results')) from error


@contextmanager
def _open(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        # Not every file system has locks, and none is needed: nobody changes a file that others read.
        connection = sqlite3.connect(f'{path.resolve().as_uri()}?nolock=1', uri=True)
        try:
            with connection:
                yield connection
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise BenchmarkError(f'{path}: cannot use the store of earlier results: {error} (delete the file)') from error


def _is_ours(connection: sqlite3.Connection) -> bool:
    """Whether the content was computed by this version of the code."""
    tables = connection.execute("SELECT name FROM sqlite_master WHERE name = 'code'").fetchall()
    return bool(tables) and connection.execute('SELECT version FROM code').fetchone() == (_version(),)


def _start(connection: sqlite3.Connection) -> None:
    for table in ('code', *_COLUMNS):
        connection.execute(f'DROP TABLE IF EXISTS {table}')
    connection.execute('CREATE TABLE code (version TEXT)')
    connection.execute('INSERT INTO code VALUES (?)', (_version(),))
    for table, columns in _COLUMNS.items():
        connection.execute(f'CREATE TABLE {table} ({columns})')


def _to_bytes(digest: Digest) -> bytes:
    """A line of JSON with everything but the arrays, and their types and shapes; then the arrays' bytes."""
    present = [name for name in _ARRAYS if getattr(digest, name) is not None]
    arrays = {name: np.ascontiguousarray(getattr(digest, name)) for name in present}
    head = {name: getattr(digest, name) for name in _PLAIN}
    head['arrays'] = [(name, array.dtype.str, array.shape) for name, array in arrays.items()]
    return b'\n'.join((json.dumps(head).encode(), b''.join(array.tobytes() for array in arrays.values())))


def _from_bytes(blob: bytes) -> Digest:
    head, _, rest = blob.partition(b'\n')
    plain, arrays, start = json.loads(head), dict.fromkeys(_ARRAYS), 0
    for name, kind, shape in plain.pop('arrays'):
        count = math.prod(shape)
        arrays[name] = np.frombuffer(rest, kind, count, start).reshape(shape)
        start += arrays[name].nbytes
    plain['subset_names'] = tuple(plain['subset_names'])
    plain['axes'] = plain['axes'] and Axes(*plain['axes'])
    return Digest(**plain, **arrays)
