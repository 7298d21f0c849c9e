"""A training that is stopped, fails to be stored and is continued: nothing that was trained is lost or forgotten."""

from __future__ import annotations

import pytest
from mmengine.registry import DefaultScope

from benchmark.datasets.prepared import open_prepared
from benchmark.errors import BenchmarkError, Paused
from benchmark.records.record import read_record, read_records
from benchmark.suite import complexity, execution, parts_hook
from benchmark.suite.conditions import Places
from benchmark.suite.execution import run_experiment
from benchmark.suite.experiments import load_experiment
from benchmark.suite.training import never
from benchmark.verification.records import verify_records


class Job:
    """One experiment that is run in this process."""

    def __init__(self, workshop) -> None:
        self.experiment = load_experiment(workshop.folder / 'configs' / 'tiny-short.py')
        self.places = Places(workshop.data, workshop.folder / 'work', workshop.folder / 'results' / 'records')
        data = open_prepared(workshop.data, 'synthetic-29').manifest.fingerprint
        self.fingerprint = self.experiment.identify(data, 'cpu', None).fingerprint(0)

    def run(self, stop=never) -> list[dict]:
        """Run it; returns what was reported."""
        said = []
        with DefaultScope.overwrite_default_scope('mmpose'):
            run_experiment(self.experiment, 0, self.fingerprint, None, 'cpu', self.places, said.append, stop=stop)
        return said

    def checkpoints(self) -> list[str]:
        folder = self.places.checkpoints('tiny-short', 0, self.fingerprint)
        return sorted(path.name for path in folder.glob('*epoch*'))

    def files(self) -> list[str]:
        return sorted(path.suffix for path in self.places.records.iterdir())


@pytest.fixture
def job(workshop) -> Job:
    text = "_base_ = './tiny-smoothl1.py'\ntrain_cfg = dict(max_epochs=2, val_interval=1)\n"
    workshop.write_config('tiny-short', text)
    return Job(workshop)


def fail(*arguments):
    raise BenchmarkError('no space is left (free some)')


def test_parts_of_a_training_are_remembered_and_no_result_is_lost(job, monkeypatch):
    with monkeypatch.context() as elsewhere:
        described = execution.describe_environment
        elsewhere.setattr(
            execution,
            'describe_environment',
            lambda *arguments: described(*arguments).model_copy(update={'device_name': 'another processor'}),
        )
        elsewhere.setattr(parts_hook, 'peak_memory_mib', lambda device: 1e6)
        with pytest.raises(Paused, match=r'^asked to$'):
            job.run(stop=lambda seconds: 'asked to')
    assert job.checkpoints() == ['epoch_1.pth']

    monkeypatch.setattr(complexity, 'count_gflops', lambda experiment: 1 / 0)
    with monkeypatch.context() as full:
        full.setattr(execution, 'write_record', fail)
        with pytest.raises(BenchmarkError, match='no space'):
            job.run()
    assert job.checkpoints() == ['epoch_1.pth', 'epoch_2.pth']
    assert job.files() == ['.npz'], 'predictions come first: no record is ever without them'

    (said,) = [message for message in job.run() if 'finished' in message]
    assert said['finished'] == 2, 'nothing is trained again'
    assert job.checkpoints() == ['epoch_2.pth']
    (record,) = read_records(job.places.records)
    assert record.gflops is None
    assert len(record.curve) == record.cost.epochs == 2
    assert all(epoch.test_nme for epoch in record.curve)
    assert record.cost.train_seconds == pytest.approx(sum(epoch.seconds for epoch in record.curve))
    here = record.environment.device_name
    assert [(one.first_epoch, one.last_epoch, one.environment.device_name) for one in record.parts] == [
        (1, 1, 'another processor'),
        (2, 2, here),
    ]
    assert record.cost.peak_memory_mib == record.parts[0].peak_memory_mib == 1e6
    assert record.parts[1].environment == record.environment

    path = job.places.records / record.file_name
    (verified,) = verify_records([path], [])
    notes = [one.text for one in verified.findings if one.code == 'mixed']
    assert not verified.refused
    assert len(notes) == 1 and f'different devices ({here}, another processor)' in notes[0]


def test_predictions_that_cannot_be_written_leave_the_checkpoint_and_no_record(job, monkeypatch):
    with monkeypatch.context() as full:
        full.setattr(execution, 'save_predictions', fail)
        with pytest.raises(BenchmarkError, match='no space'):
            job.run()
    assert job.checkpoints() == ['epoch_1.pth', 'epoch_2.pth']
    assert not job.places.records.exists()
    job.run()
    record = read_record(next(job.places.records.glob('*.json')))
    assert record.status == 'done'
    assert record.gflops > 0
    (part,) = record.parts  # of the process that trained; another one has tested
    assert (part.first_epoch, part.last_epoch) == (1, 2)
    assert part.environment == record.environment
