from __future__ import annotations

import pytest

from benchmark.analysis.audit.curve import curve_findings
from benchmark.analysis.audit.reading import read_digest
from benchmark.protocol.benchmarks import BENCHMARKS
from benchmark.records.parts import Epoch
from benchmark.records.record import Record, read_records

CONFIG = """\
optim_wrapper = dict(optimizer=dict(lr=0.01, type='Adam'))
param_scheduler = [dict(by_epoch=True, milestones=[3], type='MultiStepLR')]
train_cfg = dict(max_epochs=5)
train_dataloader = dict(batch_size=16, drop_last=True)
"""
RATES = (0.01, 0.01, 0.001, 0.001, 0.001)


@pytest.fixture
def made(factory):
    """A record with an honest curve, and its digest."""
    curve = tuple(Epoch(epoch=i, loss=1 / i, learning_rate=rate, seconds=10.0) for i, rate in enumerate(RATES, 1))
    record = factory.add('synthetic-29', sizes={'full': 60}, curve=curve)
    digest = read_digest(factory.reports / 'records' / record.predictions, BENCHMARKS['synthetic-29'])
    last = curve[-1].model_copy(update={'test_nme': digest.values['nme.full.inter-pupil'] * (1 + 1e-6)})
    changes = {'config': CONFIG, 'curve': (*curve[:-1], last), 'checkpoint_rule': 'last epoch'}
    times = {'started': '2026-11-24T09:00:00Z', 'created': '2026-11-24T10:00:00Z'}
    return record.model_copy(update=changes | times), digest


def found(record: Record, digest, tmp_path) -> list[tuple[str, str]]:
    path = tmp_path / 'x.json'
    return [(one.code, one.text.removeprefix(f'{path}: ')) for one in curve_findings(path, record, digest)]


def test_honest_curve_has_no_finding(made, tmp_path):
    assert found(*made, tmp_path) == []


@pytest.mark.parametrize('processes', [1, 2, 3])
def test_schedule_is_that_of_the_batches_that_processes_share(made, tmp_path, processes):
    """A warm-up over 150 iterations; each process has its part of every batch, and there are as many as for one."""
    record, digest = made
    warm_up = CONFIG.replace('milestones=[3], type=', "end=150, type='LinearLR', start_factor=0.1)]\nx = [dict(type=")
    warm_up = warm_up.replace('by_epoch=True', 'by_epoch=False')
    batches = record.dataset.train_images // 16
    steps = [min(epoch * batches, 149) for epoch in range(1, 6)]
    curve = [
        one.model_copy(update={'learning_rate': 0.01 * (0.1 + 0.9 * step / 149)})
        for one, step in zip(record.curve, steps, strict=True)
    ]
    shared = {'environment': record.environment.model_copy(update={'processes': processes})}
    record = record.model_copy(update={'config': warm_up, 'curve': tuple(curve), **shared})
    assert found(record, digest, tmp_path) == []
    other = warm_up.replace('batch_size=16', 'batch_size=15')
    assert other != warm_up
    assert [code for code, _ in found(record.model_copy(update={'config': other}), digest, tmp_path)] == ['curve']


def test_published_curves_have_no_finding(root):
    for record in read_records(root / 'reports' / 'records'):
        if record.status == 'done':
            path = root / 'reports' / 'records' / record.predictions
            assert curve_findings(path, record, read_digest(path, BENCHMARKS[record.benchmark])) == []


def _epoch(number: int, **changes: object):
    def change(record: Record) -> dict:
        curve = list(record.curve)
        curve[number] = curve[number].model_copy(update=changes)
        return {'curve': tuple(curve)}

    return change


def _cost(**changes: object):
    return lambda record: {'cost': record.cost.model_copy(update=changes)}


@pytest.mark.parametrize(
    ('change', 'code', 'words'),
    [
        (_epoch(2, epoch=4), 'curve', 'curve: epoch 4 stands in place of epoch 3 ('),
        (lambda r: {'curve': r.curve[1:]}, 'curve', 'curve: epoch 2 stands in place of epoch 1 ('),
        (_cost(epochs=6), 'curve', 'curve: 5 epochs, cost.epochs is 6 ('),
        (_cost(epochs=6), 'curve', 'cost.epochs is 6, the configuration asks for 5 ('),
        (_epoch(1, seconds=11.0), 'curve', 'cost.train_seconds is 50, the epochs of the curve took 51 ('),
        (_epoch(1, seconds=-1.0), 'curve', 'curve: -1 seconds for an epoch ('),
        (_cost(train_images_per_second=300.0), 'curve', 'cost.train_images_per_second is 300, which makes 3000 images'),
        (_epoch(2, learning_rate=0.01), 'curve', 'curve: the learning rate after epoch 3 is 0.01, the configuration'),
        (_epoch(4, test_nme=3.0), 'curve', 'curve: test_nme of the last epoch is 3, the predictions of the same'),
        (lambda r: {'started': '2026-11-24T11:00:00Z'}, 'curve', 'created is 2026-11-24T10:00:00Z, before the start'),
        (lambda r: {'started': '2026-11-24T09:59:40Z'}, 'unusual-curve', '20 seconds between started and created'),
        (_epoch(3, loss=-1.0), 'unusual-curve', 'curve: a loss of -1 in epoch 4 ('),
        (_epoch(4, loss=9.0), 'unusual-curve', 'curve: the loss does not fall, from 1 to 9 on average'),
    ],
)
def test_curve_that_cannot_be_is_named(made, tmp_path, change, code, words):
    record, digest = made
    findings = found(record.model_copy(update=change(record)), digest, tmp_path)
    assert any(one == code and text.startswith(words) for one, text in findings), findings


def test_results_of_other_code_are_held_to_no_configuration(made, tmp_path):
    record, digest = made
    changed = record.model_copy(
        update={'method': 'Other', 'config': 'anything: at all', **_epoch(4, test_nme=3.0)(record)}
    )
    assert found(changed, digest, tmp_path) == []
    assert found(changed.model_copy(update={'cost': None, 'environment': None, 'curve': ()}), digest, tmp_path) == []
