from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmark.analysis.audit.pairs import pair_findings
from benchmark.analysis.checked import checked_sections
from benchmark.analysis.runs import read_runs
from benchmark.analysis.store import Store
from benchmark.errors import BenchmarkError
from benchmark.protocol.face_boxes import OFFICIAL_TABLE
from tests.analysis.audit.conftest import SIZES, with_errors
from tests.results import boxes_from, edit_record

LATER = '2026-11-25T10:00:00Z'


@pytest.fixture
def beside(factory, trained):
    """Adds a record beside an honest one, and says what is found about the two."""
    factory.add('synthetic-68', 'STAR', 0, sizes=SIZES, predictions=trained[0])
    (first,) = read_runs([factory.reports], Store())

    def add(predictions, loss='STAR', seed=1, changes=None, **options) -> list[str]:
        record = factory.add('synthetic-68', loss, seed, sizes=SIZES, predictions=predictions, created=LATER, **options)
        edit_record(factory.reports / 'records' / record.file_name, **(changes or {}))
        newest = next(run for run in read_runs([factory.reports], Store()) if run.record.created == LATER)
        found = pair_findings([newest, first])
        assert all(pair.second.record.created == LATER for pair in found)
        return [pair.finding.code for pair in found]

    return add


def test_two_honest_seeds_are_not_alike(beside, trained):
    assert beside(trained[1]) == []


def test_copied_seed_is_caught(beside, trained):
    assert beside(trained[0]) == ['copy']


def test_copy_with_noise_is_caught_by_its_signature(beside, trained, truth):
    noise = 0.3 * np.random.default_rng(0).normal(size=truth.shape)
    assert beside(with_errors(trained[0], truth, trained[0].keypoints - truth + noise)) == ['copy']


def test_predictions_moved_towards_the_truth_are_caught_of_the_same_run_too(beside, trained, truth):
    moved = with_errors(trained[0], truth, 0.9 * (trained[0].keypoints - truth))
    assert beside(moved, seed=0, version='2') == ['moved']


@pytest.mark.parametrize(('network', 'code'), [('ResNet-18', 'twin'), ('Hourglass', 'moved')])
def test_weights_in_other_boxes_may_be_those_of_a_training_of_the_same_network(beside, trained, truth, network, code):
    moved = with_errors(trained[0], truth, 0.9 * (trained[0].keypoints - truth))
    weights = {'origin': 'given weights', 'file': 'x.pth', 'sha256': 'ab' * 32}
    weights |= {'converted_from': None, 'converted_part': None}
    said = boxes_from(OFFICIAL_TABLE)
    changes = {'weights': weights, 'box': said['box'], 'boxes': said['boxes'].model_dump()}
    assert beside(moved, network=network, changes=changes) == [code]


def test_images_of_the_same_run_that_were_altered_are_caught(beside, trained, truth):
    errors = trained[0].keypoints - truth
    errors[np.argsort(trained[0].distances.mean(axis=1))[150:]] *= 0.5
    assert beside(with_errors(trained[0], truth, errors), seed=0, version='2') == ['moved']


def test_same_run_on_another_machine_may_differ_a_little(beside, trained, truth):
    noise = 0.05 * np.random.default_rng(0).normal(size=truth.shape)
    other = with_errors(trained[0], truth, trained[0].keypoints - truth + noise)
    assert beside(other, seed=0, version='2', changes={'config': "loss = 'STAR'\nversion = '1'\n"}) == []


def test_record_in_doubt_is_the_one_that_a_finding_is_about(factory, trained, truth):
    moved = with_errors(trained[0], truth, 0.9 * (trained[0].keypoints - truth))
    factory.add('synthetic-68', 'Wing', 0, sizes=SIZES, predictions=moved, created='2020-01-01T00:00:00Z')
    factory.add('synthetic-68', 'STAR', 0, sizes=SIZES, predictions=trained[0])
    early, late = sorted(read_runs([factory.reports], Store()), key=lambda run: run.created)
    (blamed,) = pair_findings([early, late])
    assert blamed.second is late and 'moved away from' in blamed.finding.text
    (blamed,) = pair_findings([early, late], {early.path})
    assert blamed.second is early and 'moved towards the truth by 10 %' in blamed.finding.text


def test_single_row_is_caught_in_the_record(beside, trained):
    keypoints = trained[1].keypoints.copy()
    keypoints[5] = trained[0].keypoints[9]
    distances = trained[1].distances.copy()
    distances[5] = trained[0].distances[9] + 60
    assert beside(dataclasses.replace(trained[1], keypoints=keypoints, distances=distances)) == ['copy']


def test_same_run_may_be_there_twice(factory, trained, tmp_path):
    factory.add('synthetic-68', 'STAR', 0, sizes=SIZES, predictions=trained[0])
    runs = read_runs([factory.reports], Store())
    again = dataclasses.replace(runs[0], path=tmp_path / runs[0].path.name)
    (tmp_path / runs[0].record.predictions).write_bytes(runs[0].predictions_path.read_bytes())
    assert pair_findings([*runs, again]) == []


def test_same_seed_under_another_configuration_is_for_a_person(beside, trained):
    assert beside(trained[0], seed=0, name='other-switches', recipe='b') == ['twin']


def test_other_images_of_the_same_data_are_caught(beside, trained, factory):
    names = np.array([f'other/{name}' for name in trained[1].image_ids])
    fingerprint = read_runs([factory.reports], Store())[0].record.dataset
    other = dataclasses.replace(trained[1], image_ids=names)
    assert beside(other, loss='Wing', changes={'dataset': fingerprint.model_dump()}) == ['other-data']


def test_pages_are_not_built_of_copies(beside, trained, factory):
    beside(trained[0])
    store = Store()
    with pytest.raises(BenchmarkError, match=r'seed1-\w+\.npz: holds the predictions of ') as caught:
        checked_sections([factory.reports], store)
    assert '\n' not in str(caught.value)


def test_unchanged_records_are_not_compared_again(beside, trained, factory, monkeypatch):
    beside(trained[1])
    store = Store()
    sections = checked_sections([factory.reports], store)
    monkeypatch.setattr('benchmark.analysis.checked.pair_findings', lambda _: pytest.fail('compared again'))
    monkeypatch.setattr('benchmark.analysis.runs.check_record', lambda *_: pytest.fail('checked again'))
    assert len(checked_sections([factory.reports], store)) == len(sections) == 1
