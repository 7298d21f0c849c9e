from __future__ import annotations

import re
from urllib.parse import unquote

import numpy as np
import pytest
from markdown_it import MarkdownIt

from benchmark.analysis.rows import TIMES
from benchmark.analysis.runs import read_runs
from benchmark.analysis.sections import make_sections
from benchmark.analysis.standings import Analysis
from benchmark.analysis.store import Store
from benchmark.site.board import page_links
from benchmark.site.exports import export_links
from benchmark.site.pages.benchmark_view import BenchmarkView
from benchmark.site.pages.index_view import index_view
from benchmark.site.pages.markdown import render_markdown_benchmark, render_markdown_index
from benchmark.site.pages.render import Frame
from benchmark.site.tables import NONE, Cell, Column, Line, Table

HEADLINE = '300W, inter-ocular, percent'
SYNTHETIC = 'Synthetic faces, 68 landmarks, inter-ocular, percent'


def _views(reports):
    store = Store()
    sections = make_sections(read_runs([reports], store))
    links = page_links(sections)
    return {section.benchmark.name: BenchmarkView(Analysis(section, store), links) for section in sections}


def _page(view, folder):
    return render_markdown_benchmark(view, Frame((), folder), export_links(view.benchmark))


@pytest.fixture(scope='module')
def views(filled):
    return _views(filled)


@pytest.fixture(scope='module')
def pages(views, filled):
    return {name: _page(view, filled) for name, view in views.items()}


@pytest.fixture(scope='module')
def index(views):
    return render_markdown_index(index_view(list(views.values()), ()))


@pytest.fixture(scope='module')
def tables(pages, read_markdown):
    """Lines of every table of the benchmarks' pages, by caption; links are reduced to their text."""
    found = {}
    for text in pages.values():
        text = text.replace('\u00a0', ' ')
        found |= read_markdown(re.sub(r'\[((?:\\.|[^][\\])*)\]\([^)]*\)', r'\1', text))
    return found


def _row(views, benchmark, loss):
    return next(row for row in views[benchmark].analysis.section.rows if row.record.loss == loss and row.done)


def _errors(row, subset, distance):
    """NME of each image, one array per seed, computed without the package's metrics."""
    found = []
    for run in row.done:
        predictions = run.read_predictions()
        member = predictions.subsets[:, predictions.subset_names.tolist().index(subset)]
        mean = predictions.mean_distance
        found.append(100 * (mean / getattr(predictions, distance))[member])
    return found


def _marked(text):
    return text.strip('*').replace(' †', '').replace('**', '')


@pytest.mark.parametrize('loss', ['smooth-L1', 'STAR'])
@pytest.mark.parametrize(
    ('caption', 'distance'), [(HEADLINE, 'inter_ocular'), ('300W, inter-pupil, percent', 'inter_pupil')]
)
def test_accuracy_is_computed_from_the_predictions(views, tables, loss, caption, distance):
    row = _row(views, '300w', loss)
    line = {head: _marked(text) for head, text in next(x for x in tables[caption] if x['Loss'] == loss).items()}
    for subset, note in (('full', ' (562 of 689 images)'), ('common', ''), ('challenge', ' (8 of 135 images)')):
        (errors,) = _errors(row, subset, distance)
        assert line[f'NME: {subset}'] == f'{errors.mean():.2f}{note}'
    (errors,) = _errors(row, 'full', distance)
    for threshold in (8, 10):
        area = np.maximum(0, 1 - errors / threshold).mean()
        assert line[f'full: FR@{threshold}'] == f'{100 * (errors > threshold).mean():.2f}'
        assert line[f'full: AUC@{threshold}'] == f'{100 * area:.2f}'
    assert line['Status'] == 'partial: 2012 of 3148 training, 562 of 689 test images'


def test_several_seeds_show_mean_and_deviation(views, tables):
    line = next(line for line in tables[SYNTHETIC] if line['Loss'] == 'STAR')
    means = [errors.mean() for errors in _errors(_row(views, 'synthetic-68', 'STAR'), 'common', 'inter_ocular')]
    assert len(means) == 3
    assert _marked(line['NME: common']) == f'{np.mean(means):.2f} ± {np.std(means, ddof=1):.2f}'
    assert line['Seeds'] == '3'


def test_difference_to_the_baseline_stands_in_the_row(views, tables):
    baseline, star = tables[HEADLINE][:2]
    (ours,), (theirs,) = (_errors(_row(views, '300w', loss), 'full', 'inter_ocular') for loss in ('STAR', 'smooth-L1'))
    label = 'full NME: Δ to smooth-L1 [95 %]'
    assert baseline[label] == NONE
    assert star[label].startswith(f'{ours.mean() - theirs.mean():+.2f} ['.replace('-', '\u2212'))


def test_rows_without_a_result_keep_their_line_with_the_reason_and_no_number(tables):
    line = tables[HEADLINE][2]
    assert line['Network'] == 'Hourglass (4 stacks, AAM)'
    assert line['Status'] == '*failed: loss is NaN in epoch 3*'
    assert {text for label, text in line.items() if label not in ('Loss', 'Network', 'Input', 'Status')} == {NONE}


def test_rows_that_lack_the_same_share_a_line_that_names_them_all(tables, pages):
    (line,) = tables['WFLW, inter-ocular, percent']
    assert line['Loss'] == 'smooth-L1, STAR'
    assert line['Status'] == '*no-data: no prepared data in data/wflw*'
    assert 'No prepared data yet. Get WFLW' in pages['wflw']


def test_index_names_rows_without_a_result_with_their_reason(index):
    assert f'- STAR, Hourglass (4 stacks, AAM), 256 {TIMES} 256: failed: loss is NaN in epoch 3\n' in index
    assert f'- smooth-L1, STAR, ResNet-18, 256 {TIMES} 256: no-data: no prepared data in data/wflw\n' in index


def test_best_and_tie_are_marked(views, tables):
    marks = {}
    for line in views['synthetic-68'].board.lines:
        value = line.values['nme.full.inter-ocular']
        marks[line.row.record.loss] = (value.best, value.tie)
    for line in tables[SYNTHETIC]:
        text = line['NME: full']
        assert (text.startswith('**'), text.endswith('†')) == marks[line['Loss']]
    assert (True, False) in marks.values()


def test_agreement_with_the_true_ambiguity_is_the_median_angle(views, tables):
    caption = 'Synthetic faces, 68 landmarks: main axis of the predicted heatmap against the true ambiguity'
    lines = {line['Loss']: line for line in tables[caption]}
    medians = []
    for run in _row(views, 'synthetic-68', 'STAR').done:
        predictions = run.read_predictions()
        full = [
            np.stack([c[..., [0, 1]], c[..., [1, 2]]], -1) for c in (predictions.covariances, predictions.ambiguity)
        ]
        first, second = (np.linalg.eigh(c.astype(float))[1][..., 1] for c in full)
        medians.append(np.median(np.degrees(np.arccos(np.minimum(1, np.abs((first * second).sum(-1)))))))
    mean, deviation = (float(text) for text in lines['STAR']['Median angle, degrees'].split(' ± '))
    assert mean == pytest.approx(np.mean(medians), abs=0.011)
    assert deviation == pytest.approx(np.std(medians, ddof=1), abs=0.011)
    assert lines['chance']['Median angle, degrees'] == '45.00'


def test_findings_are_the_sentences_of_the_differences(views, pages, index):
    for name, view in views.items():
        for found in view.findings:
            shown = re.sub(r'\\(.)', r'\1', pages[name] + index)
            assert shown.count(f'{found.row.network}: {found.sentence()}\n') == 2


def test_synthetic_and_real_faces_never_share_a_table(index, pages, read_markdown):
    answers, real, synthetic = re.split(r'\n## (?:Real|Synthetic) faces\n', index)
    photographs, drawn = answers.split('\nOn drawn faces, which say nothing about accuracy on photographs:\n')
    assert 'Synthetic faces, ' not in photographs + real
    assert '300W' not in drawn + synthetic.split('\n## Not run')[0]
    assert synthetic.split('\n## Not run')[0].count('never compared with real benchmarks') == 1
    for name, text in pages.items():
        assert ('drawn by this package' in text) == name.startswith('synthetic')
        assert all(caption.startswith(text.splitlines()[0][2:].split(' (')[0]) for caption in read_markdown(text))


def test_index_is_short_and_says_what_was_not_run(index):
    assert len(index.splitlines()) < 160
    assert '- **COFW**: Get COFW' in index
    assert '**300W, inter-ocular, full test set, percent**' in index


def test_empty_folder_says_what_to_run():
    text = render_markdown_index(index_view([], ()))
    assert 'Nothing has been run yet' in text and 'python -m benchmark.run --all' in text
    assert text.count('- **') == 6


def test_measured_speeds_have_their_table(read_markdown):
    speed = Table(
        'STAR loss, CPU', (Column('Size', numeric=False), Column('ms')), ((Line((Cell('32 x 98'), Cell('88'))),),)
    )
    text = render_markdown_index(index_view([], (speed,)))
    assert read_markdown(text)['STAR loss, CPU'] == [{'Size': '32 x 98', 'ms': '88'}]


def test_links_lead_to_pages_figures_records_and_exports(views, pages, index, filled):
    known = {'README.md', 'index.html', 'errata.md', 'definitions.html'}
    for name, view in views.items():
        known |= {f'{name}.html', f'{name}.md', *view.links.values()}
        known |= {path for _, path in export_links(view.benchmark)}
        known |= {view.sheet_path}
        known |= {path.relative_to(filled).as_posix() for path in (filled / 'records').iterdir()}
    linked = set()
    for text in (*pages.values(), index):
        targets = {unquote(target) for target in re.findall(r'(?<!\\)\]\(([^)]*)\)', text)}
        assert targets <= known
        linked |= targets
    for view in views.values():
        assert set(view.links.values()) <= linked
        assert (view.sheet_path in linked) == view.has_result


def test_every_record_is_named(pages, views):
    for name, view in views.items():
        for row in view.analysis.section.rows:
            for run in row.runs:
                assert run.path.name in re.sub(r'\\(.)', r'\1', pages[name])


def test_hostile_names_are_shown_as_written(pages, index, tables):
    for text in (pages['synthetic-98'], index):
        assert '<script' not in text and '<b>' not in text
    assert '<script>alert(1)</script>' in [
        line['Loss'] for line in tables['Synthetic faces, 98 landmarks, inter-ocular, percent']
    ]


def test_a_reader_of_markdown_sees_names_as_they_are_written(factory):
    name = '*a* _b_ `c` [d](http://x) <b>e</b> | ~~f~~ # $g$ &amp; \\'
    factory.add('synthetic-29', loss=name, name='hostile', network=name)
    (view,) = _views(factory.reports).values()
    parse = MarkdownIt('commonmark').enable(['table', 'strikethrough'])
    for text in (_page(view, factory.reports), render_markdown_index(index_view([view], ()))):
        shown = []
        for token in parse.parse(text):
            if token.type == 'inline':
                shown.append(
                    ''.join(child.content for child in token.children if child.type in ('text', 'text_special'))
                )
        assert name in shown
        assert 'http://x' not in [
            child.attrs.get('href')
            for t in parse.parse(text)
            for child in t.children or ()
            if child.type == 'link_open'
        ]


def test_details_are_separated_from_their_tables_by_blank_lines(pages, index):
    """Without them a code host shows the table's source."""
    for text in (*pages.values(), index):
        lines = text.splitlines()
        for number, line in enumerate(lines):
            if line.startswith('<summary>'):
                assert lines[number - 1] == '<details>' and lines[number + 1] == ''
            if line == '</details>':
                assert lines[number - 1] == ''
        assert text.count('<details>') == text.count('</details>')
