"""Several processes that share a training: python -m benchmark.run --processes N."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from benchmark.records.predictions import read_predictions

CONFIG = """
_base_ = '{root}/mmpose_configs/_base_/recipes/{recipe}.py'

train_cfg = dict(max_epochs=2, val_interval=1)
train_dataloader = dict(batch_size=8, dataset=dict(benchmark='synthetic-29'))
test_dataloader = dict(dataset=dict(benchmark='synthetic-29'))
test_evaluator = dict(benchmark='synthetic-29')
optim_wrapper = dict(_delete_=True, type='OptimWrapper', optimizer=dict(type='SGD', lr={rate}))
"""
SMALL = "model = dict(head=dict(out_channels=29, loss=dict(_delete_=True, type='STARLoss')))\n"
OFFICIAL = "model = dict(backbone=dict(layout='cofw', channels=8), head=dict(layout='cofw'))\n"


# The first steps of an untrained network multiply a difference, of rounding too, by ten each at a usual learning rate.
# At these it stays below 1e-6, and a step that is wrong by a factor of two is seen all the same.
@pytest.mark.parametrize(
    ('recipe', 'model', 'rate'), [('small_64x64', SMALL, 1e-4), ('official_small_128x128', OFFICIAL, 1e-6)]
)
def test_two_processes_give_the_metrics_of_one_with_the_whole_batch(workshop, recipe, model, rate, tmp_path, root):
    workshop.write_config('shared', CONFIG.format(root=root, recipe=recipe, rate=rate) + model)
    records, predictions = [], []
    for processes in (1, 2):
        workshop.folder = tmp_path / str(processes)
        workshop.folder.mkdir()
        (workshop.folder / 'configs').symlink_to(tmp_path / 'configs')
        result = workshop.call('--name', 'shared', '--processes', str(processes))
        assert result.returncode == 0, result.stderr
        (record,) = workshop.records()
        assert record.environment.processes == processes
        records.append(record)
        predictions.append(read_predictions(workshop.folder / 'results' / 'records' / record.predictions))
    one, two = records
    for mine, other in zip(one.metrics, two.metrics, strict=True):
        assert mine.value == pytest.approx(other.value, abs=1e-4), mine
    np.testing.assert_allclose(predictions[0].mean_distance, predictions[1].mean_distance, atol=1e-3)
    # Landmarks are stored in steps of some hundredths of a pixel: next to none may have got to the next step.
    apart = np.abs(predictions[0].keypoints - predictions[1].keypoints)
    assert (apart <= predictions[0].inter_ocular[:, None, None] / 1024).all()
    assert (apart > 0).mean() < 0.01
    for mine, other in zip(one.curve, two.curve, strict=True):
        assert mine.loss == pytest.approx(other.loss, rel=1e-5)
    trained = one.curve[-1].test_nme - one.curve[0].test_nme
    assert abs(trained) > 2e-4, 'the training changed too little to tell a wrong step from a right one'


def test_process_that_is_killed_ends_the_others_and_is_named(workshop):
    command = workshop.command('--name', 'tiny-star', '--processes', '2')
    process = subprocess.Popen(
        command, cwd=workshop.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while not list((workshop.folder / 'work').glob('tiny-star-*/epoch_1.pth')):
        assert process.poll() is None, 'the run ended before it could be interrupted'
        assert time.monotonic() < deadline, 'no checkpoint appeared'
        time.sleep(0.05)
    children = Path(f'/proc/{process.pid}/task/{process.pid}/children').read_text().split()
    assert len(children) == 2
    os.kill(int(children[1]), signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert 'ended by SIGKILL (the same command continues it)' in errors
    assert 'Traceback' not in errors
    assert not any(Path(f'/proc/{pid}').exists() for pid in children)


def test_batch_that_cannot_be_shared_is_one_line(workshop):
    workshop.write_config('tiny-odd', "_base_ = './tiny-star.py'\ntrain_dataloader = dict(batch_size=7)\n")
    result = workshop.call('--name', 'tiny-odd', '--processes', '2')
    assert result.returncode == 1
    assert 'Traceback' not in result.stderr
    (line,) = [line for line in result.stderr.splitlines() if line.startswith('error: ')]
    assert 'train_dataloader.batch_size 7 cannot be shared by 2 processes' in line
