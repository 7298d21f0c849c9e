from __future__ import annotations

import io
import re

import pytest
from rich.console import Console
from rich.text import Text

from benchmark.console.columns import empty_table, fitted, wrapped

NAMES = ('td-softargmax_hg4-attn-star_32b-500e_300w-256x256', 'Hourglass (1 stack, AAM), 64\u00d764', 'STAR')


def printed(width, shown):
    stream = io.StringIO()
    Console(file=stream, width=width).print(shown, overflow='ignore', crop=False)
    return stream.getvalue()


@pytest.fixture
def table():
    made = empty_table()
    made.add_column('Network')
    for heading in ('NME', 'FR\n@10', 'Interval'):
        made.add_column(Text(heading), justify='right', no_wrap=True)
    for name in NAMES[1:]:
        made.add_row(Text(name), '5.74\n± 0.08', '6.53', '[\u22120.30, +0.06]')
    return made


@pytest.mark.parametrize(
    ('width', 'left_out'),
    [(42, []), (41, ['FR @10']), (36, ['FR @10']), (35, ['FR @10', 'Interval']), (5, ['FR @10', 'Interval'])],
)
def test_least_important_columns_go_first_and_are_named(table, width, left_out):
    text = ' '.join(printed(width, fitted(table, width, ['FR @10', 'no such column', 'Interval'])).split())
    headings = text.split('Hourglass')[0]
    assert [one for one in ('FR @10', 'Interval') if one.split()[0] not in headings] == left_out
    named = re.search(r'no room in \d+ columns for: (.*) \(widen', text)
    assert (named[1].split(', ') if named else []) == left_out


@pytest.mark.parametrize('width', range(5, 100, 5))
def test_no_word_and_no_number_is_broken_at_any_width(table, width):
    text = printed(width, fitted(table, width, ['Interval', 'FR @10']))
    for word in (*' '.join(NAMES[1:]).split(), '± 0.08', 'NME'):
        assert word in text
    assert '…' not in text
    assert ('[\u22120.30, +0.06]' in text) == ('Interval' in text.split('STAR')[0])
    if width >= 30:
        assert max(map(len, text.splitlines())) <= width


def test_room_that_is_left_goes_to_who_lacks_it(table):
    assert NAMES[1] in printed(80, fitted(table, 80, []))


@pytest.mark.parametrize('width', [1, 20, 50, 80])
def test_line_is_broken_between_words_alone(width):
    line = f'  {NAMES[0]}: partial: 2012 of 3148 training images'
    text = printed(width, wrapped(Text(line), width))
    assert text.split() == line.split() and text.startswith(f'  {NAMES[0]}')
    assert all(len(one.split()) == 1 or len(one) <= width for one in text.splitlines())
