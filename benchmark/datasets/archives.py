"""Unpacking archives safely.

The files are written by this module, never by ``extract`` of the standard library, so that the names, links, owners and
permissions of an archive have no effect of their own. A wanted member that is not safe refuses the archive; others
that are not are left where they are, and named.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath

from benchmark.datasets.archive_members import (
    MOST_RATIO,
    ArchiveError,
    Member,
    damage_named,
    open_members,
    refusal,
)

SUFFIXES = ('.zip', '.tar', '.tar.gz', '.tgz')
MOST_BYTES = 32 * 2**30  # far more than all three datasets together
MOST_MEMBERS = 200_000
RATIO_COUNTS_FROM = 64 * 2**20  # bytes; below that no ratio is dangerous
_CHUNK = 2**20

Place = Callable[[tuple[str, ...]], str | None]


def archive_stem(path: Path) -> str | None:
    """Name of an archive without its suffix, in lower case; None where the name is not that of an archive."""
    name = path.name.lower()
    return next((name.removesuffix(suffix) for suffix in SUFFIXES if name.endswith(suffix)), None)


def unpack(archive: Path, target: Path, place: Place) -> list[str]:
    """Unpack the wanted members of an archive.

    Args:
        archive: a .zip, .tar, .tar.gz or .tgz file.
        target: an empty folder; what it holds after an error is of no use.
        place: for the parts of a member's path where it goes, relative to ``target``, or None where it is not wanted.

    Returns:
        What of the members that are not wanted could not have been unpacked safely; none, or one line.

    Raises:
        ArchiveError: the archive cannot be read, or a wanted member is not safe; one line naming archive and member.
        OSError: the target cannot be written to.
    """
    with damage_named(archive):
        limit = min(MOST_BYTES, max(RATIO_COUNTS_FROM, MOST_RATIO * archive.stat().st_size))
    seen: set[tuple[str, ...]] = set()
    written: set[str] = set()
    folders: set[str] = set()
    unsafe: list[Member] = []
    left, count = limit, 0
    with open_members(archive, limit) as members:
        for member in members:
            count += 1
            if count > MOST_MEMBERS:
                raise ArchiveError(f'{archive}: more than {MOST_MEMBERS} members (get it from the authors again)')
            where = place(member.parts) if member.parts else None
            if where is None:
                unsafe += [member] * bool(member.fault)
                continue
            if member.fault:
                raise refusal(archive, member.name, member.fault)
            if member.parts in seen:
                raise refusal(archive, member.name, 'occurs twice')
            seen.add(member.parts)
            parents = {str(parent) for parent in PurePosixPath(where).parents}
            if where in written or where in folders or parents & written:
                raise refusal(archive, member.name, f'is a second {where}')
            if member.size > left:
                raise refusal(archive, member.name, f'makes the archive unpack to more than {limit >> 20} MiB')
            left -= _write(archive, member, target / where)
            written.add(where)
            folders |= parents
    if not unsafe:
        return []
    more = f', and {len(unsafe) - 1} more like it' if len(unsafe) > 1 else ''
    return [f'{archive}: left out {unsafe[0].shown}, which {unsafe[0].fault} and is not part of the dataset{more}']


def _write(archive: Path, member: Member, path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    done = 0
    with path.open('xb') as file:
        with damage_named(archive, member.name):
            content = member.open()
        with content:
            while True:
                with damage_named(archive, member.name):
                    chunk = content.read(_CHUNK)
                done += len(chunk)
                if done > member.size or (not chunk and done < member.size):
                    raise refusal(archive, member.name, f'does not hold the {member.size} bytes of its header')
                if not chunk:
                    return done
                file.write(chunk)
