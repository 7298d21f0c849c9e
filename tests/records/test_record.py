from __future__ import annotations

import json
import os

import pytest

from benchmark.errors import BenchmarkError
from benchmark.records.record import Record, read_record, read_records, records_in, write_record


def test_record_survives_writing_and_reading(record, tmp_path):
    path = write_record(record, tmp_path / 'records')
    assert path.name == 'tiny-star-seed0-abababab-not-run.json'
    assert record.model_copy(update={'status': 'done'}).file_name == 'tiny-star-seed0-abababab.json'
    assert [one.model_copy(update={'seal': None}) for one in read_records(tmp_path / 'records')] == [record]


def test_record_of_the_first_version_is_read(record, tmp_path):
    path = write_record(record.model_copy(update={'schema_version': 1}), tmp_path)
    found = read_record(path)
    assert (found.schema_version, found.seal) == (1, None)


def test_absent_folder_holds_no_records(tmp_path):
    assert read_records(tmp_path / 'nothing') == []


@pytest.mark.parametrize(
    ('change', 'named'),
    [
        ({'status': 'finished'}, 'status'),
        ({'seed': 'zero'}, 'seed'),
        ({'schema_version': 4}, 'schema_version'),
        ({'surprise': 1}, 'surprise'),
        ({'input_size': [64]}, 'input_size'),
    ],
)
def test_wrong_key_is_named_with_its_file(record, tmp_path, change, named):
    content = json.loads(record.model_dump_json()) | change
    path = tmp_path / 'broken.json'
    path.write_text(json.dumps(content))
    with pytest.raises(BenchmarkError, match=rf'broken\.json: not a valid record: {named}') as error:
        read_records(tmp_path)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize('content', [b'', b'{', b'\x00\xff\x00', b'[]', b'null'])
def test_file_that_is_no_record_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / 'broken.json'
    path.write_bytes(content)
    with pytest.raises(BenchmarkError, match=r'broken\.json') as error:
        read_record(path)
    assert '\n' not in str(error.value)


def test_every_key_is_documented():
    def undocumented(model):
        return [f'{model.__name__}.{name}' for name, field in model.model_fields.items() if not field.description]

    from benchmark.records import record as records

    models = [records.Record, records.Metric, records.Dataset, records.Cost, records.Environment, records.Epoch]
    assert [name for model in models for name in undocumented(model)] == []


def test_unwritable_folder_is_one_line_and_leaves_the_old_record(record, tmp_path, monkeypatch):
    path = write_record(record, tmp_path)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(BenchmarkError, match=r'tiny-star-seed0-abababab-not-run\.json.*No space left'):
        write_record(record.model_copy(update={'reason': 'another'}), tmp_path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [path.name]


def test_record_is_frozen(record):
    with pytest.raises(ValueError, match='frozen'):
        record.seed = 1
    assert isinstance(record, Record)


@pytest.mark.parametrize(
    ('key', 'value'),
    [
        ('name', 'a\nb'),
        ('loss', '\x1b[2J'),
        ('input_size', [0, 64]),
        ('parameters', -5),
        ('started', 'yesterday'),
        ('created', ''),
        ('gflops', -1),
        ('curve', [{'epoch': 0, 'loss': 1, 'learning_rate': 1, 'seconds': 1}]),
        ('metrics', [{'subset': 'full', 'normalizer': 'inter-pupil', 'metric': 'fr', 'threshold': 5e-324, 'value': 1}]),
    ],
)
def test_values_that_cannot_be_are_refused_by_name(record, tmp_path, key, value):
    path = write_record(record, tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    with pytest.raises(BenchmarkError) as caught:
        read_record(path)
    assert str(caught.value).startswith(f'{path}: not a valid record: {key}') and '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('predictions', 'fault'),
    [
        (None, 'status is done but predictions is null'),
        *(
            (name, f'predictions: {name!r} is no plain file name')
            for name in ('../p.npz', '', '.', '..', '/p.npz', 'a/b.npz', 'p.npz/', 'a\\b.npz', 'p\0.npz')
        ),
    ],
)
def test_done_record_names_its_predictions(record, tmp_path, predictions, fault):
    path = write_record(record.model_copy(update={'status': 'done', 'predictions': predictions}), tmp_path)
    with pytest.raises(BenchmarkError) as caught:
        read_record(path)
    assert str(caught.value).startswith(f'{path}: not a valid record: {fault} (')


def test_record_that_is_removed_while_its_folder_is_read_is_passed_over(record, tmp_path):
    paths = [write_record(record.model_copy(update={'seed': seed}), tmp_path) for seed in range(3)]
    found = []
    for path, one in records_in(tmp_path):
        paths[1].unlink(missing_ok=True)
        found.append((path, one.seed))
    assert found == [(paths[0], 0), (paths[2], 2)]
