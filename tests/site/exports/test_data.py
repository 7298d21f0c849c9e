from __future__ import annotations

import json

import numpy as np
import pytest

from benchmark.analysis.selection import compare_named
from benchmark.errors import UsageError
from benchmark.site.exports.data import comparison_data, json_text, sections_data


@pytest.fixture(scope='module')
def data(filled_views):
    return {name: json.loads(json_text(view)) for name, view in filled_views.items()}


def test_values_carry_what_they_are(data):
    found = data['synthetic-68']
    fields = {field['key']: field for field in found['fields']}
    assert fields['nme.common.inter-ocular'] | {'label': ''} == {
        'key': 'nme.common.inter-ocular',
        'label': '',
        'group': 'NME, inter-ocular',
        'unit': 'percent',
        'better': 'lower',
        'essential': True,
        'numeric': True,
    }
    assert [fields[key]['unit'] for key in ('delta.inter-ocular', 'train_seconds', 'peak_memory_mib', 'loss')] == [
        'percentage points',
        's',
        'MiB',
        '',
    ]
    assert found['normalizers'] == ['inter-ocular', 'inter-pupil']


def test_rows_name_their_records_and_pages(data, filled):
    for found in data.values():
        for row in found['rows']:
            for name in (*row['records'], *row['predictions']):
                assert (filled / 'records' / name).is_file()
            assert row['link'].startswith('experiments/') and row['values'].keys() == {
                f['key'] for f in found['fields']
            }


def test_numbers_have_deviation_interval_and_marks(data):
    rows = {row['values']['loss']['value']: row for row in data['synthetic-68']['rows']}
    star = rows['STAR']['values']['nme.full.inter-ocular']
    assert star['best'] is True and star['deviation'] > 0
    low, high = star['interval']
    assert low < star['value'] < high
    assert rows['STAR']['seeds'] == [0, 1, 2]
    assert 'best' not in rows['smooth-L1']['values']['nme.full.inter-ocular']


def test_findings_are_numbers_and_sentence(data, filled_views):
    (finding,) = data['synthetic-68']['findings']
    assert finding['sentence'] == filled_views['synthetic-68'].findings[0].sentence()
    assert finding['over_seeds'][0] < finding['mean'] < finding['over_seeds'][1]
    assert finding['sign_flip_p'] == 0.25
    found = filled_views['synthetic-68'].findings[0]
    for key in ('over_images', 'over_seeds', 'over_both'):
        assert finding[key] == pytest.approx(getattr(found, key), abs=1e-6)
    assert len({tuple(finding[key]) for key in ('over_images', 'over_seeds', 'over_both')}) == 3
    assert finding['p'] == float(f'{found.p_value:.6g}')
    assert finding['corrected_p'] == float(f'{found.corrected_p:.6g}')
    assert finding['comparisons'] == 1
    assert (finding['decided'], finding['verdict']) == (found.decided, found.verdict)


def test_findings_on_axes_are_numbers_and_sentence(data, filled_views):
    (finding,) = data['synthetic-68']['axis_findings']
    found = filled_views['synthetic-68'].axis_findings[0]
    assert finding['sentence'] == found.sentence() and finding['verdict'] == 'better'
    assert finding['over_seeds'] == pytest.approx(found.over_seeds, abs=1e-6) and finding['mean'] < 0
    assert data['300w']['axis_findings'] == []


def test_measure_of_a_finding_is_named(data):
    (finding,) = data['synthetic-68']['findings']
    assert finding['measure'] == {'subset': 'full', 'normalizer': 'inter-ocular', 'metric': 'nme', 'threshold': None}


def test_row_without_a_result_has_its_reason_and_no_number(data):
    row = next(row for row in data['300w']['rows'] if row['status'] == 'failed')
    assert row['reason'] == 'failed: loss is NaN in epoch 3'
    assert row['values']['nme.full.inter-ocular']['value'] is None


def test_text_is_as_it_is_written(factory, view, hostile):
    factory.add('synthetic-29', loss=hostile, name='hostile')
    (row,) = json.loads(json_text(view()))['rows']
    assert row['values']['loss'] == {'value': hostile, 'text': hostile}


def test_benchmarks_are_chosen_by_name(filled, data):
    assert [one['benchmark']['name'] for one in sections_data([filled], ['wflw', '300w'])] == ['wflw', '300w']
    assert sections_data([filled], ['300w']) == [data['300w']]
    with pytest.raises(UsageError, match='cofw, 300w, wflw'):
        sections_data([filled], ['300-w'])


def test_comparison_is_the_mean_of_the_seeds_differences(filled):
    data = comparison_data(compare_named([filled], 'synthetic-68_resnet-18_star', 'synthetic-68_resnet-18_smooth-l1'))
    first = data['differences'][0]
    assert first['mean'] == pytest.approx(first['row_value']['mean'] - first['reference_value']['mean'], abs=2e-6)
    assert first['seeds'] == [0, 1, 2]
    subsets = {
        (one['measure']['subset'], one['measure']['metric'], one['measure']['normalizer'])
        for one in data['differences']
    }
    assert len(subsets) == 3 * 3 * 2
    assert np.isfinite([one['mean'] for one in data['differences']]).all()
