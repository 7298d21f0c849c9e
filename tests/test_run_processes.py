"""Several processes that share a training: python -m benchmark.run --processes N."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch.distributed import TCPStore

from benchmark.errors import BenchmarkError
from benchmark.records.predictions import read_predictions
from benchmark.suite.peers import first_decides, timeout_seconds
from benchmark.suite.rendezvous import rendezvous
from benchmark.suite.weights import read_tensors
from tests.commands import wait_for_file

CONFIG = """
_base_ = '{root}/mmpose_configs/_base_/recipes/{recipe}.py'

train_cfg = dict(max_epochs=2, val_interval=1)
train_dataloader = dict(batch_size={batch}, drop_last=False, dataset=dict(benchmark='synthetic-29'))
test_dataloader = dict(dataset=dict(benchmark='synthetic-29'))
test_evaluator = dict(benchmark='synthetic-29')
optim_wrapper = dict(
    _delete_=True,
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr={rate}, weight_decay=0.1),
    accumulative_counts={accumulated},
)
"""
SMALL = "model = dict(head=dict(out_channels=29, loss=dict(_delete_=True, type='STARLoss')))\n"
OFFICIAL = "model = dict(backbone=dict(layout='cofw', channels=8), head=dict(layout='cofw'))\n"


UNUSED = 'neck.fpn_convs.3.conv.weight'  # of a feature map that the head of the small network does not take


def run_with(workshop, folder, processes):
    """Record, predictions and last weights of a training that so many processes share."""
    workshop.folder = folder / str(processes)
    workshop.folder.mkdir()
    (workshop.folder / 'configs').symlink_to(folder / 'configs')
    result = workshop.call('--name', 'shared', '--processes', str(processes))
    assert result.returncode == 0, result.stderr
    (record,) = workshop.records()
    assert record.environment.processes == processes
    (checkpoint,) = (workshop.folder / 'work').glob('shared-*/epoch_2.pth')
    weights = read_tensors(checkpoint)[0]
    return record, read_predictions(workshop.folder / 'results' / 'records' / record.predictions), weights


# The first steps of an untrained network multiply a difference, of rounding too, by ten each at a usual learning rate.
# At these it stays below 1e-6, and a step that is wrong by a factor of two is seen all the same.
@pytest.mark.parametrize(
    ('recipe', 'model', 'rate', 'batch', 'accumulated', 'processes'),
    [
        ('small_64x64', SMALL, 1e-4, 8, 1, 2),
        ('official_small_128x128', OFFICIAL, 1e-6, 8, 1, 2),
        # Of 40 faces 13, 13, 13 and 1: shares of 5, 4 and 4, and a last face that no two processes can share.
        ('small_64x64', SMALL, 1e-4, 13, 1, 3),
        # Of 40 faces 7 five times and 5: shares of 4 and 3, of 3 and 2, and two batches to a step.
        ('small_64x64', SMALL, 1e-4, 7, 2, 2),
    ],
    ids=['small', 'official', 'a last face for three', 'uneven, accumulated'],
)
def test_processes_give_the_metrics_of_one_with_the_whole_batch(
    workshop, recipe, model, rate, batch, accumulated, processes, tmp_path, root
):
    text = CONFIG.format(root=root, recipe=recipe, rate=rate, batch=batch, accumulated=accumulated)
    workshop.write_config('shared', text + model)
    records, predictions, weights = zip(*(run_with(workshop, tmp_path, count) for count in (1, processes)), strict=True)
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
    if recipe.startswith('small'):  # without a gradient, not with one of 0, it is not decayed either
        assert torch.equal(weights[0][UNUSED], weights[1][UNUSED])
    images = [
        one.cost.train_images_per_second * statistics.median(epoch.seconds for epoch in one.curve) for one in records
    ]
    assert images == pytest.approx([40, 40])
    trained = one.curve[-1].test_nme - one.curve[0].test_nme
    assert abs(trained) > 2e-4, 'the training changed too little to tell a wrong step from a right one'


def start(workshop, *arguments, **options):
    """The command with two processes for each training, beside this test."""
    command = workshop.command(*arguments, '--processes', '2')
    return subprocess.Popen(
        command, cwd=workshop.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **options
    )


def wait_for_checkpoint(workshop, process, name):
    """The two processes, once they have trained an epoch; they lead sessions of their own."""
    wait_for_file(workshop.folder / 'work', f'{name}-*/epoch_1.pth', process)
    family = psutil.Process(process.pid).children(recursive=True)
    ranks = sorted((one for one in family if os.getsid(one.pid) == one.pid), key=lambda one: one.pid)
    assert len(ranks) == 2
    return ranks


def test_process_that_is_killed_ends_the_others_and_is_named(workshop):
    process = start(workshop, '--name', 'tiny-star')
    ranks = wait_for_checkpoint(workshop, process, 'tiny-star')
    ranks[1].kill()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert 'ended by SIGKILL (the same command continues it)' in errors
    assert 'Traceback' not in errors
    assert not any(one.is_running() for one in ranks)


def test_process_that_is_stopped_is_noticed_and_everything_ends(workshop):
    """The other one waits for its part of a gradient, and no longer than it is told to."""
    environment = {**os.environ, 'BENCHMARK_PROCESS_TIMEOUT': '15'}
    workshop.write_config('tiny-long', "_base_ = './tiny-star.py'\ntrain_cfg = dict(max_epochs=40)\n")
    process = start(workshop, '--name', 'tiny-long', env=environment)
    ranks = wait_for_checkpoint(workshop, process, 'tiny-long')
    ranks[1].suspend()
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert 'Traceback' not in errors
    (line,) = [line for line in errors.splitlines() if line.startswith('error: ')]
    assert 'another process of this training has not answered for 15 s (the same command continues it;' in line
    assert not any(one.is_running() for one in ranks)


@pytest.mark.parametrize('text', ['soon', '0', '-3', 'nan', '1e300'])
def test_timeout_that_is_no_time_is_one_line(monkeypatch, text):
    monkeypatch.setenv('BENCHMARK_PROCESS_TIMEOUT', text)
    with pytest.raises(BenchmarkError, match=f'^BENCHMARK_PROCESS_TIMEOUT={text}: not a number of seconds'):
        timeout_seconds()


def test_variables_of_another_launcher_are_not_for_this_training(workshop):
    """As where torchrun starts the command: its store, which nobody answers at, would be waited for."""
    of_torchrun = {
        'TORCHELASTIC_USE_AGENT_STORE': 'True',
        'TORCHELASTIC_RUN_ID': 'none',
        'TORCHELASTIC_RESTART_COUNT': '0',
        'MASTER_ADDR': 'nowhere.invalid',
        'MASTER_PORT': '1',
        'RANK': '3',
        'LOCAL_RANK': '3',
        'GROUP_RANK': '1',
        'ROLE_RANK': '3',
        'ROLE_WORLD_SIZE': '4',
        'WORLD_SIZE': '4',
    }
    workshop.write_config('tiny-short', "_base_ = './tiny-star.py'\ntrain_cfg = dict(max_epochs=1)\n")
    result = workshop.run('--name', 'tiny-short', '--processes', '2', env={**os.environ, **of_torchrun})
    assert result.returncode == 0, result.stderr
    (record,) = workshop.records()
    assert record.environment.processes == 2


def test_processes_meet_at_a_store_that_is_open_before_they_start():
    with rendezvous(2) as environments:
        first, second = environments
        assert {name for name in first if first[name] != second[name]} == {'RANK', 'LOCAL_RANK'}
        assert first['MASTER_ADDR'] == '127.0.0.1'
        assert first['TORCHELASTIC_USE_AGENT_STORE'] == 'True'  # else the first process would open a store itself
        assert first['GLOO_SOCKET_IFNAME'].startswith('lo')  # else the name of this machine would have to resolve
        port = int(first['MASTER_PORT'])
        stores = [TCPStore('127.0.0.1', port, is_master=False) for _ in range(2)]
        stores[0].set('told', 'by one')
        assert stores[1].get('told') == b'by one'
        with pytest.raises(OSError, match='in use'), socket.socket() as other:
            other.bind(('127.0.0.1', port))
    with rendezvous(1) as environments:
        assert environments == [{}]


def test_first_process_alone_looks_for_the_checkpoint(tmp_path):
    """All get what it found, also one that would find something else."""
    mp.spawn(choose, (str(tmp_path),), nprocs=2)
    assert [(tmp_path / f'{rank}.txt').read_text() for rank in range(2)] == ['found by 0', 'found by 0']


def choose(rank, folder):
    """One of two processes."""
    os.environ.update({'RANK': str(rank), 'WORLD_SIZE': '2'})
    dist.init_process_group('gloo', init_method=f'file://{folder}/meet', rank=rank, world_size=2)
    Path(folder, f'{rank}.txt').write_text(first_decides(lambda: f'found by {rank}'))
    dist.destroy_process_group()


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ('batch_size=1', 'has batches of 1 images (choose fewer processes)'),
        (
            "sampler=dict(_delete_=True, type='InfiniteSampler')",
            'train_dataloader: only a DefaultSampler and plain batches cannot be shared by 2 processes',
        ),
    ],
)
def test_batch_that_cannot_be_shared_is_one_line(workshop, changes, message):
    workshop.write_config('tiny-odd', f"_base_ = './tiny-star.py'\ntrain_dataloader = dict({changes})\n")
    result = workshop.call('--name', 'tiny-odd', '--processes', '2')
    assert result.returncode in (1, 2)
    assert 'Traceback' not in result.stderr
    (line,) = [line for line in result.stderr.splitlines() if line.startswith('error: ')]
    assert message in line
