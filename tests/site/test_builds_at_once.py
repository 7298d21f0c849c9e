"""Several builds of one folder at once, and somebody who reads its pages meanwhile."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def build(folder: Path, *options: str) -> subprocess.Popen:
    command = [sys.executable, '-m', 'benchmark.report', '--results', str(folder), '--reports', str(folder), *options]
    pipes = {'stdout': subprocess.DEVNULL, 'stderr': subprocess.PIPE, 'text': True}
    return subprocess.Popen(command, cwd=folder, env={**os.environ, 'PYTHONPATH': str(ROOT)}, **pipes)


def read_pages(folder: Path) -> int:
    """Read every page that the first one leads to; each is whole and there. Returns how many there were."""
    if not (folder / 'index.html').exists():
        return 0
    text = (folder / 'index.html').read_text()
    pages = {link for link in re.findall(r'href="([^"#:?]+\.html)', text)}
    for page in pages:
        found = (folder / page).read_text()
        assert found.endswith('</html>\n'), page
    assert text.endswith('</html>\n')
    return len(pages)


def test_pages_are_whole_at_any_moment_while_two_builds_run(filled, tmp_path):
    alone, shared = tmp_path / 'alone', tmp_path / 'shared'
    shutil.copytree(filled / 'records', alone / 'records')
    assert build(alone, '--png').wait() == 0
    few = sorted((filled / 'records').glob('synthetic-68*'))[:4] or sorted((filled / 'records').iterdir())[:4]
    (shared / 'records').mkdir(parents=True)
    for path in few:
        shutil.copy(path, shared / 'records')
    builds = [build(shared, '--png'), build(shared, '--png')]
    most = 0
    for path in sorted((filled / 'records').iterdir(), key=lambda path: path.suffix != '.npz'):
        shutil.copy(path, shared / 'records' / f'.{path.name}')
        os.replace(shared / 'records' / f'.{path.name}', shared / 'records' / path.name)
        most = max(most, read_pages(shared))
    builds.append(build(shared, '--png'))
    while any(process.poll() is None for process in builds):
        most = max(most, read_pages(shared))
        time.sleep(0.01)
    assert [(process.returncode, process.stderr.read().count('Traceback')) for process in builds] == [(0, 0)] * 3
    assert read_pages(shared) == most > 3
    names = {path.relative_to(alone) for path in alone.rglob('*') if path.is_file()}
    assert {path.relative_to(shared) for path in shared.rglob('*') if path.is_file()} == names


def test_build_that_was_killed_keeps_no_other_from_building(filled, tmp_path):
    shutil.copytree(filled / 'records', tmp_path / 'records')
    process = build(tmp_path)
    while process.poll() is None and not (tmp_path / '.building.1.claim').exists():
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert (tmp_path / '.building.1.claim').exists()
    assert build(tmp_path).wait() == 0
    assert not list(tmp_path.glob('*.claim')) and read_pages(tmp_path) > 3
