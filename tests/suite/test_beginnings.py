from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from benchmark.errors import BenchmarkError
from benchmark.suite.beginnings import FILE_NAME, abandoned, begin, finish
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


def test_finished_training_is_not_told_wherever_its_result_lies(identity, places):
    work = _begun(identity, places)
    started = begin(work, identity)
    finish(work)
    assert list(abandoned('mine', 0, replace(identity, device='cuda'), places, ())) == []
    assert begin(work, identity) == started


def test_nothing_is_told_where_the_own_training_goes_on(identity, places):
    other = replace(identity, device='cuda')
    work = _begun(identity, places)
    assert [folder for folder, _ in abandoned('mine', 0, other, places, ())] == [work]
    _begun(other, places)
    assert list(abandoned('mine', 0, other, places, ())) == []


def test_latest_of_several_trainings_is_told_first(identity, places):
    folders = [_begun(replace(identity, dataset=name), places) for name in 'abc']
    for folder, time in zip(folders, (2, 3, 1), strict=True):
        os.utime(folder, (time, time))
    found = [folder for folder, _ in abandoned('mine', 0, identity, places, ())]
    assert found == [folders[1], folders[0], folders[2]]


def test_checkpoints_that_nobody_knows_anything_of_are_not_continued(identity, places):
    work = _begun(identity, places)
    (work / FILE_NAME).unlink()
    with pytest.raises(BenchmarkError, match=r'identity\.json: absent, so that nobody knows'):
        begin(work, identity)
