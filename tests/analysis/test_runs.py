from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmark.analysis.runs import read_runs
from benchmark.analysis.store import Store
from benchmark.errors import BenchmarkError
from benchmark.records.predictions import save_predictions


def test_absent_folder_holds_no_runs(tmp_path):
    assert read_runs([tmp_path / 'nowhere'], Store()) == []


def test_newest_done_record_supersedes_older_ones(factory):
    factory.add(version='1', created='2026-11-24T10:00:00Z')
    newest = factory.add(version='2', created='2026-11-24T12:00:00+00:00')
    factory.add(version='3', created='2026-11-24T13:00:00+02:00')
    (run,) = read_runs([factory.reports], Store())
    assert run.record.fingerprint == newest.fingerprint
    assert run.later is None


def test_done_record_stays_when_a_later_attempt_fails(factory):
    done = factory.add(version='1', created='2026-11-24T10:00:00Z')
    factory.add(version='2', created='2026-11-24T12:00:00Z', status='failed', reason='out of memory')
    (run,) = read_runs([factory.reports], Store())
    assert run.record.fingerprint == done.fingerprint
    assert run.later.reason == 'out of memory'


def test_newest_attempt_counts_where_none_is_done(factory):
    factory.add(version='1', created='2026-11-24T10:00:00Z', status='no-data', reason='no data')
    factory.add(version='2', created='2026-11-24T12:00:00Z', status='failed', reason='out of memory')
    (run,) = read_runs([factory.reports], Store())
    assert run.record.status == 'failed'


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'distances': np.ones((562, 29), np.float32)}, r'distances has shape \(562, 29\), expected \(562, 68\)'),
        ({'inter_ocular': np.zeros(562, np.float32)}, 'normalizing distance is not positive'),
        ({'inter_pupil': np.full(562, np.nan, np.float32)}, 'inter_pupil holds NaN'),
        ({'subset_names': np.array(['all', 'common', 'challenge'])}, "no image belongs to the subset 'full'"),
    ],
)
def test_predictions_that_contradict_themselves_are_refused_by_name(factory, change, message):
    sizes = {'full': 562, 'common': 554, 'challenge': 8}
    good = factory.predictions('300w', 'STAR', 0, sizes, 0.04)
    record = factory.add(sizes=sizes, predictions=good)
    path = factory.reports / 'records' / record.predictions
    save_predictions(dataclasses.replace(good, **change), path)
    with pytest.raises(BenchmarkError, match=message) as caught:
        read_runs([factory.reports], Store())
    assert str(path) in str(caught.value)
    assert '\n' not in str(caught.value)


def test_other_number_of_images_than_recorded_is_refused(factory):
    record = factory.add('synthetic-29', sizes={'full': 40})
    path = factory.reports / 'records' / record.predictions
    save_predictions(factory.predictions('synthetic-29', 'STAR', 0, {'full': 39}, 0.04), path)
    with pytest.raises(BenchmarkError, match='39 images, the record has 40'):
        read_runs([factory.reports], Store())


@pytest.mark.parametrize(
    ('key', 'value', 'message'),
    [
        ('"benchmark": "300w"', '"benchmark": "aflw"', "unknown benchmark 'aflw'"),
        ('"created": "2026-11-24T10:00:00Z"', '"created": "yesterday"', 'no ISO 8601 time'),
        ('"predictions": "', '"predictions": "../', 'no plain file name'),
    ],
)
def test_record_that_cannot_be_placed_is_refused_by_name(factory, key, value, message):
    path = factory.reports / 'records' / factory.add().file_name
    text = path.read_text()
    assert key in text
    path.write_text(text.replace(key, value))
    with pytest.raises(BenchmarkError, match=message) as caught:
        read_runs([factory.reports], Store())
    assert str(path) in str(caught.value)


def test_done_record_without_its_predictions_file_is_refused(factory):
    record = factory.add()
    path = factory.reports / 'records' / record.predictions
    path.unlink()
    with pytest.raises(BenchmarkError, match='not a readable predictions file') as caught:
        read_runs([factory.reports], Store())
    assert str(path) in str(caught.value)
