from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmark.analysis.checked import checked_sections
from benchmark.analysis.store import Store
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.records.parts import GivenWeights, Settings
from benchmark.records.record import write_record
from tests.results import edit_record


def test_real_sections_come_before_synthetic_ones(factory, sections):
    for benchmark in ('synthetic-29', 'wflw', 'synthetic-98', '300w'):
        factory.add(benchmark, status='not-run', reason='later')
    assert [section.benchmark.name for section in sections()] == ['300w', 'wflw', 'synthetic-29', 'synthetic-98']


def test_seeds_of_one_configuration_share_a_row(factory, sections):
    for seed in (2, 0, 1):
        factory.add('synthetic-29', seed=seed)
    (section,) = sections()
    (row,) = section.rows
    assert [run.record.seed for run in row.done] == [0, 1, 2]


def test_seed_without_a_result_is_a_note_on_the_row(factory, sections):
    factory.add('synthetic-29', seed=0)
    factory.add('synthetic-29', seed=1, status='failed', reason='out of memory')
    (row,) = sections()[0].rows
    assert row.status == 'done'
    assert row.notes == ('seed 1 failed: out of memory',)


def test_baseline_comes_first_and_star_last_in_a_recipe(factory, sections):
    for loss in ('STAR', 'Wing', 'smooth-L1', 'STAR (detach)'):
        factory.add('synthetic-29', loss)
    (section,) = sections()
    assert [row.record.loss for row in section.rows] == ['smooth-L1', 'Wing', 'STAR', 'STAR (detach)']
    assert [row.is_star for row in section.rows] == [False, False, True, True]


def test_recipes_with_results_come_first_best_first(factory, sections):
    factory.add('synthetic-29', network='absent', recipe='a', status='failed', reason='x')
    factory.add('synthetic-29', network='worse', recipe='b', error=0.06)
    factory.add('synthetic-29', network='better', recipe='c', error=0.03)
    (section,) = sections()
    assert [row.record.backbone for row in section.rows] == ['better', 'worse', 'absent']


def test_recipes_on_partial_data_come_after_complete_ones_then_best_first(factory, sections):
    factory.add('cofw', network='partial-worse', recipe='a', error=0.03, train_images=1000)
    factory.add('cofw', network='partial-better', recipe='b', error=0.02, train_images=1000)
    factory.add('cofw', network='complete-worse', recipe='c', error=0.05)
    factory.add('cofw', network='complete-better', recipe='d', error=0.04)
    (section,) = sections()
    assert [row.record.backbone for row in section.rows] == [
        f'{data}-{place}' for data in ('complete', 'partial') for place in ('better', 'worse')
    ]


def test_partial_data_is_counted_against_the_published_benchmark(factory, sections):
    factory.add('300w', sizes={'full': 562, 'common': 554, 'challenge': 8}, train_images=2012)
    (row,) = sections()[0].rows
    assert row.status == 'partial'
    assert row.missing_data == '2012 of 3148 training, 562 of 689 test images'


def test_complete_data_is_done(factory, sections):
    factory.add('cofw')
    (row,) = sections()[0].rows
    assert (row.status, row.missing_data) == ('done', None)


def _whole(factory, benchmark='cofw', **changes):
    rules = get_benchmark(benchmark)
    whole = factory.predictions(benchmark, 'STAR', 0, rules.subset_sizes, 0.04)
    return dataclasses.replace(whole, **changes)


@pytest.mark.parametrize('benchmark', ['cofw', '300w', 'wflw'])
def test_published_test_set_is_whole_whatever_the_record_calls_complete(factory, sections, benchmark):
    record = factory.add(benchmark)
    path = factory.reports / 'records' / record.file_name
    assert record.dataset.complete
    edit_record(path, dataset={**record.dataset.model_dump(), 'complete': False})
    (row,) = sections()[0].rows
    assert (row.status, row.missing_data) == ('done', None)


def test_training_images_alone_are_counted_where_the_test_set_is_whole(factory, sections):
    factory.add('300w', seed=0)
    factory.add('300w', seed=1, train_images=2012)
    (row,) = sections()[0].rows
    assert (row.status, row.missing_data) == ('partial', '2012 of 3148 training images')


def test_official_weights_were_not_trained_on_the_images_here(factory, sections):
    weights = GivenWeights(
        origin='official weights', file='300w.pth', sha256='a' * 64, converted_from=None, converted_part=None
    )
    record = factory.add('300w', train_images=2012)
    given = record.model_copy(update={'seed': None, 'weights': weights, 'fingerprint': 'b' * 64})
    write_record(given, factory.reports / 'records')
    found = {row.record.weights is not None: row.missing_data for row in sections()[0].rows}
    assert found == {True: None, False: '2012 of 3148 training images'}


def test_as_many_images_of_other_names_are_not_called_the_published_set(factory, sections):
    names = np.array([f'test_{number}.png' for number in range(507)])
    factory.add('cofw', predictions=_whole(factory, image_ids=names))
    (row,) = sections()[0].rows
    assert (row.status, row.missing_data) == (
        'partial',
        '507 test images whose names are not those of the published set',
    )


def test_more_images_than_published_are_not_called_the_published_set(factory, sections):
    factory.add('cofw', sizes={'full': 508}, train_images=1000)
    (row,) = sections()[0].rows
    assert row.missing_data == '1000 of 1345 training, 508 test images, published 507'


def _seeds(factory, **changes):
    """Two seeds of one row; the predictions of the second are changed."""
    sizes = {'full': 40, 'common': 30, 'challenge': 10}
    first, second = (factory.predictions('synthetic-68', 'STAR', seed, sizes, 0.04) for seed in (0, 1))
    changes = {name: change(getattr(second, name)) for name, change in changes.items()}
    second = dataclasses.replace(second, **changes)
    records = [factory.add('synthetic-68', seed=seed, predictions=one) for seed, one in enumerate((first, second))]
    return [str(factory.reports / 'records' / record.predictions) for record in records]


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'image_ids': lambda a: np.array([f'other/{name}' for name in a])}, 'other test images, subsets or order'),
        ({'image_ids': lambda a: a[::-1]}, 'other test images, subsets or order'),
        ({'subsets': lambda a: np.roll(a, 1, axis=0)}, 'other test images, subsets or order'),
        ({'inter_ocular': lambda a: a * np.float32(1.001)}, r'other normalizing distances \(inter_ocular\)'),
        ({'inter_pupil': lambda a: a * np.float32(1.001)}, r'other normalizing distances \(inter_pupil\)'),
    ],
)
def test_seeds_tested_on_other_images_are_refused_with_both_files(factory, sections, changes, message):
    first, second = _seeds(factory, **changes)
    with pytest.raises(BenchmarkError, match=message) as caught:
        sections()
    assert first in str(caught.value) and second in str(caught.value) and '\n' not in str(caught.value)


def test_seeds_may_differ_in_the_rounding_of_normalizing_distances(factory, sections):
    _seeds(factory, inter_ocular=lambda a: a * np.float32(1.00001))
    assert len(sections()[0].rows[0].done) == 2


def test_predictions_of_one_seed_do_not_count_as_two(factory):
    same = factory.predictions('synthetic-68', 'STAR', 0, {'full': 40}, 0.04)
    records = [factory.add('synthetic-68', seed=seed, predictions=same) for seed in (0, 1)]
    with pytest.raises(BenchmarkError, match='holds the predictions of another record') as caught:
        checked_sections([factory.reports], Store())
    assert all(record.predictions in str(caught.value) for record in records)


def test_older_configuration_keeps_its_row_and_is_called_outdated(factory, sections):
    factory.add('synthetic-29', seed=1, version='1', recipe='old', created='2026-11-24T10:00:00Z')
    factory.add('synthetic-29', seed=0, version='2', recipe='new', created='2026-11-25T10:00:00Z')
    (section,) = sections()
    assert {row.record.seed: row.outdated for row in section.rows} == {0: False, 1: True}


def test_switches_and_noise_that_change_the_numbers_are_notes_on_the_row(factory, sections):
    plain = {'accumulation': 1, 'channels_last': False, 'compiled': False, 'gradient_checkpointing': False}
    settings = Settings(images_per_step=16, mirror_offset=True, **plain)
    record = factory.add('synthetic-29', settings=settings)
    factory.add('synthetic-29', 'smooth-L1', settings=Settings(images_per_step=16, **plain))
    noisy = record.dataset.model_copy(update={'annotation_noise': 'annotation noise of 2 % along contours'})
    edit_record(factory.reports / 'records' / record.file_name, dataset=noisy.model_dump())
    factory.add('synthetic-29', name='unmirrored', recipe='b', config='rotation=0.0, flip=0.0)\n')
    rows = {row.mirroring: row for row in sections()[0].rows}
    without, with_offset, unmirrored = (rows[mirroring] for mirroring in (None, 'mirror offset', 'no mirroring'))
    assert without.notes == () and unmirrored.notes == ('no mirroring',)
    assert unmirrored.network == f'{without.network}, no mirroring'
    assert with_offset.notes == ('mirror offset', 'annotation noise of 2 % along contours')
