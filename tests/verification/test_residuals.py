from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmark.datasets.hold_out import hold_out
from benchmark.datasets.prepared import read_faces
from benchmark.datasets.synthetic import prepare_synthetic
from benchmark.protocol.metrics import normalizing_distance
from benchmark.records.predictions import Predictions, read_predictions
from benchmark.records.record import read_record
from benchmark.records.residuals import read_residuals
from benchmark.verify import main
from tests.results import edit_record


def predict(faces: list, residuals: np.ndarray) -> Predictions:
    """Predictions for faces of synthetic-68 with residuals (N, 68, 2) in percent."""
    truth = np.array([face.keypoints for face in faces])
    ocular, pupil = (normalizing_distance(truth, 'synthetic-68', one) for one in ('inter-ocular', 'inter-pupil'))
    errors = residuals * ocular[:, None, None] / 100
    covariances = np.ones((*truth.shape[:2], 3)) * (4, 0, 1)
    return Predictions(
        image_ids=np.array([face.image for face in faces]),
        subset_names=np.array(['full', 'common', 'challenge']),
        subsets=np.array([[True, *(name in face.subsets for name in ('common', 'challenge'))] for face in faces]),
        keypoints=(truth + errors).astype(np.float32),
        distances=np.linalg.norm((truth + errors).astype(np.float32) - truth, axis=-1).astype(np.float32),
        inter_ocular=ocular.astype(np.float32),
        inter_pupil=pupil.astype(np.float32),
        covariances=covariances,
    )


@pytest.fixture(scope='module')
def prepared(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp('data')
    prepare_synthetic(folder, 'synthetic-68', train_images=40, test_images=60)
    return folder


@pytest.fixture
def add(factory):
    """Writes a record of predictions that lean to the right and upwards, for the test faces of some data."""

    def add(data_root: Path, seed: int = 0) -> tuple[Path, np.ndarray]:
        manifest, faces = read_faces(data_root, 'synthetic-68', 'test')
        rng = np.random.default_rng(seed)
        residuals = rng.normal((2, -1), (3, 2), (len(faces), 68, 2)) + rng.normal(0, 1, (len(faces), 1, 2))
        record = factory.add('synthetic-68', 'STAR', seed, predictions=predict(faces, residuals))
        path = factory.reports / 'records' / record.file_name
        edit_record(path, dataset={**record.dataset.model_dump(), 'fingerprint': manifest.fingerprint})
        return path, residuals

    return add


@pytest.fixture
def said(monkeypatch, tmp_path, capsys):
    """What the command says on stderr where it is run in a folder without records."""
    monkeypatch.chdir(tmp_path)

    def said(*arguments: object, folder: object = 'residuals') -> tuple[int, list[str]]:
        status = main([*map(str, arguments), '--residuals', str(folder)])
        return status, capsys.readouterr().err.splitlines()

    return said


def test_command_writes_the_errors_of_a_record(prepared, add, factory, root):
    path, residuals = add(prepared)
    folder = factory.reports / 'residuals'
    options = {'--data-root': prepared, '--reports': factory.reports, '--residuals': folder}
    command = [sys.executable, '-m', 'benchmark.verify', path, *sum(options.items(), ())]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, f'{path}: wrote {folder / path.name}\n'), done.stdout
    found, record = read_residuals(folder / path.name), read_record(path)
    for key in ('name', 'seed', 'fingerprint', 'benchmark', 'predictions_sha256'):
        assert getattr(found, key) == getattr(record, key), key
    assert found.dataset_fingerprint == record.dataset.fingerprint
    subsets = read_predictions(path.with_name(record.predictions)).subsets.T
    assert [one.name for one in found.groups] == ['all', 'common']
    assert [one.images for one in found.groups] == subsets.sum(axis=1)[:2].tolist()
    for one, member in zip(found.groups, subsets, strict=False):
        # The compact form has rounded every coordinate to 0.05 % of the inter-ocular distance.
        np.testing.assert_allclose(one.mean, residuals[member].mean(axis=0), atol=0.02)
        np.testing.assert_allclose(one.image_mean, residuals[member].mean(axis=(0, 1)), atol=0.002)
        np.testing.assert_allclose(
            np.array(one.covariance)[:, [0, 2]], residuals[member].var(axis=0), rtol=0.02, atol=0.02
        )
        assert len(one.heatmaps.variance) == 68


def test_record_of_training_faces_is_measured_on_the_data_that_hold_them(prepared, add, said, tmp_path):
    hold_out(prepared, 'synthetic-68', tmp_path / 'held', share=0.5)
    path, residuals = add(tmp_path / 'held')
    assert said(path, '--data-root', tmp_path / 'held') == (0, [f'{path}: wrote residuals/{path.name}'])
    (everything, *_) = read_residuals(tmp_path / 'residuals' / path.name).groups
    assert everything.images == 20
    np.testing.assert_allclose(everything.image_mean, residuals.mean(axis=(0, 1)), atol=0.002)
    status, lines = said(path, '--data-root', prepared)
    assert status == 1 and len(lines) == 1
    assert lines[0].startswith(f'error: {path}: not measured: none of its images is in {prepared}/synthetic-68')


def test_file_of_68_landmarks_is_small_and_holds_no_truth(prepared, add, said, tmp_path):
    path, _ = add(prepared)
    said(path, '--data-root', prepared)
    text = (tmp_path / 'residuals' / path.name).read_text()
    assert len(text) < 6000 * len(json.loads(text)['groups']) + 1000
    assert read_predictions(path.with_suffix('.npz')).image_ids[0] not in text


def test_measuring_again_gives_the_same_file(prepared, add, said, tmp_path):
    path, _ = add(prepared)
    said(path, '--data-root', prepared)
    first = (tmp_path / 'residuals' / path.name).read_bytes()
    assert said(path, '--data-root', prepared)[0] == 0
    assert (tmp_path / 'residuals' / path.name).read_bytes() == first


def test_what_cannot_be_measured_is_one_line_and_the_rest_is_done(prepared, add, factory, said, tmp_path):
    path, _ = add(prepared)
    empty = factory.add('synthetic-68', 'Wing', status='failed', reason='out of memory')
    other = factory.add('synthetic-29', 'STAR')
    wanted = {
        factory.reports / 'records' / empty.file_name: 'it has no result',
        factory.reports / 'records' / other.file_name: (
            f'no prepared synthetic-29 in {prepared} (prepare it, or name its folder with --data-root)'
        ),
    }
    status, lines = said(path, *wanted, '--data-root', prepared)
    assert status == 1
    assert lines[0] == f'{path}: wrote residuals/{path.name}'
    assert lines[1:] == [f'error: {name}: not measured: {why}' for name, why in wanted.items()]
    assert [one.name for one in (tmp_path / 'residuals').iterdir()] == [path.name]


def test_other_data_are_named(prepared, add, said, tmp_path):
    prepare_synthetic(tmp_path / 'other', 'synthetic-68', train_images=1, test_images=6, seed=1)
    path, _ = add(prepared)
    status, lines = said(path, '--data-root', tmp_path / 'other')
    assert status == 1 and lines == [
        f'error: {path}: not measured: {tmp_path}/other/synthetic-68 holds other faces than it was tested on '
        '(name its own with --data-root)'
    ]
    assert not (tmp_path / 'residuals').exists()


def test_record_whose_distances_are_not_those_of_the_truth_is_not_measured(prepared, add, factory, said, tmp_path):
    path, _ = add(prepared)
    predictions = read_predictions(path.with_suffix('.npz'))
    moved = dataclasses.replace(predictions, keypoints=predictions.keypoints + 9, exact_means=None)
    wrong = factory.add('synthetic-68', 'STAR', 1, predictions=moved)
    status, lines = said(factory.reports / 'records' / wrong.file_name, '--data-root', prepared)
    assert status == 1 and lines == [
        f'error: {factory.reports / "records" / wrong.file_name}: not measured: it is refused'
    ]
    assert not (tmp_path / 'residuals').exists()


def test_too_few_images_are_not_measured(prepared, add, said, tmp_path):
    hold_out(prepared, 'synthetic-68', tmp_path / 'few', share=19 / 40)
    path, _ = add(tmp_path / 'few')
    status, lines = said(path, '--data-root', tmp_path / 'few')
    assert status == 1 and lines == [
        f'error: {path}: not measured: it has 19 images, and means over fewer than 20 are not published'
    ]


def test_records_are_never_written_over(prepared, add, said):
    path, _ = add(prepared)
    before = path.read_bytes()
    status, lines = said(path, '--data-root', prepared, folder=path.parent)
    assert status == 1 and lines[0].startswith(f'error: {path}: not a valid file of residuals: ')
    assert path.read_bytes() == before


def test_second_record_of_a_name_is_not_written_over_the_first(prepared, add, said, tmp_path):
    path, _ = add(prepared)
    copy = tmp_path / 'mine' / 'records' / path.name
    copy.parent.mkdir(parents=True)
    for suffix in ('.json', '.npz'):
        copy.with_suffix(suffix).write_bytes(path.with_suffix(suffix).read_bytes())
    _, lines = said(path, copy, '--data-root', prepared)
    assert lines == [
        f'{path}: wrote residuals/{path.name}',
        f'error: {copy}: not measured: residuals/{path.name} is of another one (name them one at a time)',
    ]


@pytest.mark.parametrize('arguments', [[], ['--data-root', '.'], ['a.json']])
def test_records_and_data_have_to_be_named(said, add, prepared, arguments, tmp_path):
    (tmp_path / 'a.json').touch()
    path, _ = add(prepared)
    status, lines = said(*arguments, '--results', path.parents[1])
    assert status == 2 and lines == [
        'error: --residuals: name the records that are to be measured, and their data with --data-root'
    ]
