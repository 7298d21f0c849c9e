"""Kill real runs at random moments and hold what they come to against an undisturbed one.

    python -m tests.kills --times 500

Each run has loading processes and makes its store of crops anew. While it starts, cuts crops, trains, tests and stores,
some of its processes are killed, whichever they are, then the command alone or everything; and it is started
again until it comes through. The folders must be readable at any time, and the arrays of the predictions the same to
the bit.
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
        whole = Path(folder) / 'whole'
        prepare_synthetic(whole / 'data', 'synthetic-29', train_images=40, test_images=8)
        undisturbed, seconds = _workshop(whole), 0.0
        for _ in range(2):  # what is imported for the first time has to be compiled
            shutil.rmtree(whole / 'work', ignore_errors=True)
            shutil.rmtree(whole / 'results', ignore_errors=True)
            began = time.monotonic()
            result = undisturbed.run('--all')
            seconds = time.monotonic() - began
            if result.returncode:
                raise SystemExit(f'the undisturbed command failed:\n{result.stderr}')
        print(f'undisturbed, the command takes {seconds:.1f} s', flush=True)
        while kills < options.times:
            here = Path(folder) / f'round{rounds}'
            shutil.copytree(whole / 'data', here / 'data', ignore=shutil.ignore_patterns('crops'))
            one, through = _workshop(here), False
            while not through:
                killed, through = _disturb(one, draw, seconds, where)
                if (kills + killed) // 20 > kills // 20:
                    print(f'{kills + killed} kills, {rounds} runs came through: {dict(where)}', flush=True)
                kills += killed
                _check_folders(one)
            one.check_same_bits(undisturbed)
            shutil.rmtree(here)
            rounds += 1
    print(f'{kills} kills, {rounds} runs came through, all with the same bits: {dict(where)}')
    return 0


def _workshop(folder: Path) -> Workshop:
    one = Workshop(folder, folder / 'data')
    one.write_config('tiny-smoothl1', LONGER)
    one.write_config('tiny-star', VARIANT.format("dict(_delete_=True, type='STARLoss')"))
    return one


def _disturb(one: Workshop, draw: random.Random, seconds: float, where: Counter) -> tuple[int, bool]:
    """Start the command and kill at random moments; returns how often, and whether it came through before the last."""
    process = subprocess.Popen(
        one.command('--all'), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    began, kills = time.monotonic(), 0
    # What goes on has less to do than the undisturbed one, and so comes to its end all the same.
    moments = sorted(draw.uniform(0.2, 0.6 * seconds) for _ in range(draw.randint(3, 5)))
    for moment in moments:
        try:
            _, errors = process.communicate(timeout=max(0.0, began + moment - time.monotonic()))
        except subprocess.TimeoutExpired:
            family = psutil.Process(process.pid).children(recursive=True)
            victims = [draw.choice(family)] if family else []
            if moment == moments[-1]:
                victims = [psutil.Process(process.pid), *draw.sample(family, len(family) * draw.randint(0, 1))]
            where[_stage(one)] += bool(victims)
            kills += bool(victims)
            kill_all(victims)
            continue
        # One whose process was killed says so, and that the same command continues it.
        if process.returncode != 0 and not (process.returncode == 1 and kills):
            raise SystemExit(f'{one.folder}: the command failed:\n{errors}')
        return kills, process.returncode == 0
    process.communicate()
    return kills, False


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
