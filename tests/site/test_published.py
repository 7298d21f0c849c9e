from __future__ import annotations

import pytest

from benchmark.protocol.claims import load_claims
from benchmark.site import published as module
from benchmark.site.published import literature_table, violations
from tests.results import table_records


def test_every_published_figure_of_the_subsets_is_listed_once(factory, section):
    factory.add('300w')
    table = literature_table(section())
    listed = {
        (line['Method'], label): float(text)
        for line in table_records(table)[1:]
        for label, text in line.items()
        if label.startswith(('inter-', 'normalizer unknown ')) and text != '\u2013'
    }
    claims = load_claims()
    claims = claims[(claims['dataset'] == '300w') & (claims['subset'] != 'private-test')]
    measures = {claim.Index: module.measure_of(claim) for claim in claims.itertuples()}
    heads = {'unknown': 'normalizer unknown'}
    expected = {
        (
            claim.method,
            f'{heads.get(claim.normalizer, claim.normalizer)} {measures[claim.Index].metric_label} {claim.subset}',
        ): round(claim.value, 2)
        for claim in claims.itertuples()
    }
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
    assert literature_table(section()) is None


@pytest.fixture
def change_claims(monkeypatch):
    """Lets the pages see a method's figures with some values changed; a normalizer only where it was inter-pupil."""

    def change(method, **values):
        claims = load_claims()
        for column, value in values.items():
            of_method = claims['method'] == method
            if column == 'normalizer':
                of_method &= claims['normalizer'] == 'inter-pupil'
            claims.loc[of_method, column] = value
        monkeypatch.setattr(module, 'claims_of', lambda benchmark: claims[claims['dataset'] == benchmark.name])
        monkeypatch.setattr(module, '_broken_rules', lambda _: [])

    return change


def _line(table, method):
    return next(line for line in table_records(table) if line['Method'] == method)


@pytest.mark.parametrize(
    ('column', 'value', 'reason'),
    [
        ('extra_data', '20 million faces', 'extra training data: 20 million faces'),
        ('box', 'detector', 'face box from a detector'),
        ('weights', 'best on test', 'weights picked on the test set'),
    ],
)
def test_published_figure_says_what_makes_it_incomparable(factory, section, change_claims, column, value, reason):
    factory.add('cofw')
    change_claims('SLPT', **{'extra_data': '', 'box': 'landmarks', 'weights': 'last epoch'})
    assert _line(literature_table(section()), 'SLPT')['Not comparable because'] == '\u2013'
    change_claims('SLPT', **{'extra_data': '', 'box': '', 'weights': '', column: value})
    assert _line(literature_table(section()), 'SLPT')['Not comparable because'] == reason


def test_figure_of_an_unknown_normalizer_stands_under_a_heading_of_its_own(factory, section, change_claims):
    factory.add('cofw')
    change_claims('SLPT', normalizer='unknown')
    line = _line(literature_table(section()), 'SLPT')
    assert line['normalizer unknown NME full'] == '4.79'
    assert line['inter-pupil NME full'] == '\u2013' != line['inter-ocular NME full']


def test_measured_rows_say_what_makes_them_incomparable(add_published, section):
    add_published('cofw', box='detector', checkpoint_rule='best on test', train_images=1000)
    add_published('cofw', weights='official weights', name='given')
    lines = {line['Source']: line['Not comparable because'] for line in table_records(literature_table(section()))}
    trained = lines['measured here, 500 epochs']
    assert 'face box "detector"' in trained and 'rule "best on test"' in trained and 'partial data' in trained
    boxes = "landmarks' box instead of that of the official table (give it with --boxes)"
    assert lines['measured here, official weights'] == f'weights picked on the test set; {boxes}'
