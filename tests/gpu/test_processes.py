"""Processes that share a training, each on a GPU of its own."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmark.records.predictions import read_predictions

CONFIG = """
_base_ = '{root}/mmpose_configs/_base_/recipes/small_64x64.py'

train_cfg = dict(max_epochs=2, val_interval=1)
train_dataloader = dict(batch_size=8, drop_last=False, dataset=dict(benchmark='synthetic-29'))
test_dataloader = dict(dataset=dict(benchmark='synthetic-29'))
test_evaluator = dict(benchmark='synthetic-29')
optim_wrapper = dict(_delete_=True, type='OptimWrapper', optimizer=dict(type='SGD', lr=1e-4, weight_decay=0.1))
model = dict(head=dict(out_channels=29, loss=dict(_delete_=True, type='STARLoss')))
"""


@pytest.fixture
def run(workshop, tmp_path, monkeypatch):
    """Record and predictions of a training that so many processes share."""
    if torch.cuda.device_count() < 2:
        pytest.skip('needs two CUDA GPUs')
    monkeypatch.setenv('NVIDIA_TF32_OVERRIDE', '0')  # its rounding depends on how the batch is divided

    def run(text, processes):
        workshop.folder = tmp_path / str(processes)
        workshop.write_config('shared', text)
        result = workshop.run('--name', 'shared', '--device', 'cuda', '--processes', str(processes))
        assert result.returncode == 0, result.stderr
        (record,) = workshop.records()
        return record, read_predictions(workshop.folder / 'results' / 'records' / record.predictions)

    return run


def test_two_gpus_give_the_metrics_of_one_with_the_whole_batch(run, root):
    (one, alone), (two, shared) = (run(CONFIG.format(root=root), processes) for processes in (1, 2))
    assert (one.environment.processes, two.environment.processes) == (1, 2)
    assert one.environment.device == two.environment.device == 'cuda'
    for mine, other in zip(one.metrics, two.metrics, strict=True):
        assert mine.value == pytest.approx(other.value, abs=1e-3), mine
    np.testing.assert_allclose(alone.mean_distance, shared.mean_distance, atol=1e-2)
    for mine, other in zip(one.curve, two.curve, strict=True):
        assert mine.loss == pytest.approx(other.loss, rel=1e-4)
    assert abs(one.curve[-1].test_nme - one.curve[0].test_nme) > 2e-4, 'the training changed too little'
