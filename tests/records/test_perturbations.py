from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from benchmark.errors import BenchmarkError
from benchmark.records.parts import GivenWeights
from benchmark.records.perturbations import (
    GRID,
    UNCHANGED,
    Perturbations,
    Point,
    find_perturbations,
    forget_perturbations,
    headline_nme,
    perturbations_path,
    write_perturbations,
)
from benchmark.records.publishing import publish
from benchmark.records.record import read_record, write_record

WEIGHTS = GivenWeights(origin='given weights', file='x.pth', sha256='ab' * 32, converted_from=None, converted_part=None)


@pytest.fixture
def measured(factory):
    """Path and record of given weights, and what was measured of them in perturbed boxes."""
    record = factory.add('300w')
    (factory.reports / 'records' / record.file_name).unlink()
    path = write_record(record.model_copy(update={'seed': None, 'weights': WEIGHTS}), factory.reports / 'records')
    record = read_record(path)
    nme = headline_nme(record.metrics, 'inter-ocular')
    found = Perturbations(
        **{key: getattr(record, key) for key in ('name', 'fingerprint', 'benchmark', 'predictions_sha256')},
        weights_sha256=WEIGHTS.sha256,
        normalizer='inter-ocular',
        images=689,
        points=[Point(scale=a, shift=b, nme=nme if (a, b) == UNCHANGED else nme + a + b) for a, b in GRID],
    )
    write_perturbations(found, path)
    return path, record, found


def test_what_was_measured_is_found_by_its_record(measured):
    path, record, found = measured
    assert find_perturbations(path, record) == found
    assert [point.scale for point in found.scales] == [0.8, 0.9, 1.0, 1.1, 1.2, 1.3]
    assert [point.shift for point in found.shifts] == [0.0, 0.05, 0.1, 0.15, 0.2]
    perturbations_path(path).unlink()
    assert find_perturbations(path, record) is None


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'fingerprint': 'f' * 64}, 'fingerprint is not that of'),
        ({'predictions_sha256': 'f' * 64}, 'predictions_sha256 is not that of'),
        ({'weights_sha256': 'f' * 64}, 'weights_sha256 is not that of'),
        ({'points': [{'scale': 1, 'shift': 0, 'nme': 3.0}]}, 'its NME in unchanged boxes is not that of'),
        ({'points': [{'scale': 0.9, 'shift': 0, 'nme': 3.0}]}, 'one with scale 1 and shift 0'),
        ({'more': 1}, 'more'),
    ],
)
def test_what_is_of_another_record_is_refused_in_one_line(measured, change, message):
    path, record, _ = measured
    file = perturbations_path(path)
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(BenchmarkError) as caught:
        find_perturbations(path, record)
    assert str(caught.value).startswith(str(file)) and message in str(caught.value)
    assert '\n' not in str(caught.value)


def test_points_that_are_there_twice_are_refused(measured):
    _, _, found = measured
    with pytest.raises(ValidationError, match='each once'):
        Perturbations(**{**found.model_dump(), 'points': [*found.points, found.points[0]]})


def test_curve_of_other_predictions_is_forgotten(measured):
    path, record, _ = measured
    forget_perturbations(path, record.predictions_sha256)
    assert perturbations_path(path).is_file()
    forget_perturbations(path, 'f' * 64)
    assert not perturbations_path(path).exists()
    forget_perturbations(path, 'f' * 64)


def test_curve_is_published_with_its_record(measured, tmp_path):
    path, record, found = measured
    published = tmp_path / 'published'
    assert published / 'perturbations' / path.name in publish(path.parents[1], published)
    assert find_perturbations(published / 'records' / path.name, record) == found
