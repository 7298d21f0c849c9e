from __future__ import annotations

import json
from dataclasses import replace

import pytest

from benchmark.errors import BenchmarkError
from benchmark.suite.beginnings import FILE_NAME, abandoned, begin
from benchmark.suite.components import Components
from benchmark.suite.conditions import Places
from benchmark.suite.identity import Identity


@pytest.fixture
def identity():
    config = {'model': {'head': {'loss': {'type': 'MyLoss'}}}}
    return Identity(config, Components({'my_loss': '0'}, {}), 'data', 'cpu')


@pytest.fixture
def places(tmp_path):
    return Places(tmp_path / 'data', tmp_path / 'work', tmp_path / 'records')


def _begun(identity, places, epochs=1):
    work = places.checkpoints('mine', 0, identity.fingerprint(0))
    begin(work, identity)
    for epoch in range(epochs):
        (work / f'epoch_{epoch + 1}.pth').write_bytes(b'')
    return work


def test_time_of_the_first_beginning_stays(identity, places):
    work = _begun(identity, places)
    noted = json.loads((work / FILE_NAME).read_text())
    (work / FILE_NAME).write_text(json.dumps(noted | {'started': '2026-01-01T00:00:00+00:00'}))
    assert begin(work, identity) == '2026-01-01T00:00:00+00:00'


def test_folder_of_something_else_is_not_continued(identity, places):
    work = _begun(identity, places)
    with pytest.raises(BenchmarkError, match='was begun with another device'):
        begin(work, replace(identity, device='cuda'))


def test_damaged_note_is_one_line(identity, places):
    work = _begun(identity, places)
    (work / FILE_NAME).write_text('{')
    with pytest.raises(BenchmarkError, match=r'identity\.json: damaged'):
        begin(work, identity)


@pytest.mark.parametrize(
    ('change', 'what'),
    [
        ({'device': 'cuda'}, 'device'),
        ({'dataset': 'other'}, 'data'),
        ({'components': Components({'my_loss': '1'}, {})}, 'component my_loss'),
        ({'config': {'model': {'head': {}}, 'x': 1}, 'device': 'cuda'}, 'configuration, device'),
    ],
)
def test_unfinished_training_that_does_not_go_on_is_told(identity, places, change, what):
    work = _begun(identity, places)
    assert list(abandoned('mine', 0, replace(identity, **change), places, ())) == [(work, what)]


def test_training_of_an_older_version_is_told(identity, places):
    work = places.checkpoints('mine', 0, 'ab' * 32)
    work.mkdir(parents=True)
    (work / 'epoch_3.pth').write_bytes(b'')
    assert list(abandoned('mine', 0, identity, places, ())) == [(work, 'version of the benchmark')]


def test_own_finished_and_unbegun_trainings_are_not_told(identity, places):
    other = replace(identity, device='cuda')
    _begun(identity, places)
    assert list(abandoned('mine', 0, identity, places, ())) == []
    assert list(abandoned('mine', 1, other, places, ())) == []
    assert list(abandoned('mine', 0, other, places, {identity.fingerprint(0)})) == []
    _begun(replace(identity, dataset='third'), places, epochs=0)
    assert list(abandoned('mine', 0, other, places, {identity.fingerprint(0)})) == []
