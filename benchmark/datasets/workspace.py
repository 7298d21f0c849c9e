"""A prepared folder in the hands of one preparation, and the unpacked originals that are kept in it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmark.claims import take
from benchmark.errors import BenchmarkError, cannot_write

CLAIM = '.preparation'  # who is at work in a folder (see benchmark.claims)
TEMPORARY = '.making-'  # start of the name of everything that is being made and not yet vouched for
_STORE = 'unpacked'
_LISTING = 'unpacked.json'
_LISTING_VERSION = 1  # another one where the same original would be unpacked to other files


class Workspace:
    """Use it in a ``with`` statement, which keeps other preparations out of the folder meanwhile.

    What killed preparations have left half-made is removed at the start. After an error everything is removed that was
    made, the folder included where it had not been there; what was there before is never touched by an error.

    Args:
        folder: the prepared folder; it is made if absent.
        report: called with a line before something that takes long.

    Raises:
        BenchmarkError: (on entering) another preparation is at work in the folder, or it cannot be written to.
    """

    def __init__(self, folder: Path, report: Callable[[str], None]) -> None:
        self.folder = folder
        self._report = report
        self._created: list[Path] = []
        self._unpacked: list[Path] = []
        self._used: set[str] = set()

    def __enter__(self) -> Workspace:
        with self.writing():
            self._created = [folder for folder in (self.folder, *self.folder.parents) if not folder.exists()]
            self.folder.mkdir(parents=True, exist_ok=True)
            self._claim = take(self.folder / CLAIM)
            if self._claim is None:
                raise BenchmarkError(f'{self.folder}: another preparation is at work there (wait for it to end)')
            self._sweep()
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        self._sweep()
        if kind is not None:
            for folder in self._unpacked:
                shutil.rmtree(folder, ignore_errors=True)
        self._claim.release()
        for folder in (self.folder / _STORE, *self._created):
            with suppress(OSError):  # it is not empty, or not there
                folder.rmdir()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Turns what the disk refuses into a :class:`BenchmarkError` that names the folder."""
        try:
            yield
        except OSError as error:
            what = f'{self.folder.name}: cannot write {self.folder}'
            raise BenchmarkError(cannot_write(what, error, '--data-root')) from error

    def unpacked(self, original: Path, fill: Callable[[Path], None]) -> Path:
        """Folder with the unpacked content of a file; what an earlier preparation has unpacked is not unpacked again.

        A file is known by its content: the folder bears the start of its SHA-256. It is filled elsewhere and moved into
        place when it is whole, together with a listing that its files are held against from then on.

        Args:
            original: an archive, or another file that images are taken out of.
            fill: writes the content into the empty folder that it is called with.

        Returns:
            Absolute path of a folder within the prepared folder.

        Raises:
            BenchmarkError: the file cannot be read, the folder cannot be written to, or what ``fill`` raises.
        """
        digest = _sha256(original)
        name = f'{re.sub(r"[^a-z0-9_-]+", "_", original.name.split(".")[0].lower())}-{digest[:12]}'
        folder = self.folder / _STORE / name
        self._used.add(name)
        if not _intact(folder, digest):
            self._report(f'unpacking {original} into {folder}')
            with self.writing():
                self._make(folder, digest, fill)
        return folder.resolve()

    def forget_unused(self) -> None:
        """Remove what was unpacked for earlier preparations and not asked for in this one."""
        store = self.folder / _STORE
        with self.writing():
            for folder in store.iterdir() if store.is_dir() else ():
                if folder.name not in self._used:
                    shutil.rmtree(folder)

    def _make(self, folder: Path, digest: str, fill: Callable[[Path], None]) -> None:
        temporary = Path(tempfile.mkdtemp(dir=self.folder, prefix=TEMPORARY))
        fill(temporary)
        listing = {'version': _LISTING_VERSION, 'sha256': digest, 'files': _digests(temporary)}
        (temporary / _LISTING).write_text(json.dumps(listing, indent=0) + '\n')
        temporary.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        else:
            self._unpacked.append(folder)
        folder.parent.mkdir(exist_ok=True)
        os.replace(temporary, folder)

    def _sweep(self) -> None:
        for left in self.folder.rglob(f'{TEMPORARY}*'):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def _intact(folder: Path, digest: str) -> bool:
    try:
        listing = json.loads((folder / _LISTING).read_bytes())
        return listing == {'version': _LISTING_VERSION, 'sha256': digest, 'files': _digests(folder)}
    except (OSError, ValueError):
        return False


def _digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder but the listing, by its path."""
    digests = {}
    for path in sorted(folder.rglob('*')):
        if path.is_file() and path != folder / _LISTING:
            with path.open('rb') as file:
                digests[path.relative_to(folder).as_posix()] = hashlib.file_digest(file, 'sha256').hexdigest()
    return digests


def _sha256(original: Path) -> str:
    try:
        with original.open('rb') as file:
            return hashlib.file_digest(file, 'sha256').hexdigest()
    except OSError as error:
        raise BenchmarkError(f'{original}: cannot be read: {error.strerror}') from error
