"""The members of an archive that nobody vouches for: each is handed on with what speaks against unpacking it.

What is wrong with the archive itself refuses it at once. Kinds are told by content: .zip, .tar and gzipped .tar.
"""

from __future__ import annotations

import gzip
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from benchmark.errors import BenchmarkError

MOST_RATIO = 100  # photographs shrink by a few percent, landmark files to a third
MEMBER_RATIO_COUNTS_FROM = 2**20  # bytes; below that no ratio is dangerous
MOST_NAME_BYTES = 1024
_CHUNK = 2**20
_DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    OverflowError,
    RuntimeError,  # NotImplementedError of an unknown compression and RecursionError of nested headers are some
    MemoryError,
)
_TAR_KINDS = {
    tarfile.SYMTYPE: stat.S_IFLNK,
    tarfile.LNKTYPE: stat.S_IFLNK,
    tarfile.CHRTYPE: stat.S_IFCHR,
    tarfile.BLKTYPE: stat.S_IFBLK,
    tarfile.FIFOTYPE: stat.S_IFIFO,
}
_KINDS = {
    stat.S_IFLNK: 'is a link',
    stat.S_IFCHR: 'is a device',
    stat.S_IFBLK: 'is a device',
    stat.S_IFIFO: 'is a pipe',
    stat.S_IFSOCK: 'is a socket',
}


class ArchiveError(BenchmarkError):
    """An archive that is refused: damaged, cut short, or with a wanted member that is not safe to unpack."""


@dataclass(frozen=True)
class Member:
    """What an archive holds, but for folders.

    Attributes:
        name: its path as the archive has it.
        size: bytes by its header.
        open: opens its content, if it has no fault.
        fault: why it must not be unpacked, e.g. 'is a link'; None for a plain file with a safe name.
    """

    name: str
    size: int
    open: Callable[[], BinaryIO]
    fault: str | None

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of its path, none of which is empty, '.' or '..'; with a fault, those that it might mean."""
        separators = r'[/\\]' if self.fault else '/'
        return tuple(part for part in re.split(separators, self.name) if part not in ('', '.', '..'))

    @property
    def shown(self) -> str:
        """Its name for a message: short, and in one line."""
        return _shown(self.name)


@contextmanager
def open_members(archive: Path, limit: int) -> Iterator[Iterator[Member]]:
    """The members of an archive but for folders, to be read one after the other.

    Args:
        archive: a .zip, .tar or gzipped .tar file, whatever its name.
        limit: bytes that an unpacked tar archive may take.

    Raises:
        ArchiveError: the archive cannot be read, or is larger than allowed, at once or when a member is asked for; one
            line naming the archive.
    """
    with ExitStack() as stack:
        with damage_named(archive):
            raw = stack.enter_context(archive.open('rb'))
            start = raw.read(512)
            raw.seek(0)
            if start[:4] in (b'PK\3\4', b'PK\5\6'):
                members = _zip_members(archive, stack.enter_context(zipfile.ZipFile(raw)))
            elif start[:2] == b'\x1f\x8b':
                unzipped = stack.enter_context(gzip.GzipFile(fileobj=raw))
                members = _tar_members(archive, _Counted(archive, unzipped, limit))
            elif start[257:262] == b'ustar':
                members = _tar_members(archive, _Counted(archive, raw, limit))
            else:
                raise ArchiveError(f'{archive}: not a zip or tar archive (get it from the authors again)')
        yield _with_damage_named(archive, members)


@contextmanager
def damage_named(archive: Path, member: str | None = None) -> Iterator[None]:
    """Turns what the standard library raises about an archive into an :class:`ArchiveError` that names it."""
    try:
        yield
    except _DAMAGE as error:
        where = f'{archive}: member {_shown(member)}' if member else f'{archive}'
        if isinstance(error, OSError) and error.strerror:
            raise ArchiveError(f'{where}: cannot be read: {error.strerror}') from error
        what = ' '.join(str(error).split())[:120] or type(error).__name__
        raise ArchiveError(f'{where}: damaged or cut short: {what} (get the archive from the authors again)') from error


def refusal(archive: Path, member: str, what: str) -> ArchiveError:
    """The error for a member, 'what' being what is wrong with it."""
    return ArchiveError(f'{archive}: member {_shown(member)} {what} (get the archive from the authors again)')


def _with_damage_named(archive: Path, members: Iterator[Member]) -> Iterator[Member]:
    while True:
        with damage_named(archive):
            member = next(members, None)
        if member is None:
            return
        yield member


def _zip_members(archive: Path, opened: zipfile.ZipFile) -> Iterator[Member]:
    for info in opened.infolist():
        coded = info.orig_filename.encode('utf-8' if info.flag_bits & 0x800 else 'cp437', 'surrogateescape')
        name = coded.decode(errors='surrogateescape')
        kind = stat.S_IFMT(info.external_attr >> 16)
        fault = _fault_of_name(name)
        if info.flag_bits & 0x2041:
            fault = 'is encrypted'
        elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            fault = _KINDS.get(kind, 'is not a plain file')
        elif name.endswith('/') or kind == stat.S_IFDIR:
            continue
        elif info.file_size > max(MEMBER_RATIO_COUNTS_FROM, MOST_RATIO * info.compress_size):
            fault = f'unpacks to more than {MOST_RATIO} times its size'
        yield Member(name, info.file_size, lambda info=info: opened.open(info), fault)


class _StrictHeader(tarfile.TarInfo):
    """A header whose damage is an error; the standard library takes one amid an archive for the archive's end."""

    @classmethod
    def frombuf(cls, buf: bytes, encoding: str, errors: str) -> tarfile.TarInfo:
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.InvalidHeaderError as error:
            raise tarfile.ReadError(f'bad header: {error}') from error


def _tar_members(archive: Path, stream: _Counted) -> Iterator[Member]:
    how = {'mode': 'r|', 'encoding': 'utf-8', 'errors': 'surrogateescape', 'tarinfo': _StrictHeader}
    with tarfile.open(fileobj=stream, **how) as opened:
        for info in opened:
            if info.size < 0:
                raise refusal(archive, info.name, 'has a negative size')
            fault = _fault_of_name(info.name)
            if info.issparse():
                fault = 'is a sparse file'
            elif not info.isdir() and not info.isreg():
                fault = _KINDS.get(_TAR_KINDS.get(info.type), 'is not a plain file')
            stream.member = info.name
            if not info.isdir():
                yield Member(info.name, info.size, lambda info=info: opened.extractfile(info), fault)
        while stream.read(_CHUNK):  # to the end: a gzip file says only there whether it is whole
            pass
    if stream.tail != bytes(1024):
        raise ArchiveError(f'{archive}: cut short: the mark at its end is absent (get it from the authors again)')


class _Counted:
    """A stream that gives no more than a number of bytes, and remembers the last ones."""

    def __init__(self, archive: Path, stream: BinaryIO, limit: int) -> None:
        self.archive, self.stream, self.limit, self.given = archive, stream, limit, 0
        self.member = 'at its start'
        self.tail = b''

    def read(self, size: int) -> bytes:
        chunk = self.stream.read(size)
        self.given += len(chunk)
        if self.given > self.limit:
            raise refusal(self.archive, self.member, f'makes the archive unpack to more than {self.limit >> 20} MiB')
        self.tail = (self.tail + chunk)[-1024:] if len(chunk) < 1024 else chunk[-1024:]
        return chunk


def _fault_of_name(name: str) -> str | None:
    if not name.isprintable() or not _is_utf8(name):
        return 'has a name that is not UTF-8 or not printable'
    if '\\' in name:
        return 'has a backslash in its name'
    if name.startswith('/') or re.match(r'[A-Za-z]:', name):
        return 'has an absolute path'
    parts = name.split('/')
    if '..' in parts:
        return "leads out of its folder by '..'"
    if len(name.encode()) > MOST_NAME_BYTES or any(len(part.encode()) > 255 for part in parts):
        return 'has a name that is too long'
    return None


def _shown(name: str) -> str:
    short = name if len(name) <= 80 else f'{name[:77]}...'
    return short if short.isprintable() and _is_utf8(short) else ascii(short)


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
