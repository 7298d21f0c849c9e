"""Folders for what can be made again, where home is not to be written to or data lie on a read-only disk."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path

_NAME = 'star-loss-benchmark'
# What keeps files of its own in a user's home, and the variable that says where else.
_LIBRARIES = {
    'MMENGINE_HOME': 'mmengine',
    'MPLCONFIGDIR': 'matplotlib',
    'TORCHINDUCTOR_CACHE_DIR': 'inductor',
    'TRITON_CACHE_DIR': 'triton',
}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}


def cache_folder() -> Path:
    """Folder of this benchmark among a user's caches, as XDG_CACHE_HOME or the system's custom has it."""
    return user_cache_path(_NAME, appauthor=False)


def is_read_only(folder: Path) -> bool:
    """Whether nothing can be written to a folder, which is made if absent, for want of permission."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return False
    except OSError as error:
        # What else is wrong with it is said by whoever writes.
        return error.errno in _READ_ONLY


def environment_for_caches() -> dict[str, str]:
    """Variables that lead the caches of libraries elsewhere, where a home cannot hold them.

    Returns:
        Variables to add to the environment; none where home can be written to, nor any that is set already.
    """
    absent = {name: folder for name, folder in _LIBRARIES.items() if not os.environ.get(name)}
    if not absent or _has_home():
        return {}
    folder = _writable_folder()
    return {name: str(folder / own) for name, own in absent.items()}


def _has_home() -> bool:
    home = os.path.expanduser('~')
    return os.path.isdir(home) and os.access(home, os.W_OK | os.X_OK)


def _writable_folder() -> Path:
    if os.environ.get('XDG_CACHE_HOME') and not is_read_only(cache_folder()):
        return cache_folder()
    user = os.getuid() if hasattr(os, 'getuid') else 'user'
    folder = Path(tempfile.gettempdir(), f'{_NAME}-{user}')
    with suppress(OSError):  # something else has that name
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid == user and not folder.is_symlink():
            return folder
    return Path(tempfile.mkdtemp(prefix=f'{_NAME}-'))
