"""Files that a reader sees whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_atomically(path: Path, content: bytes | memoryview, durable: bool = True) -> None:
    """Write ``content`` to ``path`` through a temporary file in the same folder.

    Args:
        path: where to.
        content: what.
        durable: whether to wait until it is on the disk, so that it outlives a loss of power.

    Raises:
        OSError: the folder is read-only or full; ``path`` is then as it was.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}.')
    try:
        with os.fdopen(handle, 'wb') as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
