from __future__ import annotations

import numpy as np
import pytest

from benchmark.analysis.audit.likeness import LIKE
from benchmark.analysis.audit.pairs import pair_findings
from benchmark.analysis.runs import read_runs
from benchmark.analysis.store import Store
from tests.analysis.audit.conftest import SIZES, with_errors
from tests.margins import least_mixed
from tests.results import edit_record


@pytest.fixture
def found(factory, seeds, truth):
    """What is found of a mean of three honest seeds that stands beside all four."""
    for number, one in enumerate(seeds):
        factory.add('synthetic-68', 'STAR', number, sizes=SIZES, predictions=one)

    def found(weights, noise=0.0, created='2026-11-25T10:00:00Z', **changes):
        errors = np.tensordot(weights, [one.keypoints.astype(float) - truth for one in seeds], axes=1)
        errors += noise * np.random.default_rng(0).normal(size=truth.shape)
        mixed = with_errors(seeds[0], truth, errors)
        record = factory.add('synthetic-68', 'STAR', 9, sizes=SIZES, predictions=mixed, created=created)
        edit_record(factory.reports / 'records' / record.file_name, **changes)
        return pair_findings(read_runs([factory.reports], Store()))

    return found


def test_honest_seeds_are_no_mixture(factory, seeds):
    for number, one in enumerate(seeds):
        factory.add('synthetic-68', 'STAR', number, sizes=SIZES, predictions=one)
    assert pair_findings(read_runs([factory.reports], Store())) == []


@pytest.mark.parametrize('created', ['2020-01-01T00:00:00Z', '2026-11-25T10:00:00Z'])
@pytest.mark.parametrize('noise', [0, 0.1])
def test_mean_of_seeds_is_caught_and_its_parts_are_named(found, noise, created):
    ((finding, first, second),) = found([0.5, 0, 0.3, 0.2], noise, created)
    assert finding.code == 'copy' and (first.record.seed, second.record.seed) == (0, 9)
    named = finding.text.split('other records: ')[1].split(' (')[0]
    weights = [float(part.split(' of ')[0]) for part in named.split(', ')]
    assert weights == pytest.approx([0.5, 0.3, 0.2], abs=0.02)
    assert [part.split('-seed')[1][0] for part in named.split(', ')] == ['0', '2', '3']


def test_seed_beyond_two_others_is_caught(found):
    """p + 0.7 (p - p'), which is a mean of neither."""
    (pair,) = found([1.7, -0.7, 0, 0])
    assert pair.finding.code == 'copy'


def test_ensemble_that_others_made_is_for_a_person(found):
    ((finding, _, second),) = found([0.25] * 4, method='Ours', cost=None, environment=None)
    assert (finding.code, finding.severity, second.record.seed) == ('ensemble', 'flag', 9)


def test_networks_that_have_not_learned_anything_are_no_mixture(factory, seeds, truth):
    rng = np.random.default_rng(7)
    centre = 3 * (np.broadcast_to(truth.mean(axis=1, keepdims=True), truth.shape) - truth)
    for number in range(4):
        alike = with_errors(seeds[0], truth, centre + 0.05 * rng.normal(size=truth.shape))
        factory.add('synthetic-68', 'STAR', number, sizes=SIZES, predictions=alike)
    assert pair_findings(read_runs([factory.reports], Store())) == []


def test_published_records_leave_more_of_each_other_than_a_mixture():
    assert least_mixed() > 2 * LIKE
