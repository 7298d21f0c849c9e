from __future__ import annotations

import dataclasses
import shutil

import numpy as np
import pytest

from benchmark.analysis.replication import replications
from benchmark.protocol.measures import Measure
from benchmark.protocol.statistics import prediction_bound
from benchmark.records.parts import Part

NEWER = '2026-11-28T10:00:00Z'
SIZES = {'full': 60}


def _scaled(factory, seed, factor, loss='STAR'):
    """Predictions of the factory with all errors times a factor."""
    made = factory.predictions('synthetic-29', loss, seed, SIZES, 0.04)
    return dataclasses.replace(made, distances=(factor * made.distances).astype(np.float32))


@pytest.fixture
def train(factory, own):
    """Adds a row of STAR on 60 faces, published or own, with the errors of each seed times a factor."""

    def add(one, factors, **options):
        for seed, factor in factors.items():
            predictions = _scaled(factory, seed, factor)
            given = {'created': NEWER if one is own else '2026-11-24T10:00:00Z', **options}
            one.add('synthetic-29', 'STAR', seed, sizes=SIZES, predictions=predictions, **given)

    return add


@pytest.fixture
def found(both):
    """The only own row beside its published one."""

    def only():
        (one,) = replications(both()[0])
        return one

    return only


def test_same_predictions_are_identical(factory, own, train, found):
    for one in (factory, own):
        train(one, {0: 1.0, 1: 1.1, 2: 0.9})
    one = found()
    assert (one.verdict, one.identical, one.holds) == ('identical', 3, True)
    assert one.sentence().endswith('from the same predictions as published (seeds 0 1 2, inter-pupil).')


def test_number_within_what_seeds_do_is_reproduced(factory, own, train, found):
    train(factory, {0: 1.0, 1: 1.1, 2: 0.9})
    train(own, {0: 1.05})
    one = found()
    (row, published), outcome = (one.row, one.published), one.headline
    nme = Measure('full', 'inter-pupil', 'nme').key
    values = [run.digest.values[nme] for run in published.done]
    assert (one.verdict, one.seeds, outcome.spread.freedom) == ('reproduced', (0,), 2)
    assert outcome.published.mean == values[0] and outcome.here.mean == row.done[0].digest.values[nme]
    assert outcome.spread.deviation == pytest.approx(np.std(values, ddof=1))
    assert outcome.bound == pytest.approx(4.302653 * np.std(values, ddof=1) * np.sqrt(2))
    text = f'reproduced: NME {outcome.here.mean:.2f} against {outcome.published.mean:.2f} published, seeds spread '
    assert one.sentence().startswith(text)


def test_number_farther_away_than_seeds_explain_differs(factory, own, train, found):
    train(factory, {0: 1.0, 1: 1.01, 2: 0.99})
    train(own, {0: 1.5, 1: 1.5, 2: 1.5})
    one = found()
    assert (one.verdict, one.holds) == ('differs', False)
    assert 'more than seeds explain: seeds spread' in one.sentence()


def test_seeds_that_both_have_are_compared_and_others_left_out(factory, own, train, found):
    train(factory, {0: 1.0, 1: 1.1, 2: 0.9})
    train(own, {1: 1.1, 2: 0.9, 7: 3.0})
    one = found()
    assert one.seeds == (1, 2) and one.verdict == 'identical'


def test_without_a_common_seed_all_are_compared(factory, own, train, found):
    train(factory, {0: 1.0, 1: 1.1, 2: 0.9})
    train(own, {5: 1.0, 6: 1.0})
    one = found()
    assert (one.seeds, len(one.runs), len(one.others), one.over) == ((), 2, 3, '2 seeds here, 3 others published')
    assert one.headline.bound == pytest.approx(prediction_bound(one.headline.spread, 2, 3))


def test_row_of_few_seeds_takes_the_spread_of_its_network(factory, own, train, found):
    train(factory, {0: 1.0})
    for seed, factor in enumerate((1.0, 1.2, 0.8)):
        predictions = _scaled(factory, seed, factor, 'smooth-L1')
        factory.add('synthetic-29', 'smooth-L1', seed, sizes=SIZES, predictions=predictions)
        factory.add('synthetic-29', 'Wing', seed, sizes=SIZES, network='other', recipe='b', error=0.04 * seed + 0.1)
    train(own, {0: 1.01})
    one = found()
    expected = [run.digest.values[one.headline.measure.key] for run in one.alike[0].done]
    assert one.headline.spread.freedom == 2
    assert one.headline.spread.deviation == pytest.approx(np.std(expected, ddof=1))


def test_nothing_is_judged_where_nobody_has_two_seeds(factory, own, train, found):
    train(factory, {0: 1.0})
    train(own, {0: 1.5})
    one = found()
    assert (one.verdict, one.headline.bound, one.holds) == ('not judged', None, False)
    assert 'a single published seed does not tell how seeds vary' in one.sentence()


def test_other_test_images_are_not_compared(factory, own, both):
    factory.add('synthetic-29', 'STAR', sizes={'full': 60})
    own.add('synthetic-29', 'STAR', sizes={'full': 50})
    (one,) = replications(both()[0])
    assert one.verdict == 'not comparable' and 'other test images' in one.sentence()


def test_every_measure_of_the_headline_normalizer_has_its_own_verdict(factory, own, train, found):
    train(factory, {0: 1.0, 1: 1.1, 2: 0.9})
    train(own, {0: 1.05})
    measures = [outcome.measure for outcome in found().outcomes]
    assert {(one.subset, one.normalizer) for one in measures} == {('full', 'inter-pupil')}
    assert [one.metric for one in measures].count('nme') == 1 and len(measures) == 5


def test_published_copies_are_no_reproduction(factory, own, train, found, both):
    train(factory, {0: 1.0, 1: 1.1, 2: 0.9})
    shutil.copytree(factory.reports / 'records', own.reports / 'records')
    assert replications(both()[0]) == []
    train(own, {3: 1.0})
    assert [run.record.seed for run in found().runs] == [3]


@pytest.mark.parametrize(
    ('published', 'mine', 'count'),
    [
        ({'experiment': 'a' * 64}, {'experiment': 'a' * 64}, 1),
        ({'experiment': 'a' * 64, 'version': '1'}, {'experiment': 'a' * 64, 'version': '2'}, 1),
        ({'experiment': 'a' * 64}, {'experiment': 'b' * 64}, 0),
        ({'experiment': 'a' * 64, 'device': 'cpu'}, {'experiment': 'b' * 64, 'device': 'cuda'}, 1),
        ({}, {'experiment': 'b' * 64}, 1),
        ({}, {'components': {'loss': 'c' * 64}}, 0),
        ({'version': '1'}, {'version': '2'}, 0),
        ({}, {'recipe': 'b'}, 0),
    ],
)
def test_same_experiment_tells_what_is_a_reproduction(factory, own, train, both, published, mine, count):
    train(factory, {0: 1.0, 1: 1.1}, **published)
    train(own, {0: 1.0}, **mine)
    assert len(replications(both()[0])) == count


def test_published_rows_alone_reproduce_nothing(factory, sections):
    factory.add('synthetic-29', 'STAR')
    assert replications(sections()[0]) == []


def test_what_was_made_otherwise_is_named(factory, own, train, found):
    here = {'device_name': 'Xeon', 'kernels': 'AVX2', 'threads': 8, 'packages': {'torch': '2.9.1', 'numpy': '1.26.4'}}
    train(factory, {0: 1.0, 1: 1.1}, environment={'kernels': 'AVX512'}, pixels='a' * 64)
    train(own, {0: 1.0}, environment=here, pixels='b' * 64)
    assert found().circumstances == (
        'on Xeon instead of NVIDIA H100 80GB HBM3',
        'AVX2 instead of AVX512 kernels',
        '8 instead of 4 threads',
        'torch 2.9.1 instead of 2.9.0',
        'drawn pictures differ by rounding',
    )


def test_continued_training_was_made_where_its_parts_were(factory, own, train, found):
    train(factory, {0: 1.0, 1: 1.1})
    elsewhere = factory.add('synthetic-29').environment.model_copy(update={'device_name': 'Xeon'})
    part = Part(first_epoch=1, last_epoch=60, environment=elsewhere, peak_memory_mib=100.0)
    train(own, {0: 1.0}, parts=(part,))
    assert found().circumstances == ('on NVIDIA H100 80GB HBM3 and Xeon instead of NVIDIA H100 80GB HBM3',)


def test_what_is_not_known_of_both_is_not_called_different(factory, own, train, found):
    train(factory, {0: 1.0, 1: 1.1})
    train(own, {0: 1.0}, environment={'kernels': 'AVX2'}, pixels='b' * 64)
    assert found().circumstances == ()
