from __future__ import annotations

from benchmark.site.pages.markdown import markdown_table
from benchmark.site.tables import NONE, Cell, Column, Line, Table


def _table(*lines: Line, caption: str = 'Faces, inter-ocular, percent', groups=('', 'NME, inter-ocular')) -> Table:
    columns = (Column('Loss', groups[0], numeric=False), Column('full', groups[1]), Column('Status', numeric=False))
    return Table(caption, columns, (lines,))


def test_columns_under_a_shared_heading_say_it_and_what_the_caption_says_is_not_repeated():
    head = str(markdown_table(_table())).splitlines()[2]
    assert head == '| Loss | NME: full | Status |'
    head = str(markdown_table(_table(caption='Faces'))).splitlines()[2]
    assert head == '| Loss | NME, inter-ocular: full | Status |'


def test_best_tie_and_note_are_marked_and_explained():
    line = Line((Cell('a', best=True), Cell('4.05', '8 of 135 images', tie=True), Cell('done')))
    text = str(markdown_table(_table(line)))
    assert '| **a** | 4.05\u00a0† (8 of 135 images) | done |' in text.splitlines()
    assert '†: not shown to differ from the best, which takes three seeds' in text


def test_number_is_not_broken_from_its_deviation_and_interval():
    line = Line((Cell('a b'), Cell('4.05 ± 0.10 [3.9, 4.2]'), Cell('all done')))
    assert '| a b | 4.05\u00a0±\u00a00.10\u00a0\\[3.9,\u00a04.2\\] | all done |' in str(markdown_table(_table(line)))


def test_table_without_marks_has_no_legend():
    assert 'Bold' not in markdown_table(_table(Line((Cell('a'), Cell('1'), Cell('done')))))


def test_only_lines_with_a_result_are_links_and_reasons_stand_last():
    lines = (Line((Cell('x'),), 'failed: |'), Line((Cell('y'), Cell('1'), Cell('done'))))
    text = str(markdown_table(_table(*lines), ['experiments/a b.html'])).splitlines()
    assert text[4:] == [f'| x | {NONE} | *failed: \\|* |', '| [y](experiments/a%20b.html) | 1 | done |']


def test_alignment_is_that_of_the_column():
    assert str(markdown_table(_table())).splitlines()[3] == '| --- | ---: | --- |'
