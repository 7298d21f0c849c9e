"""Commands that are stopped in the middle of their work: one line, a status that says so, and no half file."""

from __future__ import annotations

import collections
import contextlib
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.datasets.prepared import open_prepared
from tests.commands import wait_until
from tests.datasets.conftest import write_300w

ROOT = Path(__file__).resolve().parents[1]
SMALL = 'td-softargmax_res18w16-fpn-star_16b-15e_synthetic-29-64x64'
STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 143}
# Sends a signal to the whole group, as a terminal does, when a function is called for the n-th time.
DRIVER = """
import importlib, os, runpy, sys
module, name, number, count = sys.argv[1].split(':')
owner, left = importlib.import_module(module), int(count)
function = getattr(owner, name)
def call(*arguments, **options):
    global left
    left -= 1
    if left == 0:
        os.killpg(0, int(number))
    return function(*arguments, **options)
setattr(owner, name, call)
sys.argv = sys.argv[2:]
runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)
"""
COMMANDS = {
    'draw': ('cv2:imencode', 5),
    'draw and write': ('os:replace', 1),
    'prepare': ('benchmark.datasets.prepared:encode_faces', 1),
    'prepare and write': ('os:replace', 3),
    'check': ('os:replace', 1),
    'list': ('os:replace', 1),
    'report': ('benchmark.site.pages.render:render_experiment', 2),
    'report and write': ('os:replace', 4),
    'convert': ('benchmark.models.official.weights:convert_state_dict', 1),
    'convert and write': ('os:replace', 1),
    'export': ('torch.onnx:export', 1),
    'speed': ('cv2:imencode', 5),
    'speed and write': ('os:replace', 1),
    'score': ('benchmark.scoring.matching:match', 1),
    'score and write': ('os:replace', 4),
    'verify': ('benchmark.analysis.audit.reading:read_digest', 2),
}


def start(folder: Path, code: str, *arguments: object, **options) -> subprocess.Popen:
    environment = {**os.environ, 'PYTHONPATH': str(ROOT)}
    command = [sys.executable, *(['-c', code] if code else []), *map(str, arguments)]
    pipes = {'stdin': subprocess.DEVNULL, 'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, 'text': True}
    return subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True, **pipes, **options)


def assert_stopped(process: subprocess.Popen, number: int) -> None:
    _, said = process.communicate(timeout=120)
    assert process.returncode == STATUS[number], said
    assert said.splitlines().count('stopped') == 1 and said.endswith('stopped\n'), said
    assert 'Traceback' not in said and 'Error' not in said, said


def assert_whole(folder: Path) -> None:
    """Every file can be read to its end, and none is hidden, as those are that are being written."""
    for path in folder.rglob('*'):
        if path.is_dir():
            continue
        assert not any(part.startswith('.') for part in path.relative_to(folder).parts), path
        if path.suffix == '.json':
            json.loads(path.read_bytes())
        elif path.suffix == '.html':
            assert path.read_text().endswith('</html>\n'), path
        elif path.suffix == '.png':
            with Image.open(path) as image:
                image.load()


@pytest.fixture(scope='session')
def weights(tmp_path_factory) -> tuple[Path, Path]:
    """Weights as the official code saves them, and as a training here does."""
    import torch
    from mmengine.registry import DefaultScope

    import benchmark.models  # noqa: F401
    from benchmark.suite.experiments import find_experiment

    from mmpose.registry import MODELS  # isort: skip

    folder = tmp_path_factory.mktemp('weights')
    with np.load(ROOT / 'tests' / 'data' / 'network_wflw.npz') as golden:
        names = [name for name in golden if name.startswith('state/')]
        state = collections.OrderedDict((name.removeprefix('state/'), torch.from_numpy(golden[name])) for name in names)
    torch.save({'net': state}, folder / 'official.pkl')
    with DefaultScope.overwrite_default_scope('mmpose'):
        model = MODELS.build(find_experiment(SMALL, ROOT / 'mmpose_configs').config.model)
    torch.save({'state_dict': model.state_dict(), 'meta': {}}, folder / 'epoch_1.pth')
    return folder / 'official.pkl', folder / 'epoch_1.pth'


@pytest.fixture
def arguments(tmp_path, request):
    """Arguments of each command, which writes to the folder 'out'."""

    def arguments(name: str) -> list[object]:
        out = tmp_path / 'out'
        out.mkdir()
        command = name.split()[0]
        if command == 'draw':
            sizes = '--train-images', 12, '--test-images', 8
            return ['benchmark.prepare', 'synthetic-29', *sizes, '--data-root', out]
        if command == 'prepare':
            write_300w(tmp_path / 'original')
            archive = shutil.make_archive(str(tmp_path / 'archive'), 'zip', tmp_path / 'original')
            return ['benchmark.prepare', '300w', '--source', archive, '--allow-incomplete', '--data-root', out]
        if command in ('report', 'verify'):
            shutil.copytree(request.getfixturevalue('filled') / 'records', out / 'records')
            return [f'benchmark.{command}', '--results', out, '--reports', out]
        if command == 'convert':
            official, _ = request.getfixturevalue('weights')
            return ['benchmark.convert', official, '--dataset', 'wflw', '--output', out / 'made.pth']
        if command == 'export':
            _, own = request.getfixturevalue('weights')
            configs = '--configs', ROOT / 'mmpose_configs'
            return ['benchmark.export', '--config', SMALL, '--weights', own, '--output', out / 'made.onnx', *configs]
        if command == 'speed':
            configs = '--configs', ROOT / 'mmpose_configs'
            return ['benchmark.speed', 'input', '--seconds', 0, '--device', 'cpu', '--store', out, *configs]
        data = request.getfixturevalue('tiny_data')
        if command == 'check':
            return ['benchmark.prepare', 'check', 'synthetic-29', '--data-root', data, '--sheet', out / 'faces.png']
        if command == 'list':
            return ['benchmark.prepare', 'list', 'synthetic-29', '--data-root', data, '--output', out / 'list.csv']
        return ['benchmark.score', *_submission(tmp_path, data), '--results', out, '--reports', out]

    return arguments


def _submission(folder: Path, data: Path) -> list[object]:
    faces, rng = open_prepared(data, 'synthetic-29').test, np.random.default_rng(0)
    with (folder / 'predictions.csv').open('w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(['image', *(f'{axis}{number}' for number in range(29) for axis in 'xy')])
        writer.writerows([face.image, *(face.keypoints + rng.normal(0, 1, (29, 2))).ravel()] for face in faces)
    row = {'method': 'Mine', 'loss': 'Mine', 'network': 'Net', 'input-size': '64x64', 'box': 'tight', 'seed': 0}
    row |= {'weights': 'last epoch', 'source': 'https://example.org at v1', 'train-images': 40, 'submit': 'mine'}
    said = [word for key, value in row.items() for word in (f'--{key}', value)]
    return [folder / 'predictions.csv', '--dataset', 'synthetic-29', '--data-root', data, '--as-it-is', *said]


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize('name', COMMANDS)
def test_command_that_is_stopped_says_so_and_leaves_no_half_file(tmp_path, arguments, name, number):
    target, count = COMMANDS[name]
    given = arguments(name)
    before = {path for path in (tmp_path / 'out').rglob('*') if path.is_file()}
    process = start(tmp_path, DRIVER, f'{target}:{number}:{count}', *given)
    assert_stopped(process, number)
    assert_whole(tmp_path / 'out')
    if 'write' not in name:
        assert {path for path in (tmp_path / 'out').rglob('*') if path.is_file()} == before


def test_command_goes_on_after_a_signal_that_was_ignored_when_it_began(tmp_path, arguments):
    process = start(
        tmp_path,
        DRIVER,
        f'cv2:imencode:{signal.SIGHUP}:5',
        *arguments('draw'),
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert len(open_prepared(tmp_path / 'out', 'synthetic-29').train) == 12


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_processes_that_draw_end_with_the_command(tmp_path, number):
    sizes = '--train-images', 3000, '--test-images', 8
    process = start(tmp_path, '', '-m', 'benchmark.prepare', 'synthetic-29', *sizes, '--data-root', 'out')
    wait_until(lambda: len(list((tmp_path / 'out').rglob('*.png'))) > 20)
    if number == signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    if number == signal.SIGKILL:
        process.communicate(timeout=120)
    else:
        assert_stopped(process, number)
        assert not list((tmp_path / 'out').rglob('*'))
    wait_until(lambda: not _is_a_group(process.pid))


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGHUP])
def test_command_that_does_not_hear_is_ended(tmp_path, number):
    deaf = f"""
import os, time
from benchmark.console import end
def main():
    try:
        os.kill(os.getpid(), {number:d})
        time.sleep(1)
    except KeyboardInterrupt:
        while True:
            time.sleep(1)
end(main)
"""
    assert_stopped(start(tmp_path, deaf), number)


def test_exception_that_a_library_makes_of_an_interruption_is_not_shown(tmp_path):
    other = """
import os, signal
from benchmark.console import end
def main():
    try:
        os.kill(os.getpid(), signal.SIGINT)
        os.getpid()
    except KeyboardInterrupt as error:
        raise ImportError('initialization failed') from error
end(main)
"""
    assert_stopped(start(tmp_path, other), signal.SIGINT)


def test_command_that_takes_an_interruption_for_an_error_is_stopped_all_the_same(tmp_path):
    other = """
import os, signal, sys
from benchmark.console import end
def main():
    try:
        os.kill(os.getpid(), signal.SIGINT)
        os.getpid()
    except KeyboardInterrupt:
        print('not a valid record', file=sys.stderr)
        return 1
end(main)
"""
    assert_stopped(start(tmp_path, other), signal.SIGINT)


def test_other_exceptions_are_shown(tmp_path):
    process = start(tmp_path, 'from benchmark.console import end\nend(lambda: 1 / 0)')
    _, said = process.communicate(timeout=60)
    assert (process.returncode, 'ZeroDivisionError' in said) == (1, True)


def _is_a_group(number: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(number, 0)
        return True
    return False
