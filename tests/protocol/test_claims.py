from __future__ import annotations

import csv

import pandas as pd
import pytest

from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import BENCHMARKS
from benchmark.protocol.claims import CLAIMS_FILE, COLUMNS, check_rules, load_claims, select

GOOD = {
    'dataset': '300w',
    'subset': 'full',
    'normalizer': 'inter-ocular',
    'metric': 'auc',
    'threshold': '10',
    'value': '60.5',
    'method': 'M',
    'year': '2020',
    'backbone': '',
    'source': 'a paper',
    'source_kind': 'readme',
}


@pytest.fixture
def write(tmp_path):
    """Write rows (changes to a good row, or lists of fields) as a claims file."""

    def write(*rows, columns=COLUMNS):
        path = tmp_path / 'claims.csv'
        with open(path, 'w', newline='', encoding='utf-8') as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            for row in rows:
                writer.writerow(row if isinstance(row, list) else {**GOOD, **row}.values())
        return path

    return write


def test_shipped_claims_have_documented_columns_and_types():
    claims = load_claims()
    assert len(claims) == 215
    assert tuple(claims.columns) == COLUMNS
    assert list(claims.index) == list(range(215))
    assert claims['value'].dtype == claims['threshold'].dtype == 'float64'
    assert claims['threshold'].isna().equals(claims['metric'] == 'nme')


def _seed_claims():
    published = load_claims()
    return published[published['source_kind'] == 'seed']


def test_seed_claims_are_the_ten_figures_to_reproduce():
    columns = ['dataset', 'subset', 'normalizer', 'metric', 'threshold', 'value']
    assert set(_seed_claims()[columns].fillna(0).itertuples(index=False, name=None)) == {
        ('cofw', 'full', 'inter-pupil', 'nme', 0, 4.62),
        ('300w', 'full', 'inter-ocular', 'nme', 0, 2.87),
        ('300w', 'common', 'inter-ocular', 'nme', 0, 2.52),
        ('300w', 'challenge', 'inter-ocular', 'nme', 0, 4.32),
        ('300w', 'full', 'inter-pupil', 'nme', 0, 4.03),
        ('300w', 'common', 'inter-pupil', 'nme', 0, 3.50),
        ('300w', 'challenge', 'inter-pupil', 'nme', 0, 6.22),
        ('wflw', 'full', 'inter-ocular', 'nme', 0, 4.02),
        ('wflw', 'full', 'inter-ocular', 'fr', 10, 2.32),
        ('wflw', 'full', 'inter-ocular', 'auc', 10, 60.5),
    }
    assert len(_seed_claims()) == 10
    assert set(_seed_claims()['method']) == {'STAR'}


def test_shipped_claims_are_the_collected_ones_but_for_spelling(shared):
    collected = pd.read_csv(shared / 'claims' / 'published.csv').replace({'subset': {'makeup': 'make-up'}})
    collected['source'] = collected['source'].str.replace('seed page: Papers With Code 2', 'Papers With Code')
    ours = pd.read_csv(CLAIMS_FILE)
    pd.testing.assert_frame_equal(ours, collected)
    named = ours[ours['subset'] != 'private-test'][['dataset', 'subset']].drop_duplicates()
    assert all(subset in BENCHMARKS[dataset].subsets for dataset, subset in named.itertuples(index=False))


def test_select_keeps_the_rows_that_agree_with_every_argument():
    row = select('wflw', method='STAR', metric='auc', threshold=10)
    assert list(row['value']) == [60.5]
    assert set(select('300w', 'STAR', subset='full')['normalizer']) == {'inter-ocular', 'inter-pupil'}
    assert len(select('cofw')) + len(select('300w')) + len(select('wflw')) == 215


def test_select_is_empty_where_nothing_was_published():
    assert select('synthetic-68').empty
    assert select('wflw', method='STAR', threshold=8).empty


def test_a_good_file_is_read_as_written(write):
    claims = load_claims(write({}, {'metric': 'nme', 'threshold': '', 'value': '2.9'}))
    assert list(claims['value']) == [60.5, 2.9]
    assert list(claims['year']) == [2020, 2020]


def test_a_quoted_line_break_does_not_shift_the_row_that_an_error_names(write):
    path = write({'source': 'two\nlines'}, {'value': 'x'})
    with pytest.raises(BenchmarkError, match=r'row 4: value'):
        load_claims(path)


@pytest.mark.parametrize(
    ('row', 'message'),
    [
        ({'dataset': 'aflw'}, "dataset is 'aflw', expected one of cofw, 300w, wflw"),
        ({'subset': 'pose'}, "subset is 'pose', expected one of full, common, challenge, private-test"),
        ({'normalizer': ''}, "normalizer is ''"),
        ({'metric': 'NME'}, "metric is 'NME'"),
        ({'threshold': ''}, "threshold is ''"),
        ({'threshold': '0'}, "threshold is '0'"),
        ({'metric': 'nme'}, "threshold is '10', expected none"),
        ({'value': 'n/a'}, "value is 'n/a'"),
        ({'value': 'nan'}, "value is 'nan'"),
        ({'value': '101'}, "value is '101'"),
        ({'method': ' '}, 'method is empty'),
        ({'source': ''}, 'source is empty'),
        ({'source_kind': 'rumour'}, "source_kind is 'rumour'"),
        ({'year': '20'}, "year is '20'"),
        ({'value': '61', 'threshold': '10.0'}, 'the same figure as in row 2'),
        (['300w', 'full'], '2 fields, expected 11'),
        ([], '0 fields'),
    ],
)
def test_a_bad_row_is_refused_with_file_and_row(write, row, message):
    path = write({}, row)
    with pytest.raises(BenchmarkError) as caught:
        load_claims(path)
    assert str(caught.value).startswith(f'{path}: row 3: ')
    assert message in str(caught.value)


def test_a_wrong_header_is_refused(write):
    with pytest.raises(BenchmarkError, match='row 1: expected the columns dataset, subset'):
        load_claims(write({}, columns=COLUMNS[::-1]))


def test_an_absent_or_binary_file_is_refused(tmp_path):
    with pytest.raises(BenchmarkError, match=r'absent\.csv: not a readable table'):
        load_claims(tmp_path / 'absent.csv')
    (tmp_path / 'binary.csv').write_bytes(b'\xff\xfe\x00')
    with pytest.raises(BenchmarkError, match=r'binary\.csv: not a readable table'):
        load_claims(tmp_path / 'binary.csv')


def test_four_published_rows_break_a_rule():
    claims = load_claims()
    broken = {(v.rule, claims.loc[v.rows[0], 'method'], claims.loc[v.rows[0], 'dataset']) for v in check_rules()}
    assert broken == {
        ('subsets', 'LAB', '300w'),
        ('subsets', 'AVS+SAN', '300w'),
        ('area', 'DCFE', 'cofw'),
        ('area', 'AWing', 'cofw'),
    }


def test_rules_can_be_checked_on_a_part_of_the_table():
    assert [violation.rule for violation in check_rules(select('cofw'))] == ['area', 'area']
    assert check_rules(_seed_claims()) == []
