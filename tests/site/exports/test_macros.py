from __future__ import annotations

import re

import numpy as np
import pytest

from benchmark.site.exports.macros import latex_macros, row_names, words

PARTIAL = {'full': 562, 'common': 554, 'challenge': 8}


def _macros(text: str) -> dict[str, str]:
    found = re.findall(r'\\newcommand\{\\([^}]*)\}\{([^}]*)\}', text)
    names = [name for name, _ in found]
    assert len(names) == len(set(names)) == text.count('\\newcommand')
    assert all(re.fullmatch('[a-z][A-Za-z]*', name) for name in names)
    return dict(found)


def test_headline_number_has_the_shortest_name(factory, view):
    factory.add('wflw')
    predictions = view().analysis.section.rows[0].done[0].read_predictions()
    nme = 100 * predictions.mean_distance / predictions.inter_ocular
    pupil = 100 * predictions.mean_distance / predictions.inter_pupil
    macros = _macros(latex_macros(view().analysis))
    assert macros['starWflwNme'] == f'{nme.mean():.2f}'
    assert macros['starWflwFr'] == f'{100 * (nme > 10).mean():.2f}'
    assert macros['starWflwFrEight'] == f'{100 * (nme > 8).mean():.2f}'
    assert macros['starWflwAuc'] == f'{100 * np.maximum(0, 1 - nme / 10).mean():.2f}'
    assert macros['starWflwNmeInterPupil'] == f'{pupil.mean():.2f}'
    assert macros['starWflwImages'] == '2500' and macros['starWflwSeeds'] == '1'
    assert float(macros['starWflwNmeLow']) < nme.mean() < float(macros['starWflwNmeHigh'])
    assert {'starWflwNmeMakeUp', 'starWflwNmePoseInterPupil'} < macros.keys()
    assert not any('Deviation' in name for name in macros)


def test_several_seeds_have_deviations_and_differences(filled_views):
    analysis = filled_views['synthetic-68'].analysis
    macros = _macros(latex_macros(analysis))
    star = next(row for row in analysis.section.rows if row.is_star)
    measure = analysis.measures[0]
    means = [run.digest.values[measure.key] for run in star.done]
    assert macros['starSyntheticSixtyEightNmeDeviation'] == f'{np.std(means, ddof=1):.2f}'
    (difference,) = analysis.star_differences(measure)
    assert macros['starSyntheticSixtyEightNmeDelta'] == f'{difference.mean:.2f}'
    assert macros['starSyntheticSixtyEightNmeDeltaHigh'] == f'{difference.over_both[1]:.2f}'
    assert macros['starSyntheticSixtyEightNmeDeltaP'] == f'{difference.corrected_p:.2g}'


def test_network_joins_the_name_only_where_it_is_needed(factory, view):
    factory.add('300w', network='ResNet-18')
    factory.add('300w', network='Hourglass (4 stacks, AAM)')
    factory.add('300w', loss='smooth-L1', network='ResNet-18')
    names = {name.split('ThreeHundredW')[0] for name in _macros(latex_macros(view().analysis))}
    assert names == {'starResNetEighteen', 'starHourglassFourStacksAam', 'smoothLOne'}


def test_rows_that_differ_in_nothing_readable_still_have_names_of_their_own(factory, view):
    for recipe in 'abc':
        factory.add('synthetic-29', recipe=recipe, name=f'row-{"*" * ord(recipe)}')
    factory.add('synthetic-29', loss='\u4e2d', name='\u4e2d')
    names = row_names(view().analysis.section.rows)
    assert len(set(names.values())) == 4
    assert all(re.fullmatch('[a-z][A-Za-z]+', name) for name in names.values())


def test_no_name_begins_as_latex_reserves_it(factory, view):
    factory.add('synthetic-29', loss='end-to-end')
    assert set(row_names(view().analysis.section.rows).values()) == {'rowEndToEnd'}


def test_name_does_not_depend_on_other_rows_once_it_is_unique(factory, view):
    factory.add('300w', network='ResNet-18')
    before = _macros(latex_macros(view().analysis))
    factory.add('300w', loss='Wing', network='ResNet-50', recipe='b')
    after = _macros(latex_macros(view().analysis))
    assert before.items() < after.items()


def test_comment_says_which_number_it_is_and_where_it_comes_from(factory, view):
    record = factory.add('300w', sizes=PARTIAL, train_images=2012)
    text = latex_macros(view().analysis)
    line = next(line for line in text.splitlines() if '\\starThreeHundredWNmeCommon}' in line)
    assert line.endswith('% NME, common, inter-ocular')
    assert f'% STAR, ResNet-18, 256 \u00d7 256: {record.name}, seed 0' in text.splitlines()
    assert f'% record {record.file_name}' in text.splitlines()
    assert '% partial: 2012 of 3148 training, 562 of 689 test images' in text.splitlines()


def test_names_never_leave_their_comment(factory, view, hostile):
    factory.add('synthetic-29', loss=f'{hostile}^^M\\input{{x}}', name='a^^Mb')
    lines = latex_macros(view().analysis).splitlines()
    assert all(line.startswith(('%', '\\newcommand{')) or not line for line in lines)
    assert all(
        re.match(r'(\\newcommand\{\\[a-zA-Z]+\}\{-?[0-9.e-]+\})+%', line) for line in lines if '\\newcommand' in line
    )


def test_older_configurations_and_missing_results_have_no_macros(factory, view):
    factory.add('synthetic-29', seed=0, version='1', created='2026-11-01T00:00:00Z')
    factory.add('synthetic-29', seed=1, version='2', status='failed', reason='x', created='2026-11-02T00:00:00Z')
    text = latex_macros(view().analysis)
    assert '\\newcommand' not in text and text.endswith('% No row has a result yet.\n')


@pytest.mark.parametrize(
    ('text', 'spelled'),
    [
        ('300w', 'ThreeHundredW'),
        ('COFW', 'Cofw'),
        ('0', 'Zero'),
        ('13', 'Thirteen'),
        ('20', 'Twenty'),
        ('256', 'TwoHundredFiftySix'),
        ('100', 'OneHundred'),
        ('101', 'OneHundredOne'),
        ('1024', 'OneZeroTwoFour'),
        ('007', 'ZeroZeroSeven'),
        ('HRNetV2-W18', 'HRNetVTwoWEighteen'),
    ],
)
def test_numbers_are_spelled(text, spelled):
    assert words(text) == spelled
