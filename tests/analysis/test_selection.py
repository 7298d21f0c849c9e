from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmark.analysis.selection import choose_pair, choose_sections, compare_named
from benchmark.analysis.store import FILE_NAME
from benchmark.errors import BenchmarkError, UsageError
from benchmark.protocol.measures import Measure
from benchmark.records.parts import GivenWeights
from benchmark.records.record import write_record

HEADLINE = Measure('full', 'inter-pupil', 'nme')


@pytest.fixture
def rows(factory, sections):
    for benchmark in ('300w', 'synthetic-29'):
        for loss in ('smooth-L1', 'STAR', 'STAR-detach'):
            factory.add(benchmark, loss, sizes={'full': 12, 'common': 8, 'challenge': 4})
    return [row for section in sections() for row in section.rows]


def _names(pair):
    return [row.record.name for row in pair]


def test_exact_name_wins_over_longer_ones(rows):
    assert _names(choose_pair(rows, '300w_resnet-18_star', '300w_resnet-18_smooth-l1')) == [
        '300w_resnet-18_star',
        '300w_resnet-18_smooth-l1',
    ]


def test_unique_part_of_a_name_is_enough(rows):
    assert _names(choose_pair(rows, '300w_resnet-18_star-d', '300w_resnet-18_sm'))[0] == '300w_resnet-18_star-detach'


def test_part_of_a_name_stands_for_the_row_with_a_result(factory, sections):
    factory.add('synthetic-29', 'smooth-L1')
    factory.add('synthetic-29', 'STAR')
    factory.add('synthetic-29', 'STAR', network='ResNet-50', status='not-run', reason='later')
    pair = choose_pair(sections()[0].rows, 'star', 'smooth')
    assert _names(pair) == ['synthetic-29_resnet-18_star', 'synthetic-29_resnet-18_smooth-l1']


def test_the_other_name_settles_the_benchmark(rows):
    pair = choose_pair(rows, 'detach', '300w_resnet-18_smooth')
    assert {row.benchmark.name for row in pair} == {'300w'}


@pytest.mark.parametrize(
    ('first', 'second', 'message'),
    [
        ('nothing', 'smooth', "'nothing' fits no row (there are: 300w_resnet-18_smooth-l1, 300w_resnet-18_star,"),
        ('star', '300w_resnet-18_smooth-l1', "'star' fits 4 rows: 300w_resnet-18_star, 300w_resnet-18_star-detach,"),
        ('300w_resnet-18_star', 'synthetic-29_resnet-18_star', '300w_resnet-18_star is of 300w, synthetic-29_'),
        ('300w_resnet-18_smooth-l1', '300w_resnet-18_sm', 'are the same row'),
    ],
)
def test_unclear_names_are_a_usage_error_that_lists_what_there_is(rows, first, second, message):
    with pytest.raises(UsageError) as caught:
        choose_pair(rows, first, second)
    assert message in str(caught.value) and '\n' not in str(caught.value)


def test_many_candidates_are_not_all_listed(factory, sections):
    for number in range(20):
        factory.add('synthetic-29', name=f'row-{number:02d}', recipe=str(number), status='not-run', reason='x')
    with pytest.raises(UsageError, match=r'row-11 and 8 more'):
        choose_pair(sections()[0].rows, 'row', 'row-03')


def test_own_rows_are_told_from_published_ones_where_both_fit(factory, own, both):
    for loss in ('smooth-L1', 'STAR'):
        factory.add('synthetic-29', loss)
        own.add('synthetic-29', loss, created='2026-11-28T10:00:00Z')
    own.add('synthetic-29', 'Wing')
    rows = both()[0].rows

    def chosen(first, second):
        return [row.loss for row in choose_pair(rows, first, second)]

    assert chosen('star', 'smooth') == ['STAR', 'smooth-L1']
    assert chosen('star (own)', 'smooth') == ['STAR (own)', 'smooth-L1 (own)']
    assert chosen('wing', 'smooth') == ['Wing (own)', 'smooth-L1 (own)']
    assert chosen('star (own)', 'synthetic-29_resnet-18_star') == ['STAR (own)', 'STAR']


def test_rows_of_two_makers_are_compared_by_name_without_a_claim_about_a_loss(factory, own):
    for seed in range(3):
        factory.add('synthetic-29', 'smooth-L1', seed)
        own.add('synthetic-29', 'STAR', seed, error=0.02)
    (one,) = [
        one
        for one in compare_named([own.reports, factory.reports], 'star', 'smooth').differences
        if one.measure == HEADLINE
    ]
    assert one.decided and one.sentence().startswith('synthetic-29_resnet-18_star (own) lowers NME by')
    assert 'against synthetic-29_resnet-18_smooth-l1 (' in one.sentence()


def test_given_weights_are_told_apart_by_their_file(factory, sections):
    weights = GivenWeights(
        origin='official weights', file='300w.pth', sha256='a' * 64, converted_from=None, converted_part=None
    )
    record = factory.add('synthetic-29', 'STAR')
    given = record.model_copy(update={'seed': None, 'weights': weights, 'fingerprint': 'b' * 64})
    write_record(given, factory.reports / 'records')
    rows = sections()[0].rows
    first, second = choose_pair(rows, 'synthetic-29_resnet-18_star', '[300w.pth]')
    assert first.record.weights is None and second.record.weights == weights


def test_differences_are_those_of_the_common_seeds(factory):
    for seed in (0, 1, 2, 5):
        factory.add('synthetic-29', 'STAR', seed)
    for seed in (0, 1, 2, 7):
        factory.add('synthetic-29', 'smooth-L1', seed)
    found = compare_named([factory.reports], 'star', 'smooth')
    (one,) = [one for one in found.differences if one.measure == HEADLINE]
    assert one.seeds == (0, 1, 2)
    ours, theirs = (
        np.array([100 * run.read_predictions().nme('inter-pupil').mean() for run in row.done[:3]]) for row in found.rows
    )
    assert one.mean == pytest.approx((ours - theirs).mean())
    expected = stats.ttest_rel(ours, theirs).confidence_interval(0.95)
    assert one.over_seeds == pytest.approx((expected.low, expected.high))
    assert [value.mean for value in found.values(HEADLINE)] == pytest.approx([ours.mean(), theirs.mean()])


def test_every_subset_metric_and_normalizer_is_compared(filled):
    found = compare_named([filled], '300w_resnet-18_star', '300w_resnet-18_smooth-l1')
    measures = {one.measure for one in found.differences}
    assert len(measures) == len(found.differences) == 3 * 2 * (1 + 2 + 2)


def test_other_test_images_are_refused(factory):
    factory.add('synthetic-29', 'STAR', sizes={'full': 30})
    factory.add('synthetic-29', 'smooth-L1', sizes={'full': 20}, recipe='b')
    with pytest.raises(BenchmarkError, match='other test images'):
        compare_named([factory.reports], 'star', 'smooth')


def test_row_without_a_result_says_why(filled):
    with pytest.raises(BenchmarkError, match=r'hourglass.*star has no result: failed: loss is NaN in epoch 3'):
        compare_named([filled], '300w_hourglass', '300w_resnet-18_star')


def test_rows_without_a_common_seed_are_refused(factory):
    factory.add('synthetic-29', 'STAR', 1)
    for seed in (2, 3):
        factory.add('synthetic-29', 'smooth-L1', seed)
    with pytest.raises(BenchmarkError, match=r'star has seed 1, .*smooth-l1 seeds 2 3: none in common'):
        compare_named([factory.reports], 'star', 'smooth')


def test_sections_come_in_the_order_asked_for(factory, sections):
    for benchmark in ('300w', 'cofw'):
        factory.add(benchmark, status='not-run', reason='later')
    assert [one.benchmark.name for one in choose_sections(sections(), ['cofw', 'wflw', '300w', 'cofw'])] == [
        'cofw',
        '300w',
    ]
    assert len(choose_sections(sections(), [])) == 2
    with pytest.raises(UsageError, match="unknown benchmark '300W'"):
        choose_sections(sections(), ['300W'])


def test_nothing_is_written(factory):
    for loss in ('STAR', 'smooth-L1'):
        factory.add('synthetic-29', loss)
    before = sorted(factory.reports.rglob('*'))
    compare_named([factory.reports], 'star', 'smooth')
    assert sorted(factory.reports.rglob('*')) == before and FILE_NAME not in [path.name for path in before]
