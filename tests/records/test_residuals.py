from __future__ import annotations

import json

import pytest

from benchmark.errors import BenchmarkError
from benchmark.records.record import write_record
from benchmark.records.residuals import (
    Group,
    Heatmaps,
    Residuals,
    read_residuals,
    residuals_path,
    write_residuals,
)


def group(**changes) -> Group:
    content = {
        'name': 'all',
        'images': 40,
        'mean': [(0.5, -1.25), (0, 0)],
        'covariance': [(4, 0.5, 9), (1, 0, 1)],
        'mean_square': [(6, 7), None],
        'mean_absolute': [(2, 2.5), None],
        'image_mean': (0.25, -0.625),
        'image_deviation': (1.5, 1.25),
        'nme': 3.25,
        'nme_centred': 3.125,
        'heatmaps': Heatmaps(variance=[(3, 2), None], squared_cosine=[0.75, None]),
    }
    return Group(**{**content, **changes})


@pytest.fixture
def residuals() -> Residuals:
    return Residuals(
        name='tiny-star',
        seed=0,
        fingerprint='ab' * 32,
        benchmark='synthetic-68',
        predictions_sha256='cd' * 32,
        dataset_fingerprint='ef' * 32,
        groups=(group(), group(name='common', heatmaps=None)),
        omitted=('challenge',),
    )


def test_file_holds_what_was_written(residuals, record, tmp_path):
    path = residuals_path(tmp_path / 'residuals', write_record(record, tmp_path / 'records'))
    assert path == tmp_path / 'residuals' / record.file_name
    write_residuals(residuals, path)
    write_residuals(residuals, path)
    assert read_residuals(path) == residuals


def test_record_is_not_written_over(residuals, record, tmp_path):
    path = write_record(record, tmp_path)
    before = path.read_bytes()
    with pytest.raises(BenchmarkError, match='not a valid file of residuals: '):
        write_residuals(residuals, residuals_path(tmp_path, path))
    assert path.read_bytes() == before


def test_folder_that_cannot_be_made_is_one_line(residuals, tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(BenchmarkError, match=r'a\.json: cannot write the residuals: .* \(choose another folder'):
        write_residuals(residuals, tmp_path / 'file' / 'a.json')


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        ({'images': 19}, 'groups.0.images: Input should be greater than or equal to 20'),
        ({'mean': [(0, 0)]}, 'groups.0: lists of 1, 2, 2, 2, 2, 2 landmarks'),
        ({'truth': [(0, 0), (1, 1)]}, 'groups.0.truth: Extra inputs are not permitted'),
    ],
)
def test_invalid_file_is_named_with_its_key(residuals, tmp_path, changes, words):
    content = json.loads(residuals.model_dump_json())
    content['groups'][0] |= changes
    path = tmp_path / 'a.json'
    path.write_text(json.dumps(content))
    with pytest.raises(BenchmarkError) as failure:
        read_residuals(path)
    assert str(failure.value) == f'{path}: not a valid file of residuals: {words} (mend or remove the file)'


@pytest.mark.parametrize('model', [Residuals, Group, Heatmaps])
def test_every_key_is_documented(model):
    assert all(field.description for field in model.model_fields.values())
