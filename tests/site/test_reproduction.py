from __future__ import annotations

import pytest

from benchmark.protocol.claims import load_claims
from benchmark.records.parts import Pretrained
from benchmark.site.departures import departures
from benchmark.site.published import claims_of, literature_table
from benchmark.site.reproduction import reproduction_table
from benchmark.site.tables import NONE
from tests.results import table_records

OFFICIAL = 'Hourglass (4 stacks, AAM)'


@pytest.fixture
def lines(section):
    """Lines of the ten figures of the only benchmark."""

    def read():
        table = reproduction_table(section())
        return table_records(table)[: len(table.bodies[0])]

    return read


def test_the_ten_figures_to_reproduce_come_first(factory, sections):
    for benchmark in ('300w', 'cofw', 'wflw'):
        factory.add(benchmark, status='not-run', reason='later')
    first = {}
    for section in sections():
        table = reproduction_table(section)
        lines = table_records(table)[: len(table.bodies[0])]
        assert len(lines) == len(table.bodies[0])
        for line in lines:
            key = (section.benchmark.name, line['Subset'], line['Normalizer'], line['Metric'])
            first[key] = float(line['Claimed'])
    assert first == {
        ('cofw', 'full', 'inter-pupil', 'NME'): 4.62,
        ('300w', 'full', 'inter-ocular', 'NME'): 2.87,
        ('300w', 'common', 'inter-ocular', 'NME'): 2.52,
        ('300w', 'challenge', 'inter-ocular', 'NME'): 4.32,
        ('300w', 'full', 'inter-pupil', 'NME'): 4.03,
        ('300w', 'common', 'inter-pupil', 'NME'): 3.50,
        ('300w', 'challenge', 'inter-pupil', 'NME'): 6.22,
        ('wflw', 'full', 'inter-ocular', 'NME'): 4.02,
        ('wflw', 'full', 'inter-ocular', 'FR@10'): 2.32,
        ('wflw', 'full', 'inter-ocular', 'AUC@10'): 60.5,
    }


def test_figure_without_a_run_is_not_reproduced_and_never_zero(factory, lines):
    factory.add('cofw', status='no-data', reason='no prepared data')
    (line,) = lines()
    assert line['Measured here'] == line['Difference'] == NONE
    assert line['Comparable'] == 'not reproduced: no-data'


def test_figure_is_not_called_without_data_once_another_row_was_trained(factory, lines):
    factory.add('cofw', status='no-data', reason='no prepared data')
    factory.add('cofw', 'smooth-L1')
    assert lines()[0]['Comparable'] == 'not reproduced: not-run'


def test_difference_is_reproduced_minus_claimed(add_published, section, lines):
    add_published()
    runs = [run.read_predictions() for run in section().rows[0].done]
    nmes = [100 * one.mean_distance / one.inter_ocular for one in runs]
    first, rate, _ = lines()
    mean = sum(nme.mean() for nme in nmes) / 3
    assert first['Measured here'].startswith(f'{mean:.2f} ±')
    assert rate['Measured here'].startswith(f'{sum(100 * (nme > 10).mean() for nme in nmes) / 3:.2f} ±')
    assert first['Difference'] == f'{mean - 4.02:+.2f}'.replace('-', '\u2212')


@pytest.mark.parametrize('batch', [32, 128])
def test_same_setting_on_complete_data_is_comparable(add_published, lines, batch):
    add_published(batch=batch)
    assert {line['Comparable'] for line in lines()} == {'comparable'}


PRETRAINED = Pretrained(name='torchvision://resnet50', file='resnet50.pth', sha256='ab' * 32)
SAMPLE = [
    ({'loss': 'STAR (l1)'}, 'STAR (l1) instead of STAR'),
    ({'network': 'ResNet-18'}, f'ResNet-18 instead of {OFFICIAL}'),
    ({'input_size': (128, 128)}, 'input 128 \u00d7 128 instead of 256 \u00d7 256'),
    ({'epochs': 60}, '60 epochs instead of 500'),
    ({'batch': 16}, 'batches of 16 images instead of 32 or 128'),
    ({'batch': None}, 'batch size not recorded'),
    ({'checkpoint_rule': 'best on test'}, 'weights of the rule "best on test" instead of the last epoch'),
    ({'checkpoint_rule': 'last epoch, best of 3 runs'}, 'weights of the rule "last epoch, best of 3 runs" instead of'),
    ({'checkpoint_rule': None}, 'not recorded which weights were tested'),
    ({'box': 'RetinaFace detector'}, 'face box "RetinaFace detector" instead of one from the true landmarks'),
    ({'box': 'of detected landmarks'}, 'face box "of detected landmarks" instead of one from the true landmarks'),
    ({'box': None}, 'face box not recorded'),
    ({'train_images': 2012}, 'partial data: 2012 of 7500 training images'),
    ({'train_images': 61225}, '61225 training images instead of 7500'),
    ({'pretrained': PRETRAINED}, 'trained from the weights torchvision://resnet50'),
    ({'seeds': 1}, '1 seed instead of at least 3'),
    ({'seeds': 2}, '2 seeds instead of at least 3'),
]


@pytest.mark.parametrize(('change', 'reason'), SAMPLE)
def test_another_setting_is_not_comparable_says_why_and_has_no_difference(add_published, lines, change, reason):
    add_published(**change)
    first, *others = lines()
    assert first['Comparable'].startswith(f'not comparable: {reason}')
    assert ';' not in first['Comparable']
    assert first['Measured here'] != NONE
    assert {line['Difference'] for line in (first, *others)} == {NONE}
    assert {line['Comparable'] for line in others} == {'not comparable, as above'}


@pytest.mark.parametrize('rule', ['last epoch, EMA weights', 'last epoch', 'Last epoch', 'final epoch'])
@pytest.mark.parametrize('box', ['landmark bounding box x 1.25', 'landmark bounding box x 1, official crop'])
def test_weights_of_the_last_epoch_in_a_box_of_the_landmarks_are_the_published_setting(
    add_published, section, rule, box
):
    add_published(checkpoint_rule=rule, box=box)
    assert departures(section().rows[0], OFFICIAL) == []


def test_all_departures_are_listed(add_published, section):
    add_published(network='ResNet-18', epochs=60, batch=16, seeds=1, checkpoint_rule='best on test', box='detector')
    assert len(departures(section().rows[0], OFFICIAL)) == 6


def test_configuration_nearest_to_the_published_setting_is_taken(factory, add_published, lines):
    factory.add('wflw', network='ResNet-18', recipe='b', error=0.03)
    add_published(seeds=1)
    assert lines()[0]['Measured with'].startswith(f'STAR, {OFFICIAL}')


def test_official_weights_in_official_boxes_check_the_evaluation(add_published, lines):
    add_published(weights='official weights', boxes='official table', error=0.05)
    (given, *_) = lines()
    assert given['Measured with'].endswith('official weights')
    assert given['Comparable'].startswith('checks the evaluation, not the training')
    assert 'picked on the test set' in given['Comparable']
    assert given['Difference'] != NONE


def test_official_weights_in_the_landmarks_boxes_are_not_comparable_and_say_why(add_published, lines):
    add_published(weights='official weights', error=0.05)
    add_published(name='trained', seeds=1)
    trained, given = lines()[:2]
    assert trained['Measured with'].endswith('1 seed')
    assert trained['Comparable'] == 'not comparable: 1 seed instead of at least 3'
    assert given['Measured with'].endswith('official weights')
    reason = "landmarks' box instead of that of the official table (give it with --boxes)"
    assert given['Comparable'] == f'not comparable: {reason}'
    assert trained['Difference'] == given['Difference'] == NONE


def test_no_published_figure_stands_beside_boxes_of_a_detector(add_published, sections):
    add_published(weights='official weights', boxes='WFLW rectangles')
    add_published(name='trained')
    usual, detected = sections()
    assert detected.benchmark.title == 'WFLW, boxes of a detector' and len(detected.rows) == 1
    assert reproduction_table(detected) is None and literature_table(detected) is None
    assert all(row.record.boxes is None for row in usual.rows)
    tables = [*table_records(reproduction_table(usual)), *table_records(literature_table(usual))]
    assert not [line for line in tables if 'official weights' in ' '.join(line.values())]


def test_figure_in_boxes_of_a_detector_stands_beside_its_kind_alone(add_published, sections, monkeypatch):
    claims = load_claims()
    claims.loc[(claims['dataset'] == 'wflw') & (claims['method'] == 'SLPT'), 'box'] = 'detector'
    monkeypatch.setattr('benchmark.protocol.claims.load_claims', lambda: claims)
    claims_of.cache_clear()
    add_published(weights='official weights', boxes='WFLW rectangles')
    (detected,) = sections()
    methods = {line['Method'] for line in table_records(literature_table(detected))}
    claims_of.cache_clear()
    assert methods == {'SLPT', 'STAR'}, 'the figure, and the row itself'


@pytest.mark.parametrize('change', [{'train_images': None, 'sizes': {'full': 300}}, {'input_size': (128, 128)}])
def test_official_weights_on_other_faces_or_input_have_no_difference(add_published, lines, change):
    add_published(weights='official weights', boxes='official table', **change)
    given = lines()[0]
    assert given['Comparable'].startswith('not comparable: ')
    assert given['Difference'] == NONE


def test_of_other_weights_it_is_not_known_how_they_were_trained(add_published, lines):
    add_published(weights='given weights')
    trained, given = lines()[:2]
    assert trained['Comparable'] == 'not reproduced: no such run'
    assert given['Comparable'] == 'not comparable: given weights, of which it is not known how they were trained'
    assert given['Difference'] == NONE


def test_nothing_is_published_for_synthetic_faces(factory, section):
    factory.add('synthetic-68')
    assert reproduction_table(section()) is None
