"""Predictions that are not stored, and files that are not read."""

from __future__ import annotations

import dataclasses
import io
import zipfile

import numpy as np
import pytest

from benchmark.errors import BenchmarkError
from benchmark.records.predictions import read_predictions, save_predictions


def _rewrite(path, **changes):
    """Change arrays of a file, each by a function; those that become None are left out."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    arrays |= {name: change(arrays[name]) for name, change in changes.items()}
    np.savez_compressed(path, **{name: array for name, array in arrays.items() if array is not None})


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'exact_means': lambda a: 1.05 * a}, r'exact_means: 2\.\d+ px of a\.png, but the mean .* is 2\.1\d+ px'),
        ({'exact_means': lambda a: a * [1, np.nan, 1]}, r'exact_means: nan px of b\.png'),
        ({'exact_means': lambda a: a[:-1]}, r'exact_means has shape \(2,\), expected \(3,\)'),
        ({'exact_means': lambda a: None}, 'exact_means is absent'),
        ({'distances': lambda a: np.roll(a, 1, axis=-1)}, r'exact_means: .* but the mean of its distances'),
        ({'distances_unit': lambda a: 2 * a}, r'exact_means: .* of a\.png, but the mean of its distances'),
        ({'distances_unit': lambda a: a[:2]}, 'not a readable predictions file'),
        ({'keypoints_unit': lambda a: None}, 'keypoints_unit'),
        ({'keypoints': lambda a: a.astype(np.float32)}, 'no packed numbers: float32'),
        ({'inter_ocular': lambda a: a[:2]}, r'inter_ocular has shape \(2,\), expected \(3,\)'),
        ({'inter_pupil': lambda a: a[:, None]}, r'inter_pupil has shape \(3, 1\), expected \(3,\)'),
        ({'inter_pupil': lambda a: a.astype(str)}, 'inter_pupil is of type <U32, expected numbers'),
        ({'inter_pupil': lambda a: a.astype(complex)}, 'inter_pupil is of type complex128, expected numbers'),
        ({'subsets': lambda a: a.astype(np.uint8)}, 'subsets is of type uint8, expected bool'),
        ({'subsets': lambda a: a.astype(float)}, 'subsets is of type float64, expected bool'),
        ({'subsets': lambda a: a[:2]}, r'subsets has shape \(2, 3\), expected 3 images'),
        ({'subsets': lambda a: a[:, :2]}, 'subsets has 2 columns, but subset_names has 3 names'),
        ({'subset_names': lambda a: np.arange(3)}, 'subset_names is of type int64, expected text'),
        ({'image_ids': lambda a: a.astype(bytes)}, r'image_ids is of type \|S5, expected text'),
        ({'image_ids': lambda a: np.arange(3)}, 'image_ids is of type int64, expected text'),
        ({'image_ids': lambda a: a[:2]}, 'expected 2 images'),
        ({'inter_pupil': lambda a: None}, 'inter_pupil'),
        ({'format': lambda a: np.array(3)}, 'format 3, this version of the benchmark reads 2'),
        ({'format': lambda a: np.array([2, 2])}, r'format \[2 2\]'),
    ],
)
def test_file_that_was_tampered_with_is_refused_in_one_line(predictions, change, message, tmp_path):
    path = tmp_path / 'p.npz'
    save_predictions(predictions, path)
    _rewrite(path, **change)
    with pytest.raises(BenchmarkError, match=message) as error:
        read_predictions(path)
    assert str(error.value).startswith(f'{path}: ') and '\n' not in str(error.value)


@pytest.mark.parametrize('kind', [np.uint8, float])
def test_plain_subsets_that_are_not_bool_are_refused(predictions, kind, tmp_path):
    arrays = {name: array for name, array in vars(predictions).items() if array is not None}
    np.savez(tmp_path / 'plain.npz', **{**arrays, 'subsets': predictions.subsets.astype(kind)})
    with pytest.raises(BenchmarkError, match=r'plain\.npz: subsets is of type .*, expected bool \('):
        read_predictions(tmp_path / 'plain.npz')


def test_every_damaged_byte_is_noticed_or_harmless(predictions, tmp_path):
    path = tmp_path / 'p.npz'
    save_predictions(predictions, path)
    content, expected = path.read_bytes(), read_predictions(path)
    refused = 0
    for place in range(0, len(content), 5):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        try:
            loaded = read_predictions(path)
        except BenchmarkError as error:
            assert '\n' not in str(error)
            refused += 1
        else:
            for field in dataclasses.fields(loaded):
                np.testing.assert_array_equal(getattr(loaded, field.name), getattr(expected, field.name))
    assert refused > len(content) / 10


def test_damaged_file_is_refused_in_one_line(predictions, tmp_path):
    path = tmp_path / 'p.npz'
    save_predictions(predictions, path)
    content = path.read_bytes()
    for damaged in (b'', b'not a zip', content[: len(content) // 2], content[:-10]):
        path.write_bytes(damaged)
        with pytest.raises(BenchmarkError, match=r'p\.npz: not a readable predictions file') as error:
            read_predictions(path)
        assert '\n' not in str(error.value)


def test_pickled_array_is_never_unpickled(tmp_path):
    np.savez(tmp_path / 'p.npz', image_ids=np.array([object()], dtype=object))
    with pytest.raises(BenchmarkError, match='not a readable predictions file'):
        read_predictions(tmp_path / 'p.npz')


@pytest.mark.parametrize('name', ['keypoints', 'distances', 'covariances', 'ambiguity'])
@pytest.mark.parametrize('value', [np.nan, np.inf, 3e38])
def test_prediction_that_is_no_number_is_refused_by_name_of_its_image_and_stores_nothing(
    predictions, tmp_path, name, value
):
    array = {'covariances': np.ones((3, 68, 3)), 'ambiguity': np.ones((3, 68, 3))}.get(name, getattr(predictions, name))
    array[1, 5] = value
    with pytest.raises(BenchmarkError, match=rf'{name} of 1 images are NaN or infinite, first of b\.png'):
        save_predictions(dataclasses.replace(predictions, **{name: array}), tmp_path / 'p.npz')
    assert not (tmp_path / 'p.npz').exists()


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'distances': -np.ones((3, 68))}, r'p\.npz: a distance is negative in image a\.png'),
        ({'keypoints': np.ones((2, 68, 2))}, r'keypoints has shape \(2, 68, 2\), expected 3 images'),
        ({'distances': np.ones(3)}, r'distances has shape \(3,\), expected 3 images'),
        ({'inter_ocular': np.ones(2)}, r'inter_ocular has shape \(2,\), expected \(3,\)'),
        ({'subsets': np.ones((3, 3), dtype=np.uint8)}, 'subsets is of type uint8, expected bool'),
        ({'image_ids': np.array([b'a', b'b', b'c'])}, r'image_ids is of type \|S1, expected text'),
        ({'exact_means': np.full(3, 9.0)}, r'exact_means: 9 px of a\.png, but the mean of its distances'),
    ],
)
def test_predictions_that_contradict_themselves_are_refused(predictions, change, message, tmp_path):
    with pytest.raises(BenchmarkError, match=message):
        save_predictions(dataclasses.replace(predictions, **change), tmp_path / 'p.npz')
    assert not (tmp_path / 'p.npz').exists()


def test_means_do_not_outlive_the_distances_that_they_were_of(predictions, tmp_path):
    save_predictions(predictions, tmp_path / 'p.npz')
    loaded = read_predictions(tmp_path / 'p.npz')
    with pytest.raises(BenchmarkError, match=r'exact_means: .* of a\.png'):
        save_predictions(dataclasses.replace(loaded, distances=2 * loaded.distances), tmp_path / 'q.npz')


def test_finished_predictions_stay_when_new_ones_are_nan(predictions, tmp_path):
    save_predictions(predictions, tmp_path / 'p.npz')
    before = (tmp_path / 'p.npz').read_bytes()
    predictions.keypoints[0] = np.nan
    with pytest.raises(BenchmarkError):
        save_predictions(predictions, tmp_path / 'p.npz')
    assert (tmp_path / 'p.npz').read_bytes() == before


@pytest.mark.parametrize('values', [[-1.0, 0.0, 1.0], [1.0, 5.0, 1.0]])
@pytest.mark.parametrize('name', ['covariances', 'ambiguity'])
def test_values_that_are_no_covariance_are_neither_stored_nor_read(predictions, name, values, tmp_path):
    fault = f'{name}: a covariance .* is not positive semi-definite'
    wrong = dataclasses.replace(predictions, **{name: np.tile(values, (3, 68, 1))})
    with pytest.raises(BenchmarkError, match=fault):
        save_predictions(wrong, tmp_path / 'p.npz')
    np.savez(tmp_path / 'q.npz', **{key: array for key, array in vars(wrong).items() if array is not None})
    with pytest.raises(BenchmarkError, match=fault):
        read_predictions(tmp_path / 'q.npz')


def test_array_with_a_broken_head_is_refused_in_one_line(predictions, tmp_path):
    path = tmp_path / 'p.npz'
    with zipfile.ZipFile(path, 'w') as file:
        for name, array in vars(predictions).items():
            if array is not None:
                content = io.BytesIO()
                np.save(content, array)
                file.writestr(f'{name}.npy', content.getvalue().replace(b'NUMPY', b'NOMPY', name == 'keypoints'))
    with pytest.raises(BenchmarkError, match='not a readable predictions file') as error:
        read_predictions(path)
    assert '\n' not in str(error.value)
