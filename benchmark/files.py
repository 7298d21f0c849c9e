"""Files: written whole or not at all, and found without those that nobody meant to be there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def visible(folder: Path, pattern: str) -> list[Path]:
    """What a pattern finds in a folder, sorted, without what is hidden or in a hidden folder.

    Systems and editors put such files beside one's own, under names that look like them: macOS ``._a.json``, Jupyter
    ``.ipynb_checkpoints/a.py``. An absent folder holds none.

    Args:
        folder: where to look.
        pattern: of :meth:`pathlib.Path.glob`.
    """
    found = sorted(folder.glob(pattern))
    return [path for path in found if not any(part.startswith('.') for part in path.relative_to(folder).parts)]


def write_atomically(path: Path, content: bytes | memoryview, durable: bool = True) -> None:
    """Write ``content`` to ``path``; see :func:`becoming`."""
    with becoming(path, durable) as file:
        file.write(content)


@contextmanager
def becoming(path: Path, durable: bool = True, suffix: str = '') -> Iterator[BinaryIO]:
    """An empty file in the same folder that becomes ``path`` if nothing goes wrong.

    Args:
        path: what it becomes.
        durable: whether to wait until it is on the disk, so that it outlives a loss of power.
        suffix: end of its name meanwhile, by which what a kill leaves can be found.

    Raises:
        OSError: the folder is read-only or full; ``path`` is then as it was.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}.', suffix=suffix)
    try:
        with os.fdopen(handle, 'wb') as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
