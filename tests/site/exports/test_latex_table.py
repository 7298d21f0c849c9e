from __future__ import annotations

import re

import pytest

from benchmark.site.exports.latex_table import latex_table

PARTIAL = {'full': 562, 'common': 554, 'challenge': 8}


def _table(view) -> str:
    return latex_table(view.board, view.analysis)


def _cells(text: str) -> list[list[str]]:
    body = text.split(r'\midrule')[1].split(r'\bottomrule')[0]
    rows = [row.replace(r'\addlinespace', '').strip() for row in body.split('\\\\\n')]
    return [[cell.strip() for cell in re.split(r'(?<!\\)&', row)] for row in rows if row]


def _balanced(text: str) -> bool:
    depth = 0
    for brace in re.findall(r'(?<!\\)(?:\\\\)*([{}])', text):
        depth += {'{': 1, '}': -1}[brace]
        if depth < 0:
            return False
    return depth == 0


def test_rows_with_a_result_stand_in_the_order_of_the_board(filled_views):
    view = filled_views['300w']
    text = _table(view)
    assert [row[1].split('\\')[0] for row in _cells(text)] == ['smooth-L1', 'STAR']
    assert 'NaN' not in text
    assert r'\label{tab:300w}' in text
    assert text.splitlines()[1] == r'\newcommand{\threeHundredWTable}{%' and text.endswith('\\end{table*}}\n')


def test_all_lines_have_as_many_cells_as_the_table_has_columns(filled_views):
    for view in filled_views.values():
        text = _table(view)
        if r'\begin{tabular}' in text:
            columns = re.search(r'\\begin\{tabular\}\{@\{\}([lr]+)@\{\}\}', text)[1]
            assert {len(row) for row in _cells(text)} == {len(columns)}
            spanned = re.search(r'\\toprule\n(.*)\\\\\n\\cmidrule', text)[1]
            widths = [re.match(r' *\\multicolumn\{(\d+)\}', cell) for cell in spanned.split('&')]
            assert sum(int(width[1]) if width else 1 for width in widths) == len(columns)


def test_best_is_bold_and_ties_are_underlined(filled_views):
    view = filled_views['synthetic-68']
    fields = [field for field in view.board.fields if field.essential and field.key != 'status']
    for line, cells in zip(view.board.lines, _cells(_table(view)), strict=True):
        for field, cell in zip(fields, cells, strict=True):
            assert cell.startswith(r'\textbf{') == line.values[field.key].best
            assert cell.startswith(r'\underline{') == line.values[field.key].tie
    assert any(value.best for line in view.board.lines for value in line.values.values())


def test_caption_names_normalizer_and_units(filled_views):
    text = _table(filled_views['300w'])
    caption = re.search(r'\\caption\{(.*)\}\n', text)[1]
    for part in ('300W', 'normalizer inter-ocular', 'in percent', 'percentage points', r'95 \%'):
        assert part in caption


def test_partial_data_is_a_note_of_the_row_and_of_the_cell(factory, view):
    factory.add('300w', sizes=PARTIAL, train_images=2012)
    text = _table(view())
    (cells,) = _cells(text)
    assert cells[1] == r'STAR\textsuperscript{1}'
    assert cells[3].endswith(r'\textsuperscript{2}') and not cells[4].endswith('}\\textsuperscript{2}')
    assert r'\textsuperscript{1}~partial: 2012 of 3148 training, 562 of 689 test images.' in text
    assert r'\textsuperscript{2}~562 of 689 images.' in text and r'\textsuperscript{3}~8 of 135 images.' in text


def test_any_name_becomes_text(factory, view, hostile):
    factory.add('synthetic-29', loss=hostile, name='hostile', network='[red]x', method='*\\input{x}')
    text = _table(view())
    assert text.isascii() and _balanced(text)
    (cells,) = _cells(text)
    assert cells[0] == r'{*}\textbackslash{}input\{x\}'
    assert cells[2].startswith('{[}red{]}x')
    assert r'\texttt{U+4E2D}' in cells[1] and r'\'{e}' in cells[1]
    assert not re.search(r'(?<!\\)[%#]', text.split('{%\n', 1)[1])


def test_older_configuration_is_left_out(factory, view):
    factory.add('synthetic-29', seed=0, version='1', created='2026-11-01T00:00:00Z')
    factory.add('synthetic-29', seed=1, version='2', created='2026-11-02T00:00:00Z')
    assert len(view().board.lines) == 2
    assert len(_cells(_table(view()))) == 1


@pytest.mark.parametrize('status', ['no-data', 'failed'])
def test_without_a_result_there_is_a_comment_alone(factory, view, status):
    factory.add('wflw', status=status, reason='because')
    assert _table(view()) == '% WFLW: no row has a result yet.\n'
