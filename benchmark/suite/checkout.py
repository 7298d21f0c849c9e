"""The commit of this package's own checkout, and whether its code is that of the commit."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_CODE = ('*.py', '*.toml', '*.txt', '*.ini', 'benchmark', 'mmpose_configs')
_NOT_CODE = (':!reports', ':!docs', ':!*.md')


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
    trusted = ['-c', f'safe.directory={root}', '-c', 'core.fsmonitor=false']
    command = ['git', '-C', str(root), *trusted, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.stdout.strip() if result.returncode == 0 else None
