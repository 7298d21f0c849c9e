from __future__ import annotations

import pytest

from benchmark.protocol.claims import load_claims
from benchmark.site.published import literature_table, reproduction_table, violations

OFFICIAL = 'Hourglass (4 stacks, AAM)'


def _records(table):
    labels = [f'{column.group} {column.label}'.strip() for column in table.columns]
    return [
        dict(zip(labels, (cell.text for cell in line.cells), strict=True)) for body in table.bodies for line in body
    ]


@pytest.fixture
def section(sections):
    return lambda: sections()[0]


def test_the_ten_figures_to_reproduce_come_first(factory, sections):
    for benchmark in ('300w', 'cofw', 'wflw'):
        factory.add(benchmark, status='not-run', reason='later')
    first = {}
    for section in sections():
        table = reproduction_table(section)
        lines = _records(table)[: len(table.bodies[0])]
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


def test_figure_without_a_run_is_not_reproduced_and_never_zero(factory, section):
    factory.add('cofw', status='no-data', reason='no prepared data')
    line = _records(reproduction_table(section()))[0]
    assert line['Reproduced'] == line['Difference'] == '\u2013'
    assert line['Comparable'] == 'not reproduced: no-data'


def test_difference_is_reproduced_minus_claimed(factory, section):
    factory.add('wflw', network=OFFICIAL, epochs=500)
    row = section().rows[0]
    predictions = row.done[0].read_predictions()
    nme = 100 * predictions.mean_distance / predictions.inter_ocular
    lines = {line['Metric']: line for line in _records(reproduction_table(section()))[:3]}
    assert lines['NME']['Reproduced'] == f'{nme.mean():.2f}'
    assert lines['FR@10']['Reproduced'] == f'{100 * (nme > 10).mean():.2f}'
    difference = f'{nme.mean() - 4.02:+.2f}'.replace('-', '\u2212')
    assert lines['NME']['Difference'] == difference


def test_same_setting_on_complete_data_is_comparable(factory, section):
    factory.add('wflw', network=OFFICIAL, epochs=500)
    assert _records(reproduction_table(section()))[0]['Comparable'] == 'comparable'


@pytest.mark.parametrize(
    ('change', 'reason'),
    [
        ({'network': 'ResNet-18'}, f'ResNet-18 instead of {OFFICIAL}'),
        ({'input_size': (128, 128)}, 'input 128 \u00d7 128 instead of 256 \u00d7 256'),
        ({'epochs': 60}, '60 epochs instead of 500'),
        (
            {'train_images': 2012},
            'partial data: 2012 of 7500 training images',
        ),
    ],
)
def test_another_setting_is_not_comparable_and_says_why(factory, section, change, reason):
    factory.add('wflw', **{'network': OFFICIAL, 'epochs': 500, **change})
    assert _records(reproduction_table(section()))[0]['Comparable'] == f'not comparable: {reason}'


def test_configuration_nearest_to_the_published_setting_is_taken(factory, section):
    factory.add('wflw', network='ResNet-18', recipe='a', error=0.03)
    factory.add('wflw', network=OFFICIAL, recipe='b', error=0.05, epochs=500)
    assert _records(reproduction_table(section()))[0]['Reproduced with'].startswith(f'STAR, {OFFICIAL}')


def test_every_published_figure_of_the_subsets_is_listed_once(factory, section):
    factory.add('300w')
    table = literature_table(section())
    listed = {
        (line['Method'], label): float(text)
        for line in _records(table)[1:]
        for label, text in line.items()
        if label.startswith('inter-') and text != '\u2013'
    }
    claims = load_claims()
    claims = claims[(claims['dataset'] == '300w') & (claims['subset'] != 'private-test')]
    expected = {(c.method, f'{c.normalizer} NME {c.subset}'): round(c.value, 2) for c in claims.itertuples()}
    assert listed == expected


def test_contradictory_published_figures_are_marked(factory, section):
    factory.add('300w')
    table = literature_table(section())
    marked = {
        line.cells[0].text for line in table.bodies[1] if any('breaks a rule' in cell.note for cell in line.cells)
    }
    assert 'LAB' in marked and 'STAR' not in marked
    assert any(sentence.startswith('LAB on 300W') for sentence in violations(section()))


def test_nothing_is_published_for_synthetic_faces(factory, section):
    factory.add('synthetic-68')
    assert reproduction_table(section()) is None
    assert literature_table(section()) is None
