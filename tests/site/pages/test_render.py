from __future__ import annotations

import base64
import collections
import hashlib
import html
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from benchmark import site
from benchmark.analysis.runs import read_runs
from benchmark.analysis.sections import make_sections
from benchmark.analysis.standings import Analysis
from benchmark.analysis.store import Store
from benchmark.site.board import page_links
from benchmark.site.build import build_reports
from benchmark.site.pages import assets, render
from benchmark.site.pages.benchmark_view import BenchmarkView
from benchmark.site.pages.experiment_view import experiment_view
from benchmark.site.pages.index_view import index_view
from benchmark.site.pages.render import (
    Frame,
    render_benchmark,
    render_definitions,
    render_experiment,
    render_index,
)
from benchmark.site.tables import Cell, Column, Line, Table

FOLDER = Path(site.__path__[0])
FRAME = Frame((('Results', 'index.html'), ('300W', '300w.html'), ('Definitions', 'definitions.html')), Path())
EXPORTS = (('CSV', 'exports/300w.csv'),)


class _Elements(HTMLParser):
    """Every element with its name, attributes and text, in the order of their ends."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open, self.found = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        element = (tag, dict(attributes), [])
        if tag in ('meta', 'link', 'input', 'img', 'br'):
            self.found.append(element)
        else:
            self.open.append(element)

    def handle_endtag(self, tag):
        while self.open:
            element = self.open.pop()
            self.found.append(element)
            if self.open:
                self.open[-1][2].extend(element[2])
            if element[0] == tag:
                break

    def handle_data(self, data):
        if self.open:
            self.open[-1][2].append(data)

    def all(self, tag):
        return [(attributes, ' '.join(''.join(text).split())) for name, attributes, text in self.found if name == tag]


def _views(reports):
    store = Store()
    sections = make_sections(read_runs([reports], store))
    links = page_links(sections)
    return {section.benchmark.name: BenchmarkView(Analysis(section, store), links) for section in sections}


@pytest.fixture(scope='module')
def views(filled):
    return _views(filled)


@pytest.fixture(scope='module')
def pages(views, filled):
    frame = Frame(FRAME.pages, filled)
    made = {f'{name}.html': render_benchmark(view, frame, EXPORTS) for name, view in views.items()}
    for view in views.values():
        for row in view.analysis.section.rows:
            found = experiment_view(view.analysis, row, view.links)
            made[view.links[row]] = render_experiment(found, frame, view.links, EXPORTS)
    made['index.html'] = render_index(index_view(tuple(views.values()), ()), frame)
    made['definitions.html'] = render_definitions(frame)
    return made


def _board(page):
    return page[page.index('<table id="board">') : page.index('</table>', page.index('<table id="board">'))]


@pytest.mark.parametrize('name', ['300w', 'synthetic-68', 'synthetic-98'])
def test_leaderboard_holds_every_value_of_every_row(views, pages, name):
    board, view = _Elements(_board(pages[f'{name}.html'])), views[name]
    assert [head['data-key'] for head, _ in board.all('th') if 'data-key' in head] == [
        *(field.key for field in view.board.fields if not field.group),
        *(field.key for field in view.board.fields if field.group),
    ]
    rows = [line for _, line in render._lines(view.board)]
    cells = [cell for cell in board.found if 'data-sort' in cell[1]]
    assert len(cells) == len(rows) * len(view.board.fields)
    for line, values in zip(rows, np.array(cells, dtype=object).reshape(len(rows), -1, 3), strict=True):
        for field, (_, attributes, text) in zip(view.board.fields, values, strict=True):
            value = line.values[field.key]
            assert ' '.join(''.join(text).split()) == f'{value.text} {value.note}'.strip()
            if field.numeric and value.sort is not None:
                assert float(attributes['data-sort']) == value.sort


def test_best_and_tied_values_are_marked(views, pages):
    text = _board(pages['synthetic-68.html'])
    values = [value for line in views['synthetic-68'].board.lines for value in line.values.values()]
    assert text.count('<strong>') == sum(value.best for value in values) > 0
    assert text.count('class="tie"') == sum(value.tie for value in values)


def test_rows_without_a_result_are_last_and_grey_with_their_reason_and_nothing_to_sort_by(pages):
    rows = re.findall(r'<tr data-recipe.*?</tr>', _board(pages['300w.html']), flags=re.DOTALL)
    assert ['missing' in row.split('>')[0] for row in rows] == [False, False, True]
    assert 'failed: loss is NaN in epoch 3' in rows[2]
    assert set(re.findall('data-sort="([^"]*)"', rows[2])) == {''}


def test_page_without_a_result_lists_its_rows_with_their_reasons(views, pages):
    page = _Elements(pages['wflw.html'])
    texts = [text for _, text in page.all('td')]
    for row in views['wflw'].analysis.section.rows:
        assert (views['wflw'].links[row], row.record.loss) in [(link['href'], text) for link, text in page.all('a')]
    folded, *each = [text for text in texts if text.startswith('no-data')]
    assert {folded, *each} == {'no-data: no prepared data in data/wflw'} and len(each) == 2
    assert 'id="board"' not in pages['wflw.html']


def test_filters_are_for_columns_of_several_texts_and_name_the_status_alone(views, pages):
    selects = {
        text.split()[0]: re.findall('<option>(.*?)</option>', select)
        for text, select in re.findall(
            r'<label>(\w+ )<select data-column(.*?)</select>', pages['300w.html'], flags=re.DOTALL
        )
    }
    assert selects == {
        'Loss': ['smooth-L1', 'STAR'],
        'Network': ['Hourglass (4 stacks, AAM)', 'ResNet-18'],
        'Status': ['failed', 'partial'],
    }


def test_names_of_records_are_escaped_wherever_they_stand(pages):
    for name, page in pages.items():
        elements = _Elements(page)
        assert '<b>' not in page
        for attributes, _ in elements.all('script'):
            assert set(attributes) <= {'type', 'id', 'data-root', 'data-scripts'}, name
        own = {assets.head_script(), assets.loader()}
        assert set(re.findall(r'<script(?: data-[^>]*)?>(.*?)</script>', page, flags=re.DOTALL)) == own, name
    shown = _Elements(_board(pages['synthetic-98.html'])).all('th')
    assert '<script>alert(1)</script>' in [text for _, text in shown]


def test_policy_allows_the_scripts_of_the_page_and_no_others(pages):
    for page in pages.values():
        policy = next(meta['content'] for meta, _ in _Elements(page).all('meta') if 'http-equiv' in meta)
        scripts = re.findall(r'<script(?: data-[^>]*)?>(.*?)</script>', page, flags=re.DOTALL)
        expected = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts]
        assert re.findall("'sha256-(.*?)'", policy) == expected
        assert policy.startswith("default-src 'none'")
        assert "'unsafe-inline'" not in policy.split('script-src')[1]


def test_pages_load_the_scripts_that_they_need_with_their_hashes(views, pages):
    files = assets.asset_files()
    for name, page in pages.items():
        (attributes,) = [one for one, _ in _Elements(page).all('script') if 'data-scripts' in one]
        scripts = json.loads(attributes['data-scripts'])
        for path, integrity in scripts:
            digest = hashlib.sha384(files[path].encode()).digest()
            assert integrity == f'sha384-{base64.b64encode(digest).decode()}'
        assert attributes['data-root'] == '../' * name.count('/')
        paths = [path for path, _ in scripts]
        view = views.get(name.removesuffix('.html'))
        if view is not None:
            assert ('assets/board.js' in paths) == ('assets/curves.js' in paths) == view.has_result
        assert paths[0] == 'assets/page.js'


@pytest.mark.parametrize('text', [assets.head_script(), assets.loader()])
def test_scripts_in_the_page_hold_nothing_that_ends_or_hides_them(text):
    assert not re.search('<!--|</?script|//', text, flags=re.IGNORECASE)


def test_configuration_is_shown_line_by_line(views, pages):
    for view in views.values():
        for row in view.analysis.section.rows:
            shown = re.search('<pre tabindex="0">(.*?)</pre>', pages[view.links[row]], flags=re.DOTALL)[1]
            assert html.unescape(shown) == row.record.config


def test_image_errors_are_in_the_page_as_data(views, pages):
    for name, view in views.items():
        found = re.findall(
            r'<script type="application/json"[^>]*>(.*?)</script>', pages[f'{name}.html'], flags=re.DOTALL
        )
        assert [json.loads(text) for text in found] == ([view.payload] if view.has_result else [])


def test_pages_load_nothing_from_elsewhere_and_name_no_other_host(pages):
    for name, page in pages.items():
        without_scripts = re.sub(r'<script.*?</script>', '', page, flags=re.DOTALL)
        root = '../' * name.count('/')
        for source in re.findall(r' src="([^"]*)"', without_scripts):
            assert re.fullmatch(r'figures/[a-z0-9-]+\.svg#[a-z]+', source), name
        assert set(re.findall(r'https?://[^"\s<]*', without_scripts)) <= {
            'http://www.w3.org/2000/svg',
            'http://www.w3.org/1999/xlink',
        }
        assert re.findall(r'<link [^>]*href="([^"]*)"', page) == ['data:,', f'{root}assets/page.css']


def test_a_drawing_is_stored_once(filled, tmp_path):
    shutil.copytree(filled / 'records', tmp_path / 'records')
    found = collections.Counter()
    for path in build_reports(tmp_path).files:
        if path.suffix in ('.html', '.svg'):
            # A group of marks with all its places; contours of few landmarks may be alike by chance.
            found.update(set(re.findall(r'<g id="[^"]*">?.{400,}', path.read_text())))
    assert found and set(found.values()) == {1}


def test_provenance_of_every_seed_is_on_the_page_of_its_row(filled, views, pages):
    for run in read_runs([filled], Store()):
        view = views[run.record.benchmark]
        row = next(row for row in view.analysis.section.rows if run.record in [one.record for one in row.runs])
        page = pages[view.links[row]]
        for fact in (run.record.fingerprint, run.record.recipe, run.record.created, run.path.name):
            assert fact in page
        assert f'href="../records/{run.path.name}"' in page


def test_synthetic_and_real_faces_are_apart_on_the_first_page(pages):
    answers, real, synthetic = re.split('<h2 id="(?:real|synthetic)">', pages['index.html'].partition('<main')[2])
    photographs, drawn = answers.split('On drawn faces, which say nothing about accuracy on photographs:')
    assert 'Synthetic faces, ' not in photographs + real
    assert '300W' not in drawn + synthetic.partition('<section id="absent">')[0]
    assert 'They say nothing about accuracy on photographs' in synthetic


def test_undecided_findings_stand_beside_the_others(views, pages):
    for name, view in views.items():
        for finding in view.findings:
            assert finding.sentence().split('(')[0].strip() in pages[f'{name}.html'].replace('&#39;', "'")


def test_page_of_nothing_tells_the_command_that_fills_it():
    page = render_index(index_view((), ()), FRAME)
    assert 'python -m benchmark.run --all' in page
    assert '<strong>WFLW</strong>' in page


def test_measured_speeds_have_a_part_of_their_own():
    table = Table(
        'Speed of the losses, images a second',
        (Column('Loss', numeric=False), Column('Speed')),
        ((Line((Cell('STAR'), Cell('412'))),),),
    )
    page = render_index(index_view((), (table,)), FRAME)
    part = page[page.index('<section id="speed">') : page.index('<section id="absent">')]
    assert table.caption in part and '412' in part


def test_files_of_others_are_named_with_version_and_licence():
    vendor = FOLDER / 'vendor'
    lines = re.findall(
        r'^\| (\S+) \| (\S+) (\S+) \| \S+ \| (\S+) \|$', (vendor / 'README.md').read_text(), flags=re.MULTILINE
    )
    assert {line[0] for line in lines} == {path.name for path in vendor.iterdir() if path.suffix in ('.js', '.css')}
    for name, _, version, licence in lines:
        assert 'MIT' in (vendor / licence).read_text()
        assert name.endswith('.css') or version in (vendor / name).read_text()[:300]
