"""Real work where little is as usual: read-only data, no home, no name of user or host, tiny shared memory."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from benchmark.datasets.synthetic import prepare_synthetic
from tests.conftest import BASELINE, ROOT, Workshop

# May read everything, as the packages of a home that is closed to others, and write what is its own.
AS_NOBODY_KNOWN = [
    *('setpriv', '--reuid=12345', '--regid=12345', '--clear-groups'),
    *('--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search'),
    *('env', '-u', 'USER', '-u', 'LOGNAME', '-u', 'XDG_CACHE_HOME', 'HOME=/nonexistent', 'PYTHONDONTWRITEBYTECODE=1'),
]
SHORT = BASELINE.replace('max_epochs=6, val_interval=4', 'max_epochs=2, val_interval=2')
WITH_LOADERS = SHORT.replace('dict(batch_size=8,', 'dict(batch_size=8, num_workers=2,')


@pytest.fixture
def folder():
    """A folder that everybody may enter and write to, as those of other tests are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


@pytest.fixture
def run():
    """Runs a command, on a host whose name nobody knows, after a shell has arranged things."""

    def run(shell: str, *command: object) -> subprocess.CompletedProcess:
        inside = ['unshare', '--mount', '--uts', 'sh', '-c', f'set -e; hostname nowhere; {shell}; exec "$@"', 'sh']
        tools = all(map(shutil.which, ('unshare', 'setpriv', 'mount', 'hostname')))
        if (
            not tools
            or subprocess.run([*inside, *AS_NOBODY_KNOWN, 'true'], capture_output=True, check=False).returncode
        ):
            pytest.skip('folders cannot be mounted, or users changed, here')
        options = {'cwd': ROOT, 'capture_output': True, 'text': True, 'timeout': 300, 'check': False}
        return subprocess.run([*inside, *map(str, command)], **options)

    return run


@pytest.fixture
def shop(folder):
    prepare_synthetic(folder / 'data', 'synthetic-29', train_images=40, test_images=8)
    made = Workshop(folder, folder / 'data', SHORT)
    made.write_config('tiny', SHORT)
    made.write_config('tiny-loaders', WITH_LOADERS)
    _open_to_everybody(folder)
    return made


def _open_to_everybody(folder: Path) -> None:
    for path in folder.rglob('*'):
        path.chmod(0o777)


def test_training_ends_well(run, shop, folder):
    data = shop.data
    shell = f'mount --bind {data} {data}; mount -o remount,ro,bind {data}; mount -t tmpfs -o size=4k tmpfs /dev/shm'
    caches = f'TMPDIR={folder}', f'XDG_CACHE_HOME={folder}/cache'
    done = run(shell, *AS_NOBODY_KNOWN, *caches, *shop.command('--name', 'tiny'))
    assert done.returncode == 0, done.stderr
    assert 'Traceback' not in done.stderr and 'atplotlib' not in done.stderr
    (record,) = shop.records()
    assert record.status == 'done'
    assert [path.suffix for path in (folder / 'cache').rglob('train-*')] == ['.npy']
    assert not (data / 'synthetic-29' / 'crops').exists()


def test_loading_processes_without_room_are_one_line(run, shop):
    done = run('mount -t tmpfs -o size=100k tmpfs /dev/shm', *shop.command('--name', 'tiny-loaders'))
    assert done.returncode == 1
    line = next(line for line in done.stderr.splitlines() if line.startswith('error: '))
    assert 'tiny-loaders.py: no room in shared memory for the batches of loading processes (enlarge /dev/shm' in line


def test_pages_are_built_without_a_home(run, filled, folder):
    shutil.copytree(filled / 'records', folder / 'records')
    _open_to_everybody(folder)
    given = '--results', folder, '--reports', folder, '--png'
    done = run(':', *AS_NOBODY_KNOWN, f'TMPDIR={folder}', sys.executable, '-m', 'benchmark.report', *given)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith('wrote ') and done.stderr.count('\n') == 1, done.stderr
