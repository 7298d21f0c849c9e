"""Finding a dataset in what ``--source`` names: folders, archives, and folders of archives."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.datasets.archives import SUFFIXES, Place, archive_stem, unpack
from benchmark.datasets.workspace import Workspace
from benchmark.errors import BenchmarkError, UsageError


@dataclass(frozen=True)
class Distribution:
    """How the authors of a dataset give it away.

    Attributes:
        benchmark: name of the benchmark.
        content: what a source has to hold, in words.
        names: folders and files by which the dataset is known, lower case.
        archives: names of the authors' archives without suffix, lower case; others are read only where they are named.
        files: suffixes of files that are a source of their own.
        place: where a member of an archive goes, from the parts of its path; None where it is not wanted.
    """

    benchmark: str
    content: str
    names: tuple[str, ...]
    archives: tuple[str, ...]
    place: Place
    files: tuple[str, ...] = ()


@dataclass
class Source:
    """An opened source.

    Attributes:
        roots: absolute paths of folders, among them unpacked archives, and of single files.
        unpack: keeps what a function makes of a file (see :meth:`Workspace.unpacked`).
        notes: what of the source is not read, one line each.
    """

    roots: list[Path]
    unpack: Callable[[Path, Callable[[Path], None]], Path] | None = None
    notes: list[str] = field(default_factory=list)

    def locate(self, path: str) -> list[Path]:
        """Everything that has a path in one of the roots, or is a root of that name itself; in any case.

        Args:
            path: names in lower case, joined by '/'.

        Raises:
            BenchmarkError: a folder cannot be read.
        """
        return list(dict.fromkeys(found for root in self.roots for found in _locate(root, path.split('/'))))

    def root(self, path: Path) -> Path:
        """The root that a path lies in."""
        return max((root for root in self.roots if path.is_relative_to(root)), key=lambda root: len(root.parts))

    def name(self, path: Path) -> str:
        """The path relative to its root, for messages."""
        root = self.root(path)
        return path.name if path == root else path.relative_to(root).as_posix()


def open_source(distribution: Distribution, paths: Sequence[Path], workspace: Workspace) -> Source:
    """Unpack what has to be unpacked.

    Args:
        distribution: how the dataset is distributed.
        paths: folders that hold the dataset or its archives, archives, or files of the dataset.
        workspace: keeps the unpacked archives.

    Raises:
        UsageError: a path does not exist.
        BenchmarkError: one is none of these, an archive is refused, or the workspace cannot be written to.
    """
    source = Source([], workspace.unpacked)
    for path in paths:
        if os.path.isdir(path):
            source.roots.append(path.resolve())
            names = {entry.name.lower() for entry in entries(path) if os.path.isdir(entry)}
            for entry in entries(path):
                stem = archive_stem(entry)
                if stem not in distribution.archives or not os.path.isfile(entry):
                    continue
                if stem in names:
                    source.notes.append(f'did not read {entry}, since the folder {stem} is beside it')
                else:
                    source.roots.append(_unpacked(distribution, entry, workspace, source.notes))
        elif not os.path.exists(path):
            raise UsageError(f'{distribution.benchmark}: {path} does not exist (give {distribution.content})')
        elif archive_stem(path) is not None and os.path.isfile(path):
            source.roots.append(_unpacked(distribution, path, workspace, source.notes))
        elif path.suffix.lower() in distribution.files and os.path.isfile(path):
            source.roots.append(path.resolve())
        else:
            raise BenchmarkError(
                f'{distribution.benchmark}: {path} is neither a folder nor one of {", ".join(SUFFIXES)} '
                f'(give {distribution.content})'
            )
    source.roots = list(dict.fromkeys(source.roots))
    return source


def entries(folder: Path) -> list[Path]:
    """Entries of a folder in order, without hidden ones.

    Raises:
        BenchmarkError: the folder cannot be read.
    """
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith('.'))
    except OSError as error:
        raise BenchmarkError(f'{folder}: cannot read the folder: {error.strerror}') from error


def wanted_parts(parts: tuple[str, ...]) -> tuple[str, ...] | None:
    """Parts of a member's path in lower case, its name as it is; None for what file managers add to archives."""
    if any(part.startswith('.') or part == '__MACOSX' for part in parts):
        return None
    return (*(part.lower() for part in parts[:-1]), parts[-1])


def _unpacked(distribution: Distribution, archive: Path, workspace: Workspace, notes: list[str]) -> Path:
    # Some archives hold the content of a folder without the folder, which then has the archive's name.
    stem = archive_stem(archive)

    def fill(target: Path) -> None:
        notes.extend(unpack(archive, target, lambda parts: distribution.place((stem, *parts))))

    return workspace.unpacked(archive, fill)


def _locate(root: Path, names: list[str]) -> list[Path]:
    if not os.path.isdir(root):
        return [root] if names == [root.name.lower()] else []
    found = _below(root, names)
    if not found and root.name.lower() == names[0]:
        found = _below(root, names[1:])
    return found


def _below(folder: Path, names: list[str]) -> list[Path]:
    if not names:
        return [folder]
    matching = [entry for entry in entries(folder) if entry.name.lower() == names[0]]
    return [
        found for entry in matching if len(names) == 1 or os.path.isdir(entry) for found in _below(entry, names[1:])
    ]
