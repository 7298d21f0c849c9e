from __future__ import annotations

import re

import numpy as np
import pytest
from scipy import stats

from benchmark.analysis.checked import checked_sections
from benchmark.analysis.difference import signed
from benchmark.analysis.findings.ambiguity import KINDS
from benchmark.analysis.findings.study import AMBIGUITY, study_findings
from benchmark.analysis.standings import Analysis
from benchmark.analysis.store import Store
from benchmark.records.record import read_records
from benchmark.records.residuals import Group, Heatmaps, Residuals, write_residuals
from benchmark.records.seal import file_sha256
from tests.results import Factory

LOSSES = ('smooth-L1', 'STAR')
SMALL = {'full': 80, 'common': 60, 'challenge': 20}


@pytest.fixture
def network(factory, register):
    """Writes rows of one network under a plan; STAR's error is lower by ``better``, but for noise of the seeds."""

    def write(plan, name, better, seeds=5, losses=LOSSES):
        rng = np.random.default_rng(len(name))
        records = []
        for loss in losses:
            for seed in range(seeds):
                error = 0.05 - (better if loss.startswith('STAR') else 0) + rng.normal(0, 1e-4)
                told = {'recipe': name, 'config': 'flip=0.0\n' if 'unmirrored' in name else ''}
                records.append(factory.add('300w', loss, seed, network=name, sizes=SMALL, error=error, **told))
        register(plan, records)
        return records

    return write


@pytest.fixture
def find(factory):
    """The findings of the factory's folder by their letter."""

    def find():
        store = Store()
        analyses = [Analysis(section, store).completed() for section in checked_sections([factory.reports], store)]
        return {one.key: one for one in study_findings(analyses, factory.reports, Store(), store)}

    return find


def test_without_the_study_there_is_nothing_to_say(factory, find):
    factory.add('300w', 'STAR', sizes=SMALL)
    assert find() == {}


@pytest.mark.parametrize(
    ('gains', 'answer'),
    [
        ((0.01, 0.01, 0.0), 'yes'),
        ((-0.01, -0.01, 0.0), 'no'),
        ((0.01, 0.0, 0.0), 'open'),
        ((0.01, 0.01, -0.01), 'open'),
    ],
)
def test_two_networks_with_one_sign_decide_and_one_with_the_other_forbids(network, find, gains, answer):
    plans = ('study-resnet', 'study-hourglass', 'study-hrnet')
    for plan, gain in zip(plans, gains, strict=True):
        network(plan, plan.removeprefix('study-'), gain)
    found = find()['A']
    assert found.answer == answer
    assert [one.label for one in found.measured] == ['full', 'common', 'challenge'] * 3
    by_network = {one.group.split(',')[0]: one for one in found.measured if one.label == 'full'}
    for plan, gain in zip(plans, gains, strict=True):
        assert by_network[plan.removeprefix('study-')].mean == pytest.approx(-100 * gain, abs=0.25)


def test_a_network_that_was_not_trained_is_said_to_be_missing(network, find):
    network('study-resnet', 'resnet', 0.01)
    claims = find()['A'].claims
    assert 'The second network has not been trained.' in claims and 'The third network has not been trained.' in claims


def test_rows_of_another_plan_or_of_none_are_no_part_of_the_answer(network, find):
    network('study-resnet', 'resnet', 0.01)
    network('another', 'other', -0.03)
    assert {one.group.split(',')[0] for one in find()['A'].measured} == {'resnet'}


def test_losses_stand_in_the_order_of_their_errors_beside_star(network, find):
    network('study-resnet', 'resnet', 0.01)
    network('study-losses', 'resnet', 0.02, seeds=3, losses=('STAR (l1)', 'Wing'))
    found = find()['B']
    assert [one.label for one in found.measured] == ['STAR (l1)', 'STAR', 'Wing']
    assert found.claims[0].startswith('The lowest error: STAR (l1)')


def drawn(factory, level, gain, noise):
    """Drawn faces of one noise; ``gain`` is what STAR's error is lower by on each seed, besides ``noise``."""
    other = Factory(factory.reports / AMBIGUITY / level)
    for seed, more in enumerate(noise):
        for loss, error in (('smooth-L1', 0.05), ('STAR', 0.05 - gain - more)):
            other.add('synthetic-68', loss, seed, sizes={'full': 60, 'common': 48, 'challenge': 12}, error=error)


def differences(find_factory, level):
    store = Store()
    folder = find_factory.reports / AMBIGUITY / level
    (section,) = checked_sections([folder], store)
    rows = {row.record.loss: row for row in section.rows}
    nme = {loss: [100 * run.digest.nme('inter-ocular').mean() for run in row.done] for loss, row in rows.items()}
    return np.subtract(nme['STAR'], nme['smooth-L1'])


def test_noise_along_contours_is_compared_with_noise_of_its_size_in_all_directions(factory, find):
    noise = np.random.default_rng(0).normal(0, 5e-4, (5, 5))
    for level, gain, row in zip(
        ('along-0', 'along-2', 'along-4', 'around-2', 'around-4'), (0, 0.004, 0.008, 0.0, 0.0), noise, strict=True
    ):
        drawn(factory, level, gain, row)
    found = find()['D']
    assert found.answer == 'yes'
    assert sum('corrected for 5 comparisons' in one for one in found.claims) == 5
    contrast = differences(factory, 'along-4') - differences(factory, 'around-4')
    low, high = stats.ttest_1samp(contrast, 0).confidence_interval(0.95)
    (claim,) = [one for one in found.claims if one.startswith('At 4 %')]
    numbers = f'{contrast.mean():.2f} [{low:.2f}, {high:.2f}]'.replace('-', '\u2212')
    assert numbers in claim and claim.endswith('that they differ is shown.')
    for kind in ('along', 'around'):
        levels = ('along-0', f'{kind}-2', f'{kind}-4')
        values = zip(*(differences(factory, level) for level in levels), strict=True)
        slopes = [np.polyfit([0, 2, 4], each, 1)[0] for each in values]
        (claim,) = [one for one in found.claims if one.startswith(f'With each percent of {KINDS[kind]}')]
        assert f'{np.mean(slopes):.3f}'.replace('-', '\u2212') in claim
    (claim,) = [one for one in found.claims if one.startswith('NME of smooth-L1 and STAR')]
    theirs, ours = (float(one) for one in re.search(r'(\S+) and (\S+) with 4 % noise along contours', claim).groups())
    assert ours - theirs == pytest.approx(differences(factory, 'along-4').mean(), abs=0.011)


def residuals(record, reports, along, across, right, training=False, images=100):
    """A file of residuals with the same errors at every landmark."""
    count = 68
    heatmaps = Heatmaps(variance=tuple((2.0 + index, 1.0) for index in range(count)), squared_cosine=(0.75,) * count)
    moments = {
        'images': images,
        'mean': ((right, 0.0),) * count,
        'covariance': ((1.0, 0.0, 1.0),) * count,
        'mean_square': tuple((1.0 + index, 1.0) for index in range(count)),
        'mean_absolute': ((along, across),) * count,
        'image_mean': (right, 0.0),
        'image_deviation': (1.0, 1.0),
        'nme': 5.5 + record.seed / 10,
        'nme_centred': 5.4,
        'heatmaps': heatmaps,
    }
    write_residuals(
        Residuals(
            name=record.name,
            seed=None if training else record.seed,
            fingerprint=record.fingerprint,
            benchmark='300w',
            predictions_sha256=file_sha256(reports / 'records' / record.predictions),
            dataset_fingerprint='d',
            groups=(Group(name='all', **moments), Group(name='ibug', **moments)),
        ),
        reports / 'residuals' / f'{record.name}-{record.seed}{"-training" if training else ""}.json',
    )


def test_errors_along_and_across_are_paired_over_seeds(factory, network, find):
    network('study-resnet', 'resnet', 0.01)
    along = {'STAR': (2.3, 2.1, 2.4, 2.2, 2.0), 'smooth-L1': (2.0, 2.0, 2.0, 2.0, 2.0)}
    for record in read_records(factory.reports / 'records'):
        residuals(record, factory.reports, along[record.loss][record.seed], 1.0, right=-0.9)
    found = find()['E']
    lines = {one.label: one for one in found.measured}
    test = stats.ttest_1samp(np.subtract(along['STAR'], along['smooth-L1']), 0)
    low, high = test.confidence_interval(0.95)
    assert (lines['jaw, along'].mean, lines['jaw, along'].low, lines['jaw, along'].high) == pytest.approx(
        (0.2, low, high)
    )
    assert lines['jaw, along'].decided and not lines['jaw, across'].decided
    assert any('jaw 0.75 and 0.75' in claim for claim in found.claims)
    # means of 2 to 69 and 1 to 68
    assert any('STAR heatmaps 6.0 and 1.0, errors 5.9 and 1.0' in claim for claim in found.claims)


def test_a_lean_is_there_where_test_and_training_faces_have_it_with_one_sign(factory, network, find):
    network('study-resnet', 'resnet', 0.01)
    records = list(read_records(factory.reports / 'records'))
    for record in records:
        residuals(record, factory.reports, 2.0, 1.0, right=-0.9)
        residuals(record, factory.reports, 2.0, 1.0, right=-0.8, training=True, images=400)
    found = find()['F']
    assert found.answer == 'yes'
    half = stats.t.ppf(0.975, 99) / 10
    line = next(one for one in found.measured if one.label == 'test faces')
    assert (line.mean, line.low, line.high) == pytest.approx((-0.9, -0.9 - half, -0.9 + half))
    assert any(
        f'on 100 test faces, this sign at 68 of 68 landmarks (ibug {signed(-0.9)})' in claim for claim in found.claims
    )
    low, high = stats.ttest_1samp([0.1, 0.2, 0.3, 0.4, 0.5], 0).confidence_interval(0.95)
    assert any(f'the lean adds to NME smooth-L1 +0.30 [+{low:.2f}, +{high:.2f}]' in claim for claim in found.claims)
    assert any('the annotation or the crop: not decided' in claim for claim in found.claims)
    for record in records:
        residuals(record, factory.reports, 2.0, 1.0, right=0.01, training=True, images=400)
    assert find()['F'].answer == 'open'


@pytest.mark.parametrize(('without', 'cause'), [(0.01, 'the annotation;'), (-0.9, 'not decided;')])
def test_the_annotation_is_the_cause_where_the_lean_is_in_the_second_network_and_gone_without_mirroring(
    factory, network, find, without, cause
):
    for record in [*network('study-hourglass', 'hourglass', 0.01), *network('study-mirroring', 'a-unmirrored-b', 0.01)]:
        right = without if 'unmirrored' in record.name else -0.9
        residuals(record, factory.reports, 2.0, 1.0, right=right)
        residuals(record, factory.reports, 2.0, 1.0, right=right, training=True, images=400)
    assert any(f'the annotation or the crop: {cause}' in claim for claim in find()['F'].claims)


def test_a_remedy_is_right_for_the_losses_whose_error_it_lowers(factory, network, find):
    for record in [*network('study-resnet', 'resnet', 0.0), *network('study-mirroring', 'a-unmirrored-b', 0.01)]:
        residuals(record, factory.reports, 2.0, 1.0, right=-0.9)
    claims = find()['F'].claims
    assert any('as the plan asks of a remedy, for STAR, not for smooth-L1.' in claim for claim in claims)
    assert any(claim.startswith('STAR without mirroring lowers NME by 1.0') for claim in claims)


def test_only_networks_small_enough_count(factory, register, find):
    register('study-small', [factory.add('300w', 'STAR', error=0.02, sizes=SMALL)])
    assert find() == {}


def test_the_rate_with_the_lowest_mean_of_both_losses_is_said_to_be_taken(factory, network, find):
    network('study-resnet', 'resnet', 0.01)
    trials, found = Factory(factory.reports / 'tuning'), {}
    for rate, errors in {'3e-3': (0.06, 0.05), '6e-3': (0.052, 0.056)}.items():
        for loss, error in zip(LOSSES, errors, strict=True):
            name = f'net-{loss.lower()}-lr{rate}_10e_300w-64x64'
            record = trials.add('300w', loss, name=name, error=error, sizes=SMALL)
            found[loss, rate] = next(one.value for one in record.metrics if one.normalizer == 'inter-ocular')
    (claim,) = find()['Tuning'].claims
    told = [f'{loss} {found[loss, "3e-3"]:.2f} at 0.003, {found[loss, "6e-3"]:.2f} at 0.006' for loss in LOSSES]
    assert claim.endswith(f'{"; ".join(told)}; taken: 0.006.')
