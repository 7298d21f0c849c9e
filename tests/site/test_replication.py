from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from benchmark.analysis.rows import TIMES
from benchmark.site.build import build_reports
from benchmark.site.exports.data import sections_data
from benchmark.site.replication import summary_text
from benchmark.site.terminal import print_tables

NEWER = '2026-11-28T10:00:00Z'
SIZE = f'256 {TIMES} 256'


@pytest.fixture
def folders(factory, own):
    """Three published seeds of two losses; STAR came out again, the baseline did not."""
    for loss in ('smooth-L1', 'STAR'):
        for seed in range(3):
            factory.add('synthetic-29', loss, seed, error=0.04 + 0.001 * seed)
        own.add('synthetic-29', loss, 0, error=0.0405 if loss == 'STAR' else 0.09, created=NEWER)
    return [own.reports, factory.reports]


def test_terminal_says_of_each_own_row_whether_it_is_reproduced(folders):
    out = io.StringIO()
    print_tables(folders, Console(file=out, width=200))
    lines = [line.strip() for line in out.getvalue().splitlines()]
    assert [line[:44] for line in lines if ' against ' in line and 'published' in line] == [
        f'smooth-L1, ResNet-18, {SIZE}: differs: NM',
        f'STAR, ResNet-18, {SIZE}: reproduced: NME ',
    ]
    assert sum(line.startswith('STAR (own)') for line in lines) == 1


def test_pages_have_a_table_of_what_was_reproduced(folders, read_markdown):
    build_reports(folders[0], folders)
    for page in ('index.html', 'synthetic-29.html'):
        text = (folders[0] / page).read_text()
        assert '<h2>Reproduced here</h2>' in text
        assert '1 of the 2 rows trained here as published is reproduced.' in ' '.join(text.split())
        assert 'href="experiments/synthetic-29_resnet-18_star-own.html"' in text
    for page in ('README.md', 'synthetic-29.md'):
        tables = read_markdown((folders[0] / page).read_text())
        (lines,) = [lines for caption, lines in tables.items() if caption.startswith('Own results of what is')]
        assert [(line['Loss'], line['Compared over'], line['Result']) for line in lines] == [
            ('smooth-L1', 'seed 0', 'differs'),
            ('STAR', 'seed 0', 'reproduced'),
        ]
    row = (folders[0] / 'experiments' / 'synthetic-29_resnet-18_star-own.html').read_text()
    assert '<h1>STAR (own), ResNet-18' in row
    link = (
        '<a href="../experiments/synthetic-29_resnet-18_star.html">The same experiment is published</a>; reproduced: '
    )
    assert link in ' '.join(row.split())


def test_page_of_an_own_row_follows_the_published_seeds(folders, factory):
    page = folders[0] / 'experiments' / 'synthetic-29_resnet-18_star-own.html'
    build_reports(folders[0], folders)
    before = page.read_text()
    factory.add('synthetic-29', 'STAR', 3, error=0.06)
    build_reports(folders[0], folders)
    assert page.read_text() != before


def test_published_pages_say_nothing_of_reproductions(folders):
    build_reports(folders[1])
    for page in ('index.html', 'synthetic-29.html', 'README.md', 'synthetic-29.md'):
        text = (folders[1] / page).read_text()
        assert 'Reproduced here' not in text.replace('#reproduced-here', '') and '(own)' not in text
    assert json.loads((folders[1] / 'exports' / 'synthetic-29.json').read_text())['replications'] == []


def test_json_has_every_measure_and_tells_own_rows_apart(folders):
    (board,) = sections_data(folders)
    assert [(row['own'], row['values']['loss']['text']) for row in board['rows']] == [
        (False, 'smooth-L1'),
        (False, 'STAR'),
        (True, 'smooth-L1 (own)'),
        (True, 'STAR (own)'),
    ]
    assert {found['own'] for found in board['findings']} == {False, True}
    differs, reproduced = board['replications']
    assert (differs['verdict'], reproduced['verdict']) == ('differs', 'reproduced')
    assert reproduced['seeds'] == [0] and len(reproduced['measures']) == 5
    for one in reproduced['measures']:
        assert one['difference'] == pytest.approx(one['own'] - one['published'], abs=2e-6)
    json.dumps(board, allow_nan=False)


def test_macros_of_published_numbers_keep_their_names_beside_own_ones(folders):
    build_reports(folders[1])
    alone = (folders[1] / 'exports' / 'synthetic-29.tex').read_text()
    build_reports(folders[0], folders)
    beside = (folders[0] / 'exports' / 'synthetic-29.tex').read_text()
    macros = [line for line in alone.splitlines() if line.startswith(r'\newcommand{\star')]
    assert macros and set(macros) <= set(beside.splitlines())
    assert r'\newcommand{\starOwnSyntheticTwentyNineNme}' in beside


def test_registered_rows_say_so(factory, register):
    register('summer', [factory.add('synthetic-29', 'STAR')])
    factory.add('synthetic-29', 'Wing')
    build_reports(factory.reports)
    (board,) = sections_data([factory.reports])
    assert {row['name'].split('_')[-1]: row['values']['status']['text'] for row in board['rows']} == {
        'star': 'done; registered',
        'wing': 'done',
    }
    page = (factory.reports / 'experiments' / 'synthetic-29_resnet-18_star.html').read_text()
    assert 'registered in the plan summer before the first training' in page
    out = io.StringIO()
    print_tables([factory.reports], Console(file=out, width=200))
    assert out.getvalue().count('done, registered') == 1


class _Found:
    def __init__(self, verdict):
        self.verdict, self.holds = verdict, verdict in ('identical', 'reproduced')


@pytest.mark.parametrize(
    ('verdicts', 'text'),
    [
        ([], ''),
        (['identical'], 'The one row trained here as published is reproduced: no difference exceeds what seeds do.'),
        (
            ['identical', 'reproduced'],
            'All 2 rows trained here as published are reproduced: no difference',
        ),
        (['differs', 'differs'], 'None of the 2 rows trained here as published is reproduced.'),
        (['reproduced', 'not judged', 'not comparable'], 'is reproduced: no difference exceeds what seeds do. 2 more '),
        (['not judged'], 'No row that is published, too, can be judged.'),
    ],
)
def test_summary_counts_what_can_be_judged(verdicts, text):
    found = summary_text([_Found(verdict) for verdict in verdicts])
    assert text in found and bool(found) == bool(verdicts)
