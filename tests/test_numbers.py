"""Every number in README and docs has a source, and is what the source says, to the digits that are printed.

A number that no sentence of :mod:`tests.number_sources` has is an error, and so is a sentence that the page no longer
has. Code, links and HTML tags hold names, no figures.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction

import pytest

from benchmark.suite.prediction.notes import MEASURED
from tests.number_sources import PAGES, headline, in_given_boxes
from tests.sourcing import ROOT, NoSource

GENERATED = {'docs/definitions.md', 'docs/records.md'}  # test_docs.py compares them with what they are made from
TEXTS = ['README.md', *sorted({f'docs/{path.name}' for path in (ROOT / 'docs').glob('*.md')} - GENERATED)]
# Tables of test_leaderboard_shows_the_stored_numbers and of test_published_figures_are_those_of_the_claims.
TESTED = {
    'README.md': r'(?s)<!-- leaderboard -->(.*?)\n\n',
    'docs/configurations.md': r'(?m)^\| `td-(?:[^|]*\|){4}(.*)$',
}
NOT_PROSE = re.compile(r'(?sm)```.*?```|^    .*?$|`[^`\n]*`|\]\([^)]*\)|</?[a-z!][^>]*>|^\d+\. ')
WORDS = r'ten|eleven|twelve|\w+teen(?:th)?|(?:twen|thir|for|fif|six|seven|eigh|nine)t(?:y|ieth)|hundred|thousand'
NUMBER = re.compile(rf'(?<![\w.@])(?<![A-Za-z]-)\d[\d,.]*(?:e-?\d+)?(?!\w)|\b(?:{WORDS})\b', re.IGNORECASE)
PRINTED = r'(-?\d(?:[\d,./e-]*\d)?(?:(?:\sx\s\d+)+|\s\[[^\]]+\])?)'


def find(text: str, sentence: str) -> list[re.Match]:
    return list(re.finditer(r'\s+'.join(re.escape(word).replace(r'\{\}', PRINTED) for word in sentence.split()), text))


def agrees(printed: str, source: float | str | NoSource) -> bool:
    """Whether a number is that of its source: the same text, or the same value to the digits that are printed."""
    if isinstance(source, str):
        return ' '.join(printed.split()) == source
    if isinstance(source, NoSource) or re.search('[e/]', printed):
        return isinstance(source, NoSource) or math.isclose(Fraction(printed), source)
    return printed.replace(',', '') == f'{source:.{len(printed.partition(".")[2])}f}'


def without_source(page: str, text: str) -> list[str]:
    """The numbers of a page that no sentence has, each with its line."""
    found = [one for sentence, *_ in PAGES.get(page, tuple)() for one in find(text, sentence)]
    found += re.finditer(TESTED[page], text) if page in TESTED else ()
    spans = [one.span(group) for one in found for group in range(1, one.re.groups + 1)]
    prose = NOT_PROSE.sub(lambda one: re.sub(r'\S', ' ', one[0]), text)
    numbers = [one for one in NUMBER.finditer(prose) if not any(a <= one.start() < b for a, b in spans)]
    return [f'{page}:{text.count(chr(10), 0, one.start()) + 1}: {one[0]}' for one in numbers]


@pytest.mark.parametrize('page', PAGES)
def test_numbers_are_those_of_their_sources(page):
    text, wrong = (ROOT / page).read_text(), []
    for sentence, *values in PAGES[page]():
        printed = [one.groups() for one in find(text, sentence)]
        if not printed or not all(agrees(*pair) for one in printed for pair in zip(one, values, strict=True)):
            wrong.append(f'{sentence!r} reads {printed}, of its sources {values}')
    assert wrong == []


@pytest.mark.parametrize('page', TEXTS)
def test_every_number_has_a_source(page):
    text = (ROOT / page).read_text()
    assert without_source(page, text) == [], 'say in tests/number_sources.py where these numbers come from'
    assert len(without_source(page, f'{text}\nIt takes 7 or twelve times as long, 1.25 [1.0, 2.0].')) == 5


def test_prediction_warns_with_what_was_measured():
    usual, detected, _ = in_given_boxes()
    assert tuple(round(headline(one), 2) for one in (usual, detected)) == MEASURED
