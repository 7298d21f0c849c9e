from __future__ import annotations


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


def test_partial_data_is_counted_against_the_published_benchmark(factory, sections):
    factory.add('300w', sizes={'full': 562, 'common': 554, 'challenge': 8}, train_images=2012)
    (row,) = sections()[0].rows
    assert row.status == 'partial'
    assert row.missing_data == '2012 of 3148 training, 562 of 689 test images'


def test_complete_data_is_done(factory, sections):
    factory.add('cofw')
    (row,) = sections()[0].rows
    assert (row.status, row.missing_data) == ('done', None)


def test_older_configuration_keeps_its_row_and_is_called_outdated(factory, sections):
    factory.add('synthetic-29', seed=1, version='1', recipe='old', created='2026-11-24T10:00:00Z')
    factory.add('synthetic-29', seed=0, version='2', recipe='new', created='2026-11-25T10:00:00Z')
    (section,) = sections()
    assert {row.record.seed: row.outdated for row in section.rows} == {0: False, 1: True}
