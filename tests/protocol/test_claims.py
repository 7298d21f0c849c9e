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
    'extra_data': '',
    'box': '',
    'weights': '',
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
    assert len(claims) == 267
    assert tuple(claims.columns) == COLUMNS
    assert list(claims.index) == list(range(267))
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


def test_shipped_claims_begin_with_the_collected_ones_but_for_spelling_and_one_year(shared):
    collected = pd.read_csv(shared / 'claims' / 'published.csv').replace({'subset': {'makeup': 'make-up'}})
    collected['source'] = collected['source'].str.replace('seed page: Papers With Code 2', 'Papers With Code')
    collected.loc[collected['method'] == 'D-ViT', 'year'] = 2025
    ours = pd.read_csv(CLAIMS_FILE)
    pd.testing.assert_frame_equal(ours.loc[: len(collected) - 1, list(collected)], collected)
    named = ours[ours['subset'] != 'private-test'][['dataset', 'subset']].drop_duplicates()
    assert all(subset in BENCHMARKS[dataset].subsets for dataset, subset in named.itertuples(index=False))


def test_select_keeps_the_rows_that_agree_with_every_argument():
    row = select('wflw', method='STAR', metric='auc', threshold=10)
    assert list(row['value']) == [60.5]
    assert set(select('300w', 'STAR', subset='full')['normalizer']) == {'inter-ocular', 'inter-pupil'}
    assert len(select('cofw')) + len(select('300w')) + len(select('wflw')) == len(load_claims())


def test_select_is_empty_where_nothing_was_published():
    assert select('synthetic-68').empty
    assert select('wflw', method='STAR', threshold=8).empty


def test_a_good_file_is_read_as_written(write):
    claims = load_claims(write({}, {'metric': 'nme', 'threshold': '', 'value': '2.9'}))
    assert list(claims['value']) == [60.5, 2.9]
    assert list(claims['year']) == [2020, 2020]


def test_figures_that_differ_in_data_box_weights_or_normalizer_say_so(write):
    limits = {'extra_data': '300W-LP', 'box': 'detector', 'weights': 'last epoch', 'normalizer': 'unknown'}
    plain, limited = load_claims(write({}, limits))[list(limits)].to_dict('records')
    assert plain == {'extra_data': '', 'box': '', 'weights': '', 'normalizer': 'inter-ocular'}
    assert limited == limits


def test_a_method_is_published_in_one_year():
    assert (load_claims().groupby('method')['year'].nunique() == 1).all()


def test_epochs_are_known_to_be_best_on_test_for_star_and_the_model_zoo_only():
    claims = load_claims()
    best = claims['weights'] == 'best on test'
    assert best.equals((claims['method'] == 'STAR') | (claims['source_kind'] == 'model zoo'))
    assert set(claims['weights']) == {'', 'best on test'}


def test_boxes_are_stated_only_where_they_are_known():
    claims = load_claims()
    known = claims[claims['box'] == 'landmarks']
    assert set(claims['box']) == {'', 'landmarks'}
    assert set(known[known['source_kind'] != 'model zoo']['method']) == {
        *('STAR', 'ADNet', 'LAB', 'HRNet', 'HRNet (released model)'),
    }
    assert set(known[known['method'] == 'LAB']['dataset']) == {'wflw'}


def test_methods_with_more_training_data_are_known():
    claims = load_claims()
    assert set(claims[claims['extra_data'] != '']['method']) == {'FaRL', 'TUFA'}


def test_the_model_that_hrnet_released_is_not_the_one_of_its_paper():
    assert list(select('300w', 'HRNet')['value']) == [3.32, 2.87, 5.15]
    assert list(select('300w', 'HRNet (released model)')['value']) == [3.34, 2.91, 5.11]


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
        *(({'threshold': text}, f"threshold is '{text}'") for text in ('0', '-1', '100.1')),
        ({'metric': 'nme'}, "threshold is '10', expected none"),
        *(({'value': text}, f"value is '{text}'") for text in ('n/a', 'nan', '100.1', '-0.1', '6_0', '\uff16\uff10')),
        ({'method': ' '}, 'method is empty'),
        *(({'source': text}, 'source is empty') for text in ('', ' ')),
        ({'source_kind': 'rumour'}, "source_kind is 'rumour'"),
        ({'extra_data': ' '}, 'extra_data is blank'),
        ({'box': 'eyes'}, "box is 'eyes', expected one of landmarks, detector, nothing"),
        ({'weights': 'best'}, "weights is 'best', expected one of best on test, last epoch, nothing"),
        *(({'year': text}, f"year is '{text}'") for text in ('20', '20201', '3020')),
        ({'value': '61', 'threshold': '10.0'}, 'the same figure as in row 2'),
        *((['300w'] * count, f'{count} fields, expected 14') for count in (0, 2, 15)),
    ],
)
def test_a_bad_row_is_refused_with_file_and_row(write, row, message):
    path = write({}, row)
    with pytest.raises(BenchmarkError) as caught:
        load_claims(path)
    assert str(caught.value).startswith(f'{path}: row 3: ')
    assert message in str(caught.value)


def test_whole_percentages_up_to_all_are_read_as_float64(write):
    claims = load_claims(write({'value': '0', 'threshold': '100'}, {'value': '100', 'threshold': '1'}))
    assert list(claims['value']) == [0, 100] and list(claims['threshold']) == [100, 1]
    assert claims['value'].dtype == claims['threshold'].dtype == 'float64'


@pytest.mark.parametrize('change', [{'threshold': '8'}, {'metric': 'fr'}, {'method': 'N'}, {'subset': 'common'}])
def test_figures_that_differ_in_one_column_are_two(write, change):
    assert len(load_claims(write({}, change))) == 2


def test_an_error_given_twice_is_refused_though_it_has_no_threshold(write):
    error = {'metric': 'nme', 'threshold': ''}
    with pytest.raises(BenchmarkError, match='row 4: the same figure as in row 3'):
        load_claims(write({}, error, error))


def test_a_table_without_figures_is_empty_but_a_file_without_a_header_is_refused(write, tmp_path):
    assert load_claims(write()).empty
    (tmp_path / 'empty.csv').touch()
    with pytest.raises(BenchmarkError, match='row 1: expected the columns'):
        load_claims(tmp_path / 'empty.csv')


def test_text_is_read_as_it_was_written(write):
    assert list(load_claims(write({'source': 'Rössler\r\n2020'}))['source']) == ['Rössler\r\n2020']


@pytest.mark.parametrize('columns', [COLUMNS[::-1], COLUMNS[:-1]])
def test_a_wrong_header_is_refused(write, columns):
    with pytest.raises(BenchmarkError, match='row 1: expected the columns dataset, subset'):
        load_claims(write({}, columns=columns))


def test_an_absent_binary_or_misquoted_file_is_refused(tmp_path):
    with pytest.raises(BenchmarkError, match=r'absent\.csv: not a readable table'):
        load_claims(tmp_path / 'absent.csv')
    for content in (b'\xff\xfe\x00', b'dataset,"sub"set\n'):
        (tmp_path / 'binary.csv').write_bytes(content)
        with pytest.raises(BenchmarkError, match=r'binary\.csv: not a readable table'):
            load_claims(tmp_path / 'binary.csv')


def test_ten_times_published_figures_break_a_rule():
    first = [load_claims().loc[violation.rows[0]] for violation in check_rules()]
    rules = [violation.rule for violation in check_rules()]
    broken = [(rule, row['method'], row['dataset'], row['subset']) for rule, row in zip(rules, first, strict=True)]
    assert sorted(broken) == [
        ('area', 'AWing', 'cofw', 'full'),
        ('area', 'DCFE', 'cofw', 'full'),
        ('counting', 'DCFE', 'cofw', 'full'),
        ('counting', 'RCPR', 'cofw', 'full'),
        ('counting', 'Structured heatmap regression (Yang & Yeh)', 'cofw', 'full'),
        ('normalizers', 'LAB', '300w', 'challenge'),
        ('normalizers', 'LAB', '300w', 'common'),
        ('normalizers', 'LAB', '300w', 'full'),
        ('subsets', 'AVS+SAN', '300w', 'full'),
        ('subsets', 'LAB', '300w', 'full'),
    ]


def test_of_the_impossible_failure_rates_only_that_of_dcfe_is_truncated():
    counting = [violation.explanation for violation in check_rules() if violation.rule == 'counting']
    assert ['truncated' in explanation for explanation in counting] == [False, True, False]
    assert counting[1].startswith('DCFE on COFW')


def test_rules_can_be_checked_on_a_part_of_the_table():
    assert [violation.rule for violation in check_rules(select('cofw'))] == ['area'] * 2 + ['counting'] * 3
    assert check_rules(_seed_claims()) == []
