"""Predicted landmarks in the formats that people have them in, one file a format; none needs pandas, SciPy or torch."""

from __future__ import annotations

import stat
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmark.errors import BenchmarkError
from benchmark.records.formats.csv_file import read_csv
from benchmark.records.formats.dump import read_dump
from benchmark.records.formats.json_file import read_json_landmarks
from benchmark.records.formats.landmarks import MOST_BYTES, MOST_TEXT, FormatFault, Landmarks
from benchmark.records.formats.numpy_file import read_npy, read_npz
from benchmark.records.formats.wflw_list import read_list

__all__ = ['FORMATS', 'Landmarks', 'read_landmarks']


def _dump(path: Path) -> Landmarks:
    return read_dump(path.read_bytes())


def _text(read: Callable[[str], Landmarks]) -> Callable[[Path], Landmarks]:
    def checked(path: Path) -> Landmarks:
        _check_size(path, MOST_TEXT)
        try:
            text = path.read_bytes().decode('utf-8-sig')
        except UnicodeDecodeError as error:
            raise FormatFault('no text in UTF-8 (save it as such, or give it the suffix of its format)') from error
        return read(text)

    return checked


_READERS: Mapping[str, Callable[[Path], Landmarks]] = {
    '.npz': read_npz,
    '.npy': read_npy,
    '.csv': _text(read_csv),
    '.tsv': _text(read_csv),
    '.json': _text(read_json_landmarks),
    '.pkl': _dump,
    '.pickle': _dump,
    '.txt': _text(read_list),
}
FORMATS = tuple(_READERS)
_DAMAGED = (
    *(OSError, ValueError, EOFError, RuntimeError, NotImplementedError, MemoryError, TypeError, LookupError),
    *(SyntaxError, tokenize.TokenError, zipfile.BadZipFile, zlib.error),
)


def read_landmarks(path: Path) -> Landmarks:
    """Read predicted landmarks; the suffix tells the format, the content its variant, and nothing in it is run.

    Args:
        path: a file of up to 256 MiB, as text 64 MiB; see :data:`FORMATS` and ``docs/submitting.md``.

    Raises:
        BenchmarkError: the file is absent, of no known format, damaged, or holds something else; one line.
    """
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise BenchmarkError(
            f'{path}: no format of predictions has the suffix {path.suffix!r} (write one of {", ".join(FORMATS)})'
        )
    try:
        _check_size(path, MOST_BYTES)
        return read(path)
    except FormatFault as error:
        raise BenchmarkError(f'{path}: {error} (docs/submitting.md shows each format)') from error
    except _DAMAGED as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else None
        text = reason or f'no readable {path.suffix.lower()} file: {" ".join(str(error).split())[:200]}'
        raise BenchmarkError(f'{path}: {text}') from error


def _check_size(path: Path, most: int) -> None:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise FormatFault('a directory or a device, not a file')
    if status.st_size > most:
        raise FormatFault(f'larger than {most >> 20} MiB')
