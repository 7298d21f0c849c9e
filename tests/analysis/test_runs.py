from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmark.analysis import runs
from benchmark.analysis.runs import read_runs
from benchmark.analysis.store import Store
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.records.predictions import save_predictions, summarize
from tests.results import edit_record

FIRST = 'ibug/face_of_562_001.jpg'


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


def _subsets(counts: dict[int, int]) -> np.ndarray:
    """(562, 3) with all images in the first subset, or as many as said of each column."""
    return np.stack([np.arange(562) < counts.get(column, 562 * (column == 0)) for column in range(3)], axis=1)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'distances': np.ones((562, 29), np.float32)}, r'distances has shape \(562, 29\), expected \(562, 68\)'),
        ({'inter_ocular': np.zeros(562, np.float32)}, 'normalizing distance is not positive'),
        ({'inter_pupil': np.full(562, np.nan, np.float32)}, 'inter_pupil holds NaN'),
        (
            {'subset_names': np.array(['all', 'common', 'challenge'])},
            'subset_names: all, common, challenge; those of 300W are full, common, challenge',
        ),
        ({'subset_names': np.array(['full', 'common', 'common'])}, 'subset_names: full, common, common; those of 300W'),
        (
            {'subset_names': np.array(['full', 'common']), 'subsets': np.ones((562, 2), dtype=bool)},
            'subset_names: full, common; those of 300W',
        ),
        ({'subsets': _subsets({})}, f'subsets: {FIRST} is in none of common, challenge'),
        (
            {'subsets': _subsets({1: 562, 2: 8})},
            f'subsets: {FIRST} is in more than one of common, challenge',
        ),
        ({'subsets': ~_subsets({0: 1})}, f"subsets: {FIRST} is not in the subset 'full'"),
        (
            {'image_ids': np.full(562, FIRST)},
            f'image_ids: {FIRST} is there 562 times',
        ),
        ({'image_ids': np.array(['', *map(str, range(561))])}, "image_ids: '' is no name of an image"),
        ({'image_ids': np.array(['a\nb', *map(str, range(561))])}, r"image_ids: 'a\\nb' is no name of an image"),
        ({'ambiguity': np.ones((562, 68, 3))}, 'ambiguity: the true covariances of 300W are not known'),
        ({'keypoints': np.full((562, 68, 2), 1e30, np.float32)}, r'keypoints holds 1e\+30 pixels'),
        ({'inter_ocular': np.full(562, 1e-30, np.float32)}, 'a normalizing distance is not positive'),
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
    edit_record(path.with_name(record.file_name))
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


@pytest.mark.parametrize('kind', [np.uint8, np.float64])
def test_subsets_that_are_not_bool_are_refused_by_name(factory, kind):
    record = factory.add('synthetic-68', sizes={'full': 40})
    path = factory.reports / 'records' / record.predictions
    good = factory.predictions('synthetic-68', 'STAR', 0, {'full': 40}, 0.04)
    arrays = {name: array for name, array in vars(good).items() if array is not None}
    np.savez_compressed(path, **{**arrays, 'subsets': good.subsets.astype(kind)})
    with pytest.raises(BenchmarkError, match=r'subsets is of type .*, expected bool') as caught:
        read_runs([factory.reports], Store())
    assert str(path) in str(caught.value)


def test_faces_of_one_image_are_told_apart_by_their_normalizing_distances(factory):
    good = factory.predictions('wflw', 'STAR', 0, {'full': 40}, 0.04)
    names = np.array([*good.image_ids[:-1], good.image_ids[0]])
    shared = dataclasses.replace(good, image_ids=names)
    record = factory.add('wflw', sizes={'full': 40}, predictions=shared)
    assert len(read_runs([factory.reports], Store())) == 1
    twice = {name: getattr(good, name).copy() for name in ('inter_ocular', 'inter_pupil')}
    for distances in twice.values():
        distances[-1] = distances[0]
    save_predictions(dataclasses.replace(shared, **twice), factory.reports / 'records' / record.predictions)
    with pytest.raises(BenchmarkError, match=f'image_ids: {names[0]} is there twice with the same normalizing dist'):
        read_runs([factory.reports], Store())


def test_directory_in_place_of_the_predictions_is_refused_in_one_line(factory):
    path = factory.reports / 'records' / factory.add('synthetic-29', sizes={'full': 40}).predictions
    path.unlink()
    path.mkdir()
    with pytest.raises(BenchmarkError, match=r'not a readable predictions file: .*directory') as caught:
        read_runs([factory.reports], Store())
    assert str(path) in str(caught.value) and '\n' not in str(caught.value)


def _metric(**changes) -> dict:
    """The headline of the record that the tests below change, as they change it."""
    given = {'subset': 'full', 'normalizer': 'inter-ocular', 'metric': 'nme', 'threshold': None, 'images': 40}
    return given | changes


OCULAR = 'inter-ocular'
_OLD = {'seal': None, 'predictions_sha256': None}


@pytest.fixture
def change_record(factory):
    """Change keys of a record on 40 synthetic faces, and read it; its predictions and the NME of them are given."""
    record = factory.add('synthetic-68', sizes={'full': 40, 'common': 30, 'challenge': 10})
    path = factory.reports / 'records' / record.file_name
    predictions = factory.predictions('synthetic-68', 'STAR', 0, {'full': 40, 'common': 30, 'challenge': 10}, 0.04)
    nme = 100 * predictions.nme('inter-ocular').mean()

    def change(dataset: dict | None = None, metrics: list | None = None, version: int = 2):
        found = {**record.dataset.model_dump(), **(dataset or {})}
        listed = [{'value': nme, **metric} for metric in metrics or []]
        edit_record(path, schema_version=version, dataset=found, metrics=listed, **(_OLD if version < 3 else {}))
        try:
            return read_runs([factory.reports], Store())
        except BenchmarkError as error:
            assert str(error).startswith(f'{path}: ') and '\n' not in str(error)
            raise

    change.nme, change.predictions = nme, predictions
    return change


@pytest.mark.parametrize(
    ('metric', 'message'),
    [
        ({'value': 3.0}, r'metrics: nme\.full\.inter-ocular is 3, its predictions give \d\.\d+ \('),
        ({'value': float('nan')}, r'metrics\.0\.value: Input should be a finite number'),
        ({'metric': 'fr', 'threshold': float('inf')}, r'metrics\.0\.threshold: Input should be a finite number'),
        ({'normalizer': 'inter-pupil'}, r'metrics: nme\.full\.inter-pupil is'),
        ({'subset': 'common', 'images': 30, 'value': 5.0}, r'metrics: nme\.common\.inter-ocular is 5, its'),
        ({'images': 400}, r'metrics: nme\.full\.inter-ocular is of 400 images, its predictions have 40'),
        ({'subset': 'pose'}, r'metrics: nme\.pose\.inter-ocular is of 40 images, its predictions have 0'),
        ({'metric': 'fr', 'threshold': 8.0, 'value': 77.0}, r'metrics: fr8\.full\.inter-ocular is 77, its'),
        ({'metric': 'auc', 'threshold': 7.0, 'value': 77.0}, r'metrics: auc7\.full\.inter-ocular is 77, its'),
        ({'metric': 'fr', 'threshold': None}, 'metrics: fr with the threshold None is no metric'),
        ({'metric': 'auc', 'threshold': 0.0}, r'metrics\.0\.threshold: Input should be greater than'),
        ({'threshold': 8.0}, r'metrics: nme with the threshold 8\.0 is no metric'),
    ],
)
def test_metric_that_its_predictions_do_not_give_is_refused_by_name(change_record, metric, message):
    with pytest.raises(BenchmarkError, match=message):
        change_record(metrics=[_metric(**metric)])


def test_metrics_of_older_records_may_be_rounded_to_two_decimals_and_left_out(change_record):
    everything = summarize(change_record.predictions, get_benchmark('synthetic-68'))
    rounded = [metric.model_dump() | {'value': round(metric.value, 2)} for metric in everything]
    assert len(change_record(metrics=rounded)) == len(change_record()) == 1
    at_five = 100 * np.mean(change_record.predictions.nme('inter-ocular') > 0.05)
    assert len(change_record(metrics=[_metric(metric='fr', threshold=5.0, value=at_five)])) == 1


def test_metrics_of_sealed_records_are_all_there_to_the_last_bits(change_record):
    everything = [m.model_dump() for m in summarize(change_record.predictions, get_benchmark('synthetic-68'))]
    at_five = _metric(metric='fr', threshold=5.0, value=100 * np.mean(change_record.predictions.nme(OCULAR) > 0.05))
    assert len(change_record(metrics=[*everything, at_five], version=3)) == 1
    changed = [{**everything[0], 'value': everything[0]['value'] * (1 + 1e-8)}, *everything[1:]]
    with pytest.raises(BenchmarkError, match=r'metrics: nme\.full\.inter-ocular is \d\.\d+, its predictions give \d'):
        change_record(metrics=changed, version=3)
    with pytest.raises(BenchmarkError, match=r'metrics: 1 of 30 are missing, first auc8\.challenge\.inter-pupil'):
        change_record(metrics=everything[:-1], version=3)


@pytest.mark.parametrize(
    ('dataset', 'message'),
    [
        ({'subset_images': {'full': 400}}, "dataset.subset_images: 400 in 'full', its predictions have 40"),
        ({'subset_images': {'common': 31}}, "dataset.subset_images: 31 in 'common', its predictions have 30"),
        ({'subset_images': {'pose': 4}}, "dataset.subset_images: 4 in 'pose', its predictions have 0"),
        ({'missing': 5}, 'dataset.missing is 5, but'),
    ],
)
def test_data_that_its_predictions_contradict_are_refused_by_name(change_record, dataset, message):
    with pytest.raises(BenchmarkError, match=message):
        change_record(dataset)


@pytest.mark.parametrize('step', ['_check_run', 'map_in_processes'])
def test_record_that_is_removed_while_it_is_read_is_passed_over(factory, monkeypatch, step):
    kept = factory.add(seed=0)
    gone = factory.reports / 'records' / factory.add(seed=1, status='failed', reason='too late').file_name
    original = getattr(runs, step)

    def remove_first(*arguments):
        gone.unlink(missing_ok=True)
        return original(*arguments)

    monkeypatch.setattr(runs, step, remove_first)
    (run,) = read_runs([factory.reports], Store())
    assert run.record.fingerprint == kept.fingerprint
