"""The commit of this package's own checkout, and whether its code is that of the commit."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_CODE = ('*.py', '*.so', '*.toml', '*.txt', '*.ini', '*.cfg', '*.yaml', '*.yml', 'benchmark', 'mmpose_configs')
_NOT_CODE = (':!reports', ':!docs', ':!*.md')
# Git sets these for what it starts, e.g. a hook; there they may speak of another repository.
_OF_ANOTHER = ('GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_COMMON_DIR', 'GIT_OBJECT_DIRECTORY', 'GIT_PREFIX')


def describe_checkout(root: Path = ROOT) -> tuple[str | None, bool | None]:
    """Commit, and whether code differs from it, untracked code included.

    Args:
        root: the folder that holds the package.

    Returns:
        (None, None) where the folder is no checkout of its own: without Git, unpacked, installed, or inside of somebody
        else's repository.
    """
    top = _git(root, 'rev-parse', '--show-toplevel')
    if top is None or Path(top).resolve() != root.resolve():
        return None, None
    if _git(root, 'ls-files', '--error-unmatch', '--', 'benchmark/__init__.py') is None:
        return None, None
    commit = _git(root, 'rev-parse', '--verify', 'HEAD')
    if commit is None:
        return None, None
    changes = _git(root, 'status', '--porcelain', '--untracked-files=all', '--', *_CODE, *_NOT_CODE)
    return commit, changes is None or bool(changes)


def _git(root: Path, *arguments: str) -> str | None:
    """What Git says; None where there is no Git or it fails.

    A checkout of another user is trusted as far as its code is, which is being run; its monitor is not started.
    """
    if shutil.which('git') is None:
        return None
    trusted = ['-c', f'safe.directory={root}', '-c', 'core.fsmonitor=false', '--no-optional-locks']
    command = ['git', '-C', str(root), *trusted, *arguments]
    environment = {name: value for name, value in os.environ.items() if name not in _OF_ANOTHER}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return result.stdout.strip() if result.returncode == 0 else None
