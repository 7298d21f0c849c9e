"""Kill real runs at random moments and hold what they come to against an undisturbed one.

    python -m tests.kills --times 500

Each run has loading processes and makes its store of crops anew; it is killed while it starts, cuts crops, trains,
tests and stores, the command alone or everything, and started again until it comes through. The folders must be
readable at any time, and the arrays of the predictions the same to the bit.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

from benchmark.datasets.synthetic import prepare_synthetic
from benchmark.records.record import read_records
from benchmark.suite.conditions import Places
from benchmark.suite.status import read_standings
from tests.commands import kill_all
from tests.conftest import BASELINE, ROOT, VARIANT, Workshop

LONGER = BASELINE.replace('max_epochs=6', 'max_epochs=24').replace(
    'dict(batch_size=8', 'dict(num_workers=2, persistent_workers=True, batch_size=8'
)


def main() -> int:
    """Kill so often; returns 1 where something did not come through as it should."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--times', type=int, default=500, help='kills (default: 500)')
    parser.add_argument('--seed', type=int, default=0, help='of the moments')
    options = parser.parse_args()
    draw, kills, rounds, where = random.Random(options.seed), 0, 0, Counter()
    with tempfile.TemporaryDirectory() as folder:
        whole = _workshop(Path(folder) / 'whole')
        began = time.monotonic()
        undisturbed = whole.run('--all')
        seconds = time.monotonic() - began
        if undisturbed.returncode:
            raise SystemExit(f'the undisturbed command failed:\n{undisturbed.stderr}')
        while kills < options.times:
            one = _workshop(Path(folder) / f'round{rounds}')
            while not _killed_or_through(one, draw, seconds, where):
                kills += 1
                _check_folders(one)
                if kills % 20 == 0:
                    print(f'{kills} kills, {rounds} runs came through: {dict(where)}', flush=True)
            one.check_same_bits(whole)
            shutil.rmtree(one.folder)
            rounds += 1
    print(f'{kills} kills, {rounds} runs came through, all with the same bits: {dict(where)}')
    return 0


def _workshop(folder: Path) -> Workshop:
    data = folder / 'data'
    prepare_synthetic(data, 'synthetic-29', train_images=40, test_images=8)
    one = Workshop(folder, data)
    one.write_config('tiny-smoothl1', LONGER)
    one.write_config('tiny-star', VARIANT.format("dict(_delete_=True, type='STARLoss')"))
    return one


def _killed_or_through(one: Workshop, draw: random.Random, seconds: float, where: Counter) -> bool:
    """Start the command and kill it at a random moment, if it has not come through by then."""
    process = subprocess.Popen(
        one.command('--all'), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        _, errors = process.communicate(timeout=draw.uniform(0.2, 1.2 * seconds))
    except subprocess.TimeoutExpired:
        where[_stage(one)] += 1
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        if draw.random() < 0.5:
            kill_all(draw.sample(family, len(family)))
        process.communicate()
        return False
    if process.returncode != 0:
        raise SystemExit(f'{one.folder}: the command failed:\n{errors}')
    return True


def _stage(one: Workshop) -> str:
    """How far the run is, roughly."""
    done = len(list((one.folder / 'results' / 'records').glob('*0-????????.json')))
    if done == 2:
        return 'building pages'
    if list((one.folder / 'work').glob('*/epoch_24.pth'))[done:]:
        return 'testing and storing'
    if list((one.folder / 'work').glob('*/epoch_*.pth')):
        return 'training'
    return 'making crops' if list(one.data.rglob('crops/*')) else 'starting'


def _check_folders(one: Workshop) -> None:
    """Whatever can be read must be whole."""
    records = one.folder / 'results' / 'records'
    read_records(records)
    read_standings(Places(one.data, one.folder / 'work', records))


if __name__ == '__main__':
    sys.exit(main())
