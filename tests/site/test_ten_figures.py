from __future__ import annotations

import pytest

from benchmark.site.tables import NONE
from benchmark.site.ten_figures import ten_figures

LABELS = ['Figure', 'Published', 'Reproduced', 'Nearest row', 'Measured with']


@pytest.fixture
def figures(sections):
    return lambda: ten_figures(sections())


def _lines(figures):
    labels = [column.label for column in figures.table.columns]
    return [dict(zip(labels, line.cells, strict=True)) for body in figures.table.bodies for line in body]


def test_all_ten_are_there_without_any_record(figures):
    found = figures()
    assert found.count == 10 and found.reproduced == 0
    assert [column.label for column in found.table.columns] == LABELS
    assert [line['Published'].text for line in _lines(found)] == [
        *('4.62', '2.87', '2.52', '4.32', '4.03', '3.50', '6.22', '4.02', '2.32', '60.50')
    ]
    assert {line[label].text for line in _lines(found) for label in ('Reproduced', 'Nearest row')} == {NONE}
    assert set(found.missing) == {'cofw', '300w', 'wflw'}
    assert set(found.missing.values()) == {
        'No run of the official recipe yet: it needs a GPU and the complete data set.'
    }


def test_nearest_row_is_no_reproduction_and_its_departures_are_missing(add_published, figures):
    add_published('cofw', network='ResNet-18', batch=16)
    found = figures()
    line = _lines(found)[0]
    assert found.reproduced == 0
    assert line['Reproduced'].text == NONE != line['Nearest row'].text
    assert line['Measured with'].text == 'STAR, ResNet-18, 256 \u00d7 256, 3 seeds'
    assert found.missing['cofw'] == (
        'No run of the official recipe yet: it needs a GPU and the complete data set. '
        'The nearest row, STAR, ResNet-18, 256 \u00d7 256, 3 seeds, differs: ResNet-18 instead of '
        'Hourglass (4 stacks, AAM); batches of 16 images instead of 32 or 128.'
    )


def test_official_recipe_that_was_run_on_one_seed_is_not_called_missing(add_published, figures):
    add_published('cofw', seeds=1)
    assert figures().missing['cofw'] == (
        'The nearest row, STAR, Hourglass (4 stacks, AAM), 256 \u00d7 256, 1 seed, differs: '
        '1 seed instead of at least 3.'
    )


def test_official_recipe_that_was_run_is_not_called_missing_beside_a_nearer_row(add_published, figures):
    add_published('cofw', seeds=1, train_images=1000, box='detector')
    add_published('cofw', network='ResNet-18', recipe='b')
    assert figures().missing['cofw'].startswith('The nearest row, STAR, ResNet-18, ')


def test_official_recipe_that_failed_is_not_called_missing(factory, figures):
    factory.add('cofw', network='Hourglass (4 stacks, AAM)', status='failed', reason='out of memory')
    assert figures().missing['cofw'] == 'The official recipe failed: out of memory.'


def test_figures_of_the_published_setting_are_reproduced_with_their_difference(add_published, figures):
    add_published('wflw')
    found = figures()
    assert found.reproduced == 3 and 'wflw' not in found.missing
    for line in _lines(found)[-3:]:
        assert line['Reproduced'].text != NONE == line['Nearest row'].text
        assert line['Reproduced'].note.startswith('difference ')


def test_official_weights_reproduce_no_figure_and_have_a_column_of_their_own(add_published, figures):
    add_published('cofw', weights='official weights', boxes='official table')
    found = figures()
    line = _lines(found)[0]
    assert found.reproduced == 0 and 'cofw' in found.missing
    assert line['Reproduced'].text == line['Nearest row'].text == NONE != line['Official weights'].text
    assert line['Official weights'].note.startswith('difference ')


@pytest.mark.parametrize('boxes', [None, 'WFLW rectangles'])
def test_official_weights_in_other_boxes_do_not_appear(add_published, figures, boxes):
    add_published('wflw', weights='official weights', boxes=boxes)
    assert [column.label for column in figures().table.columns] == LABELS


def test_other_weights_do_not_appear(add_published, figures):
    add_published('cofw', weights='given weights')
    assert [column.label for column in figures().table.columns] == LABELS
