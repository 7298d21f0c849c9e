from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

# Tests beside other tests, and what they start, compute on one thread; libraries read this when they are loaded.
if 'PYTEST_XDIST_WORKER' in os.environ:
    os.environ.setdefault('OMP_NUM_THREADS', '1')

# Some tests end a training once it has a certain checkpoint: there is one after every epoch.
os.environ.setdefault('BENCHMARK_CHECKPOINT_SPACING', '0')
# A shell lets what it starts in the background ignore Ctrl-C, and nohup the end of a terminal; the commands that tests
# stop would inherit that.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

import numpy as np
import pytest

from benchmark.datasets.synthetic import prepare_synthetic
from benchmark.records.record import read_records
from benchmark.run import main

pytest_plugins = ['tests.results', 'tests.plans', 'tests.preparing', 'tests.slurm', 'tests.prediction']
ROOT = Path(__file__).resolve().parents[1]
BASELINE = f"""
_base_ = '{ROOT}/mmpose_configs/_base_/recipes/small_64x64.py'

train_cfg = dict(max_epochs=6, val_interval=4)
train_dataloader = dict(batch_size=8, dataset=dict(benchmark='synthetic-29'))
test_dataloader = dict(dataset=dict(benchmark='synthetic-29'))
test_evaluator = dict(benchmark='synthetic-29')
model = dict(head=dict(out_channels=29))
"""
VARIANT = "_base_ = './tiny-smoothl1.py'\nmodel = dict(head=dict(loss={}))\n"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that train come first: they take longest, and several processes then end at about the same time.

    Before them come those that share a training, so that one process makes it for all.
    """
    items.sort(
        key=lambda item: -sum(name in getattr(item, 'fixturenames', ()) for name in ('make_workshop', 'finished'))
    )


@pytest.fixture(scope='session')
def shared() -> Path:
    """Folder with golden values and real faces, kept outside the repository because of the faces' license."""
    folder = Path(__file__).resolve().parents[2] / 'shared'
    if not folder.is_dir():
        pytest.skip('golden values and licensed faces are not beside this clone')
    return folder


@pytest.fixture(scope='session')
def root() -> Path:
    """The checkout."""
    return ROOT


@dataclass
class Workshop:
    """A user's folders, with tiny configurations and data in them."""

    folder: Path
    data: Path
    baseline: str = BASELINE

    @staticmethod
    def variant(loss: str) -> str:
        """Text of a configuration that differs from the baseline in its loss."""
        return VARIANT.format(loss)

    def write_config(self, name: str, text: str) -> None:
        (self.folder / 'configs').mkdir(parents=True, exist_ok=True)
        (self.folder / 'configs' / f'{name}.py').write_text(text)

    def arguments(self, *arguments: str) -> list[str]:
        """The command's arguments, with this workshop's folders before them."""
        folders = {'--configs': 'configs', '--results': 'results', '--reports': 'published', '--work-dir': 'work'}
        folders['--data-root'] = self.data
        flags = [text for flag, path in folders.items() for text in (flag, str(self.folder / path))]
        return ['--device', 'cpu', *flags, *arguments]

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, '-m', 'benchmark.run', *self.arguments(*arguments)]

    def run(self, *arguments: str, **options) -> subprocess.CompletedProcess:
        """The command as a user starts it."""
        return subprocess.run(
            self.command(*arguments), cwd=ROOT, capture_output=True, text=True, timeout=300, check=False, **options
        )

    def call(self, *arguments: str) -> subprocess.CompletedProcess:
        """The same in this process, which has loaded PyTorch already; each training has its own all the same."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), chdir(ROOT):
            try:
                status = main(self.arguments(*arguments))
            except SystemExit as stop:
                status = stop.code
        return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())

    def records(self):
        return read_records(self.folder / 'results' / 'records')

    def check_same_bits(self, whole: Workshop) -> None:
        """Everything is done, with the predictions of a workshop where the same was trained without interruption."""
        records = self.records()
        found = [(one.name, one.seed, one.status, one.reason) for one in records]
        assert found == [(one.name, one.seed, 'done', None) for one in whole.records()], found
        for record in records:
            mine, other = (np.load(one.folder / 'results' / 'records' / record.predictions) for one in (self, whole))
            assert mine.files == other.files
            for name in other.files:
                np.testing.assert_array_equal(mine[name], other[name], f'{self.folder} {record.name} {name}')


@pytest.fixture(scope='session')
def tiny_data(tmp_path_factory) -> Path:
    data = tmp_path_factory.mktemp('data')
    prepare_synthetic(data, 'synthetic-29', train_images=40, test_images=8)
    return data


@pytest.fixture(scope='session')
def make_workshop(tiny_data):
    def make(folder: Path) -> Workshop:
        one = Workshop(folder, tiny_data)
        one.write_config('tiny-smoothl1', BASELINE)
        one.write_config('tiny-star', one.variant("dict(_delete_=True, type='STARLoss')"))
        return one

    return make


@pytest.fixture
def workshop(tmp_path, make_workshop) -> Workshop:
    return make_workshop(tmp_path)


@pytest.fixture(scope='session')
def finished(tmp_path_factory, make_workshop) -> tuple[Workshop, subprocess.CompletedProcess]:
    """Baseline and STAR, run to the end without interruption; tests leave its folders as they are."""
    one = make_workshop(tmp_path_factory.mktemp('finished'))
    return one, one.run('--all')
